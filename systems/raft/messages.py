"""What Raft's clients ask, what its nodes tell each other, and what they write down.

Three vocabularies, each a union of tagged msgspec Structs that a shell can carry:
- `Command` (client to node): `Register`, `Do`, `Query` (sessions are those of Ongaro's thesis, section 6.3),
  and for the administration `Transfer` and `ChangeMembers`.
- `Message` (node to node): the RPCs of Ongaro & Ousterhout 2014, figures 2 and 13, as one-way messages, and
  `TimeoutNow` (thesis, section 3.10).
- `Record` (node to disk): `HardState`, `Append` and `Snapshot`.

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


class Transfer(msgspec.Struct, frozen=True, tag="transfer", array_like=True):
    """Hand leadership over to `target`, None: to whoever is furthest (thesis, section 3.10). The answer is
    `Ok(target)` once the leader has stepped down for it.
    """

    target: str | None = None


class ChangeMembers(msgspec.Struct, frozen=True, tag="change_members", array_like=True):
    """`action` "add" or "remove": the node `node` shall belong to the cluster, or shall not (thesis, section
    4.1). The answer is `Ok(names of the members)`. Harmless to repeat.
    """

    action: str
    node: str


class Noop(msgspec.Struct, frozen=True, tag="noop", array_like=True):
    """The entry that a leader writes first in its term (paper, section 8)."""


class Members(msgspec.Struct, frozen=True, tag="members", array_like=True):
    """The entry that makes `names` the cluster's configuration (thesis, section 4.1)."""

    names: tuple[str, ...]


Command = Register | Do[Change] | Query[Asked] | Transfer | ChangeMembers
Logged = Noop | Register | Do[Change] | Members


class Entry(msgspec.Struct, Generic[Change], frozen=True, array_like=True):
    """One slot of the log: `command`, received by the leader of `term`."""

    term: int
    command: Noop | Register | Do[Change] | Members


class Vote(msgspec.Struct, frozen=True, tag="vote", array_like=True):
    """RequestVote. `pre`: only asks whether a vote would be granted in `term` (thesis, section 9.6). forced:
    the leader itself wants this election (3.10), so hearing from it is no reason to refuse.
    """

    term: int
    last_index: int
    last_term: int
    pre: bool
    forced: bool = False


class VoteReply(msgspec.Struct, frozen=True, tag="voted", array_like=True):
    """`term` is the voter's own, but the term asked about when a pre-vote is granted."""

    term: int
    granted: bool
    pre: bool


class AppendEntries(msgspec.Struct, Generic[Change], frozen=True, tag="append", array_like=True):
    """AppendEntries, heartbeat (no entries) and read confirmation in one.

    `round`: the leader's latest read round. sent_ns: its monotonic clock, for its lease.
    """

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry[Change], ...]
    commit: int
    round: int
    sent_ns: int = 0


class AppendReply(msgspec.Struct, frozen=True, tag="appended", array_like=True):
    """Echoes `round` and `sent_ns`. Success: the logs agree up to `index`.

    Else the hint of the paper, end of section 5.3: `index` is the first index of `conflict_term`, the
    follower's term at the place in question, or one past its last entry (with `conflict_term` 0) where it
    has none there.
    """

    term: int
    success: bool
    index: int
    conflict_term: int
    round: int
    sent_ns: int = 0


class InstallSnapshot(msgspec.Struct, frozen=True, tag="install", array_like=True):
    """One part of the snapshot up to `index` (paper, figure 13); `part` stands at `offset` of `size` bytes.

    `index`, `last_term`, `members`: as in `Snapshot`; the rest as in `AppendEntries`.
    """

    term: int
    index: int
    last_term: int
    members: tuple[str, ...]
    size: int
    offset: int
    part: bytes
    round: int
    sent_ns: int


class SnapshotReply(msgspec.Struct, frozen=True, tag="received", array_like=True):
    """So many bytes of the snapshot up to `index` are there; its last part gets an `AppendReply` instead."""

    term: int
    index: int
    received: int
    round: int
    sent_ns: int


class TimeoutNow(msgspec.Struct, frozen=True, tag="timeout_now", array_like=True):
    """The leader of `term` asks the receiver to stand for election at once (thesis, section 3.10)."""

    term: int


Message = (
    Vote | VoteReply | AppendEntries[Change] | AppendReply | InstallSnapshot | SnapshotReply | TimeoutNow
)


class HardState(msgspec.Struct, frozen=True, tag="hard_state", array_like=True):
    """The latest term seen, and the candidate voted for in it."""

    term: int
    vote: str | None


class Append(msgspec.Struct, Generic[Change], frozen=True, tag="append", array_like=True):
    """The log from `first_index` on is `entries`, and whatever stood there before is gone."""

    first_index: int
    entries: tuple[Entry[Change], ...]


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot", array_like=True):
    """What the log up to `index` came to: `state` is `sessions.Machine.dump()`. term: of the entry at
    `index`; members: the configuration as of it (thesis, section 5.1).
    """

    index: int
    term: int
    members: tuple[str, ...]
    state: bytes


Record = HardState | Append[Change] | Snapshot


def types_of(kind: Kind) -> Types:
    """The vocabularies with the commands of `kind` in them."""
    message: Any = Message
    record: Any = Record
    command: Any = Command
    return Types(message[kind.changes], record[kind.changes], command[kind.changes, kind.reads])
