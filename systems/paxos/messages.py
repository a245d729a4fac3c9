"""What the nodes of Multi-Paxos tell each other and write down. Clients send the commands of `systems.kv`.

The names are those of "Paxos Made Simple" (Lamport 2001): phase 1 is `Prepare` and `Promise`, phase 2
`Accept` and `Accepted`. Slots are numbered from 1.

Law: a value belongs to a slot and a ballot; a ballot is used by one proposer, which proposes one value per
slot in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from systems import kv

BATCH = 256  # most slots in one message


class Ballot(NamedTuple):
    """Ordered by number, then by the name of the node whose ballot it is, so no two nodes share one."""

    number: int
    node: str


ZERO = Ballot(0, "")  # below every ballot there is


def term_of(ballot: Ballot, members: Sequence[str]) -> int:
    """`ballot` as one number: ballots of the same members are ordered as their terms are."""
    if ballot == ZERO:
        return 0
    return ballot.number * len(members) + sorted(members).index(ballot.node)


class Noop(msgspec.Struct, frozen=True, tag="noop", array_like=True):
    """What a new leader proposes in a gap, where nothing may have been chosen."""


Value = Noop | kv.Change


class Vote(msgspec.Struct, frozen=True, array_like=True):
    """An acceptor accepted `value` in `slot` in `ballot`, and nothing there in a higher one so far."""

    slot: int
    ballot: Ballot
    value: Value


class Prepare(msgspec.Struct, frozen=True, tag="prepare", array_like=True):
    """Phase 1a for all slots from `first` on; also asks for the votes from `first` on that did not fit."""

    ballot: Ballot
    first: int


class Promise(msgspec.Struct, frozen=True, tag="promise", array_like=True):
    """Phase 1b: the sender takes part in no ballot below `ballot`; its `votes` in the slots from `first` on.

    next: 0, or the slot from which on it has more votes than fit into a message.
    """

    ballot: Ballot
    first: int
    votes: tuple[Vote, ...]
    next: int


class Accept(msgspec.Struct, frozen=True, tag="accept", array_like=True):
    """Phase 2a for the slots first, first + 1, ...; all slots up to `chosen` are chosen."""

    ballot: Ballot
    first: int
    values: tuple[Value, ...]
    chosen: int


class Accepted(msgspec.Struct, frozen=True, tag="accepted", array_like=True):
    """Phase 2b: the sender voted in `ballot` in `count` slots from `first` on."""

    ballot: Ballot
    first: int
    count: int


class Heartbeat(msgspec.Struct, frozen=True, tag="heartbeat", array_like=True):
    """The leader of `ballot` is there; all slots up to `chosen` are chosen; its read round is `round`."""

    ballot: Ballot
    chosen: int
    round: int


class Obeyed(msgspec.Struct, frozen=True, tag="obeyed", array_like=True):
    """The answer to a heartbeat: when it came, the sender had promised nothing above `ballot`."""

    ballot: Ballot
    round: int


class Preempted(msgspec.Struct, frozen=True, tag="preempted", array_like=True):
    """The answer to every message of a ballot below `ballot`, which the sender has promised."""

    ballot: Ballot


class Learn(msgspec.Struct, frozen=True, tag="learn", array_like=True):
    """Tell me what is chosen from slot `first` on."""

    first: int


class Chosen(msgspec.Struct, frozen=True, tag="chosen", array_like=True):
    """`values` are chosen in the slots from `first` on; the sender knows all slots up to `known`."""

    first: int
    values: tuple[Value, ...]
    known: int


Message = Prepare | Promise | Accept | Accepted | Heartbeat | Obeyed | Preempted | Learn | Chosen


class Promised(msgspec.Struct, frozen=True, tag="promised", array_like=True):
    """Record: nothing below `ballot` is taken part in."""

    ballot: Ballot


class Voted(msgspec.Struct, frozen=True, tag="voted", array_like=True):
    """Record: `values` were accepted in `ballot` in the slots from `first` on; implies the promise."""

    ballot: Ballot
    first: int
    values: tuple[Value, ...]


Record = Promised | Voted
