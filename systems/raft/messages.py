"""What Raft's clients ask, what its nodes tell each other, and what they write down.

Three vocabularies, each a union of tagged msgspec Structs that a shell can carry:
- `Command` (client to node): `Register`, `Do`, `Query`; sessions are those of Ongaro's thesis, section 6.3.
- `Message` (node to node): the two RPCs of Ongaro & Ousterhout 2014, figure 2, as one-way messages.
- `Record` (node to disk): `HardState` and `Append`.

Where they carry a command of the state machine they are generic in its type; bare, that is Any. `types_of`
gives the three as a shell carries them for one kind of machine.

Invariants: frozen; indices start at 1 and index 0 with term 0 stands for "before the log".
"""

from __future__ import annotations

from typing import Any, Generic

import msgspec
from typing_extensions import TypeVar

from systems.machine import Kind, Types

Change = TypeVar("Change", default=Any)
Asked = TypeVar("Asked", default=Any)


class Register(msgspec.Struct, frozen=True, tag="register", array_like=True):
    """Open a session; the answer is `Ok(session)`, an int. Harmless to repeat."""


class Do(msgspec.Struct, Generic[Change], frozen=True, tag="do", array_like=True):
    """Perform `command` once, however often it is sent with this `session` and `sequence` (1, 2, 3, ...)."""

    session: int
    sequence: int
    command: Change


class Query(msgspec.Struct, Generic[Asked], frozen=True, tag="query", array_like=True):
    """Read without a log entry (ReadIndex); needs no session, since repeating it changes nothing."""

    command: Asked


class Noop(msgspec.Struct, frozen=True, tag="noop", array_like=True):
    """The entry that a leader writes first in its term (paper, section 8)."""


Command = Register | Do[Change] | Query[Asked]
Logged = Noop | Register | Do[Change]


class Entry(msgspec.Struct, Generic[Change], frozen=True, array_like=True):
    """One slot of the log: `command`, received by the leader of `term`."""

    term: int
    command: Noop | Register | Do[Change]


class Vote(msgspec.Struct, frozen=True, tag="vote", array_like=True):
    """RequestVote. `pre`: only asks whether a vote would be granted in `term` (thesis, section 9.6)."""

    term: int
    last_index: int
    last_term: int
    pre: bool


class VoteReply(msgspec.Struct, frozen=True, tag="voted", array_like=True):
    """`term` is the voter's own, but the term asked about when a pre-vote is granted."""

    term: int
    granted: bool
    pre: bool


class AppendEntries(msgspec.Struct, Generic[Change], frozen=True, tag="append", array_like=True):
    """AppendEntries, heartbeat (no entries) and read confirmation in one.

    `round`: the leader's latest read round.
    """

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry[Change], ...]
    commit: int
    round: int


class AppendReply(msgspec.Struct, frozen=True, tag="appended", array_like=True):
    """Echoes `round`. Success: the logs agree up to `index`.

    Else the hint of the paper, end of section 5.3: `index` is the first index of `conflict_term`, the
    follower's term at the place in question, or one past its last entry (with `conflict_term` 0) where it
    has none there.
    """

    term: int
    success: bool
    index: int
    conflict_term: int
    round: int


Message = Vote | VoteReply | AppendEntries[Change] | AppendReply


class HardState(msgspec.Struct, frozen=True, tag="hard_state", array_like=True):
    """The latest term seen, and the candidate voted for in it."""

    term: int
    vote: str | None


class Append(msgspec.Struct, Generic[Change], frozen=True, tag="append", array_like=True):
    """The log from `first_index` on is `entries`, and whatever stood there before is gone."""

    first_index: int
    entries: tuple[Entry[Change], ...]


Record = HardState | Append[Change]


def types_of(kind: Kind) -> Types:
    """The vocabularies with the commands of `kind` in them."""
    message: Any = Message
    record: Any = Record
    command: Any = Command
    return Types(message[kind.changes], record[kind.changes], command[kind.changes, kind.reads])
