"""What Raft's clients ask, what its nodes tell each other, and what they write down.

Three vocabularies, each a union of tagged msgspec Structs that a shell can carry:
- `Command` (client to node): `Register`, `Do`, `Query`; sessions are those of Ongaro's thesis, section 6.3.
- `Message` (node to node): the two RPCs of Ongaro & Ousterhout 2014, figure 2, as one-way messages.
- `Record` (node to disk): `HardState` and `Append`.

Invariants: frozen; indices start at 1 and index 0 with term 0 stands for "before the log".
"""

from __future__ import annotations

import msgspec

from systems import kv


class Register(msgspec.Struct, frozen=True, tag="register", array_like=True):
    """Open a session; the answer is `Ok(session)`, an int. Harmless to repeat."""


class Do(msgspec.Struct, frozen=True, tag="do", array_like=True):
    """Perform `command` once, however often it is sent with this `session` and `sequence` (1, 2, 3, ...)."""

    session: int
    sequence: int
    command: kv.Write | kv.Cas


class Query(msgspec.Struct, frozen=True, tag="query", array_like=True):
    """Read without a log entry (ReadIndex); needs no session, since repeating it changes nothing."""

    command: kv.Read


class Noop(msgspec.Struct, frozen=True, tag="noop", array_like=True):
    """The entry that a leader writes first in its term (paper, section 8)."""


Command = Register | Do | Query
Logged = Noop | Register | Do


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One slot of the log: `command`, received by the leader of `term`."""

    term: int
    command: Logged


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


class AppendEntries(msgspec.Struct, frozen=True, tag="append", array_like=True):
    """AppendEntries, heartbeat (no entries) and read confirmation in one.

    `round`: the leader's latest read round.
    """

    term: int
    prev_index: int
    prev_term: int
    entries: tuple[Entry, ...]
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


Message = Vote | VoteReply | AppendEntries | AppendReply


class HardState(msgspec.Struct, frozen=True, tag="hard_state", array_like=True):
    """The latest term seen, and the candidate voted for in it."""

    term: int
    vote: str | None


class Append(msgspec.Struct, frozen=True, tag="append", array_like=True):
    """The log from `first_index` on is `entries`, and whatever stood there before is gone."""

    first_index: int
    entries: tuple[Entry, ...]


Record = HardState | Append
