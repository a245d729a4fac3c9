"""What Raft replicates: a state machine, and the sessions that make a command happen once (thesis, 6.3).

Invariants: deterministic, so every node that applied the same log prefix holds the same sessions and
state; at most `MAX_SESSIONS` sessions, the one whose last command lies furthest back in the log goes
first. A client has one command under way at a time, so the last answer of a session is all that can be
asked for again.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from systems import kv
from systems.machine import REGISTERS, StateMachine
from systems.raft.messages import Do, Logged, Members, Noop, Query, Register

MAX_SESSIONS = 4096
EXPIRED = kv.Refused("session expired")

Dump = tuple[bytes, list[tuple[int, int, kv.Result]]]  # the store's, and (session, last sequence, its answer)


class Machine:
    """State of one replica. `once` False plants the bug `no-session`."""

    def __init__(self, store: StateMachine | None = None, *, once: bool = True) -> None:
        """`store`: an empty one; registers if it is not given."""
        self.store = store or REGISTERS.make({})
        self.sessions: OrderedDict[int, tuple[int, kv.Result]] = OrderedDict()
        self._once = once

    def apply(self, index: int, command: Logged) -> kv.Result:
        """Perform the command committed at `index`."""
        match command:
            case Noop():
                return kv.Ok()
            case Members(names):
                return kv.Ok(list(names))
            case Register():
                return self._register(index)
            case Do():
                return self._do(command)

    def read(self, query: Query) -> kv.Ok:
        """The value now."""
        return self.store.apply(query.command)

    def dump(self) -> bytes:
        """State and sessions, for a snapshot (thesis, section 6.3: sessions belong to it)."""
        held = [(session, last, answer) for session, (last, answer) in self.sessions.items()]
        return msgspec.msgpack.encode((self.store.dump(), held))

    def load(self, dump: bytes) -> None:
        """Hold what `dump` gave, and nothing else."""
        store, held = msgspec.msgpack.decode(dump, type=Dump)
        self.store.load(store)
        self.sessions = OrderedDict((session, (last, answer)) for session, last, answer in held)

    def _register(self, index: int) -> kv.Ok:
        self.sessions[index] = (0, kv.Ok())
        if len(self.sessions) > MAX_SESSIONS:
            self.sessions.popitem(last=False)
        return kv.Ok(index)

    def _do(self, command: Do) -> kv.Result:
        held = self.sessions.get(command.session)
        if held is None:
            return EXPIRED
        self.sessions.move_to_end(command.session)
        last, answer = held
        if self._once and command.sequence == last:
            return answer
        if self._once and command.sequence < last:
            # Its client went on long ago. Whether it was applied is no longer known, but it must not be
            # applied now.
            return kv.Uncertain(
                f"sequence {command.sequence} is older than {last}, the last one of its session"
            )
        answer = self.store.apply(command.command)
        self.sessions[command.session] = (command.sequence, answer)
        return answer
