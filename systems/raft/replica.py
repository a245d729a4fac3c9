"""What every Raft server has whatever its role (figure 2): term, vote, log, commit index, state machine.

Laws:
- Every message leaves through `send`, every answer through `reply`; both write a changed term or vote down
  first, and log entries are written down where they are appended. So nothing is told that a crash could
  take back.
- The commit index is volatile: a restarted node starts at 0 and learns it again from a leader.
- What is committed is applied at once, so "applied" and "committed" are one index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from systems import kv
from systems.core import CoreConfig, Outbox
from systems.machine import REGISTERS, Kind
from systems.raft.log import Log
from systems.raft.messages import Append, AppendEntries, AppendReply, Entry, HardState, Record
from systems.raft.options import Options
from systems.raft.sessions import Machine


class Replica(Outbox):
    """The state common to all roles, and the list of effects of the step under way."""

    def __init__(self, config: CoreConfig, records: Sequence[Record], kind: Kind = REGISTERS) -> None:
        super().__init__()
        self.config = config
        self.options = Options.of(config)
        self.term = 0
        self.vote: str | None = None
        self.log = Log()
        self.commit = 0
        self._kind = kind
        self.machine = Machine(kind.make(config.options), once=self.options.bug != "no-session")
        self._unsaved = False
        for record in records:
            match record:
                case HardState(term, vote):
                    self.term, self.vote = term, vote
                case Append(first, entries):
                    self.log.replace_from(first, entries)

    def adopt(self, term: int, vote: str | None) -> None:
        """Enter `term`, or vote in it; written down before the next message."""
        if (term, vote) != (self.term, self.vote):
            self.term, self.vote = term, vote
            self._unsaved = True

    def append(self, first: int, entries: tuple[Entry, ...]) -> None:
        """Write `entries` at `first`, in memory and on disk.

        The term goes first: no entry may outlive its term.
        """
        self.save()
        self.log.replace_from(first, entries)
        self.persist(Append(first, entries))

    def accept(self, message: AppendEntries) -> AppendReply:
        """The receiver's part of AppendEntries (figure 2, steps 2 to 5), the message being of this term."""
        prev = message.prev_index
        held = self.log.term_at(prev)
        if held != message.prev_term:
            first = self.log.last_index + 1 if held is None else self.log.first_of_term_at(prev)
            return AppendReply(self.term, False, first, held or 0, message.round)
        for offset, entry in enumerate(message.entries):
            if self.log.term_at(prev + 1 + offset) != entry.term:
                self.append(prev + 1 + offset, message.entries[offset:])
                break
        last_new = prev + len(message.entries)
        for _ in self.apply_up_to(min(message.commit, last_new)):
            pass  # only the node that took a request answers it
        return AppendReply(self.term, True, last_new, 0, message.round)

    def batch(self, first: int) -> tuple[Entry, ...]:
        """The entries from `first` on that go into one message."""
        entries = self.log.tail(first, self.options.batch)
        if self._kind.weigh is None:
            return entries
        return entries[: self._kind.fitting(getattr(entry.command, "command", None) for entry in entries)]

    def apply_up_to(self, commit: int) -> Iterator[tuple[int, kv.Result]]:
        """Raise the commit index to `commit` (never lower it).

        Index and answer of each entry that this applies.
        """
        while self.commit < commit:
            self.commit += 1
            yield self.commit, self.machine.apply(self.commit, self.log.entry(self.commit).command)

    def is_up_to_date(self, last_index: int, last_term: int) -> bool:
        """Whether a log that ends so is at least as up-to-date as this one (section 5.4.1)."""
        return (last_term, last_index) >= (self.log.last_term, self.log.last_index)

    def save(self) -> None:
        """Write the promise down, if it is new."""
        if self._unsaved:
            self._unsaved = False
            vote = None if self.options.bug == "no-vote-persist" else self.vote
            self.persist(HardState(self.term, vote))
