"""What the nodes of a primary-backup tell each other and write down, in all modes.

Clients send the commands of the state machine as they are. Each union holds the Structs of all modes, told
apart by their tags, so a shell needs one `message_type` and one `record_type`. Those with the log in them are generic in the
type of the commands that change something; bare, that is Any.
"""

from __future__ import annotations

from typing import Any, Generic

import msgspec
from typing_extensions import TypeVar

from systems import kv
from systems.machine import Kind, Types

Change = TypeVar("Change", default=Any)

# Mode async: copies of a state, numbered within an epoch.


class Beat(msgspec.Struct, frozen=True, tag="beat", array_like=True):
    """The sender is the primary of `epoch` and has performed `sequence` changes."""

    epoch: int
    sequence: int


class Copy(msgspec.Struct, frozen=True, tag="copy", array_like=True):
    """Change number `sequence` of the primary of `epoch`."""

    epoch: int
    sequence: int
    command: kv.Change


class Pull(msgspec.Struct, frozen=True, tag="pull", array_like=True):
    """Send me your whole state."""

    epoch: int


class State(msgspec.Struct, frozen=True, tag="state", array_like=True):
    """The whole state of the primary of `epoch` after `sequence` changes."""

    epoch: int
    sequence: int
    values: dict[str, kv.Value]


class Epoch(msgspec.Struct, frozen=True, tag="epoch", array_like=True):
    """Record: `primary` rules in `epoch`."""

    epoch: int
    primary: str


class Changed(msgspec.Struct, frozen=True, tag="changed", array_like=True):
    """Record: `command` was performed as change number `sequence`."""

    sequence: int
    command: kv.Change


class Replaced(msgspec.Struct, frozen=True, tag="replaced", array_like=True):
    """Record: the whole state was replaced."""

    sequence: int
    values: dict[str, kv.Value]


# Modes sync and chain: an operation log, with epochs granted by a majority.


class Barrier(msgspec.Struct, frozen=True, tag="barrier", array_like=True):
    """The first entry of every epoch: once it is durable, so is all that was inherited."""


class Entry(msgspec.Struct, Generic[Change], frozen=True, array_like=True):
    """One place of the operation log: `operation`, ordered by the primary of `epoch`."""

    epoch: int
    operation: Barrier | Change


class Bid(msgspec.Struct, frozen=True, tag="bid", array_like=True):
    """Grant me `epoch`; my log has `length` entries, the last one of `last_epoch` (0 for none)."""

    epoch: int
    last_epoch: int
    length: int


class Grant(msgspec.Struct, frozen=True, tag="grant", array_like=True):
    """The answer to a bid; `epoch` is the voter's own."""

    epoch: int
    granted: bool


class Replicate(msgspec.Struct, Generic[Change], frozen=True, tag="replicate", array_like=True):
    """`entries` follow the first `prev` entries, the last of which is of `prev_epoch`.

    Also heartbeat and confirmation: `round` is the primary's latest read round, `committed` how many
    entries are durable.
    """

    epoch: int
    prev: int
    prev_epoch: int
    entries: tuple[Entry[Change], ...]
    committed: int
    round: int


class Stored(msgspec.Struct, frozen=True, tag="stored", array_like=True):
    """Echoes `round`. ok: the first `length` entries agree with the primary's and are on disk.

    Else the primary should go on behind the first `length` entries.
    """

    epoch: int
    ok: bool
    length: int
    round: int


class Promise(msgspec.Struct, frozen=True, tag="promise", array_like=True):
    """Record: the highest epoch known, and the candidate it was granted to."""

    epoch: int
    candidate: str | None


class Logged(msgspec.Struct, Generic[Change], frozen=True, tag="logged", array_like=True):
    """Record: behind the first `after` entries the log goes on with `entries`; what stood there is gone."""

    after: int
    entries: tuple[Entry[Change], ...]


# Mode chain: who stands where, and what has come to the end.


class Configure(msgspec.Struct, frozen=True, tag="configure", array_like=True):
    """The chain of `epoch`, head first. Also the head's heartbeat, to everyone."""

    epoch: int
    chain: tuple[str, ...]


class Present(msgspec.Struct, frozen=True, tag="present", array_like=True):
    """The answer to that: the first `length` entries of the sender's log are the head's; 0 if it cannot tell."""

    epoch: int
    length: int


class Arrived(msgspec.Struct, frozen=True, tag="arrived", array_like=True):
    """The tail has the first `length` entries, so all of the chain has."""

    epoch: int
    length: int


class Confirm(msgspec.Struct, frozen=True, tag="confirm", array_like=True):
    """Does `epoch` still stand? Asked by its tail, in round `round`."""

    epoch: int
    round: int


class Confirmed(msgspec.Struct, frozen=True, tag="confirmed", array_like=True):
    """It does if `epoch` is the one that was asked about; it is the sender's own."""

    epoch: int
    round: int


class Started(msgspec.Struct, frozen=True, tag="started", array_like=True):
    """Record: the node was started for the `incarnation`th time."""

    incarnation: int


Message = (
    Beat
    | Copy
    | Pull
    | State
    | Bid
    | Grant
    | Replicate[Change]
    | Stored
    | Configure
    | Present
    | Arrived
    | Confirm
    | Confirmed
)
Record = Epoch | Changed | Replaced | Promise | Logged[Change] | Started


def types_of(kind: Kind) -> Types:
    """The vocabularies with the commands of `kind` in them."""
    message: Any = Message
    record: Any = Record
    return Types(message[kind.changes], record[kind.changes], kind.changes | kind.reads)
