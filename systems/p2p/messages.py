"""What peers tell each other and write down, in both modes.

Clients send `systems.kv`'s Read and Write, and Delete. Each union holds the Structs of both modes, told apart
by their tags, so a shell needs one `message_type` and one `record_type`.
"""

from __future__ import annotations

import msgspec

from systems import kv


class Delete(msgspec.Struct, frozen=True, tag="delete", array_like=True):
    """Remove `key`; the answer is the value it had, None if none. Mode gossip only."""

    key: str


Command = kv.Read | kv.Write | Delete


# Mode quorum: copies under tags, asked for and stored in rounds.


class Tag(msgspec.Struct, frozen=True, order=True, array_like=True):
    """When a value was written, in the order of the registers: by number, then by writer.

    `boot` counts the writer's starts: two incarnations of one node never give the same tag.
    """

    number: int = 0
    node: str = ""
    boot: int = 0


class Copy(msgspec.Struct, frozen=True, array_like=True):
    """A register as a replica has it; never written: the lowest tag and None."""

    tag: Tag = Tag()
    value: kv.Value = None


class Round(msgspec.Struct, frozen=True, array_like=True):
    """Which question is answered: number `number` of the coordinator's start number `boot`."""

    boot: int
    number: int


class Query(msgspec.Struct, frozen=True, tag="query", array_like=True):
    """What is your copy of `key`?"""

    round: Round
    key: str


class Have(msgspec.Struct, frozen=True, tag="have", array_like=True):
    """My copy, as it is on my disk."""

    round: Round
    copy: Copy


class Store(msgspec.Struct, frozen=True, tag="store", array_like=True):
    """Keep `copy` of `key`, unless yours is newer."""

    round: Round
    key: str
    copy: Copy


class Stored(msgspec.Struct, frozen=True, tag="stored", array_like=True):
    """That copy, or a newer one, is on my disk."""

    round: Round


class Boot(msgspec.Struct, frozen=True, tag="boot", array_like=True):
    """Record: this node has started `number` times."""

    number: int


class Kept(msgspec.Struct, frozen=True, tag="kept", array_like=True):
    """Record: the copy of `key` is `copy` from now on."""

    key: str
    copy: Copy


# Mode gossip: versions under version vectors.

Vector = dict[str, int]  # node -> how many events of it are known; those are its first ones


class Version(msgspec.Struct, frozen=True, array_like=True):
    """A value that was written as event number `count` of `node`. gone: a tombstone, a delete's event."""

    count: int
    node: str
    value: kv.Value = None
    gone: bool = False


class Item(msgspec.Struct, frozen=True, array_like=True):
    """A key as a peer has it: the events it knows of, and of these the versions that no other has seen."""

    known: Vector = {}
    versions: tuple[Version, ...] = ()


class Digest(msgspec.Struct, frozen=True, tag="digest", array_like=True):
    """The events I know of, by key; tell me the rest, and ask for what you lack."""

    known: dict[str, Vector]


class Items(msgspec.Struct, frozen=True, tag="items", array_like=True):
    """What you lack; and the keys of which I lack something."""

    items: dict[str, Item]
    wanted: tuple[str, ...] = ()


class Held(msgspec.Struct, frozen=True, tag="held", array_like=True):
    """Record: the item of `key` is `item` from now on."""

    key: str
    item: Item


Message = Query | Have | Store | Stored | Digest | Items
Record = Boot | Kept | Held
