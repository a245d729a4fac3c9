"""What clients ask of an active-active node, and what nodes tell each other and write down.

Every change of a node becomes one `Update` and the next number in that node's own log; the pair (node,
number) names it everywhere, and of an add it is the unique tag (the dot). Registers, sets and counters are
three namespaces: the same key may be one of each.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from systems.kv import Value

Element = int | str


class Timestamp(NamedTuple):
    """Of a write: the hybrid clock's wall part in ns, its counter, and the node; compared in this order."""

    wall: int
    counter: int
    node: str


NEVER = Timestamp(0, 0, "")  # before every write


class Dot(NamedTuple):
    """The update number `sequence` (from 1 on) of `origin`."""

    origin: str
    sequence: int


# Commands of clients.


class RegisterRead(msgspec.Struct, frozen=True, tag="register_read", array_like=True):
    """Answer: Ok([value, wall, counter, node]), the newest write that the node knows; [None, 0, 0, ""] if
    there is none.
    """

    key: str


class RegisterWrite(msgspec.Struct, frozen=True, tag="register_write", array_like=True):
    """Set `key` to `value`. seen_wall, seen_counter: the newest timestamp that the client has seen, which
    this write's is to be above. Answer: Ok([wall, counter, node]), the write's timestamp.
    """

    key: str
    value: Value
    seen_wall: int = 0
    seen_counter: int = 0


class SetAdd(msgspec.Struct, frozen=True, tag="set_add", array_like=True):
    """Answer: Ok(None)."""

    key: str
    element: Element


class SetRemove(msgspec.Struct, frozen=True, tag="set_remove", array_like=True):
    """Take away every add of `element` that the node knows. Answer: Ok(whether there was one)."""

    key: str
    element: Element


class SetRead(msgspec.Struct, frozen=True, tag="set_read", array_like=True):
    """Answer: Ok(the elements as a list, numbers before strings, each sorted)."""

    key: str


class CounterAdd(msgspec.Struct, frozen=True, tag="counter_add", array_like=True):
    """Add `amount`, which may be negative. Answer: Ok(None)."""

    key: str
    amount: int


class CounterRead(msgspec.Struct, frozen=True, tag="counter_read", array_like=True):
    """Answer: Ok(the sum of all amounts that the node knows of)."""

    key: str


Command = RegisterRead | RegisterWrite | SetAdd | SetRemove | SetRead | CounterAdd | CounterRead

# Updates.


class Put(msgspec.Struct, frozen=True, tag="put", array_like=True):
    """The register `key` was set; the timestamp's node is the origin."""

    key: str
    value: Value
    wall: int
    counter: int


class Added(msgspec.Struct, frozen=True, tag="added", array_like=True):
    """`element` was added to the set `key`, under the update's own dot."""

    key: str
    element: Element


class Removed(msgspec.Struct, frozen=True, tag="removed", array_like=True):
    """The adds `dots` of `element`, and no others, were taken away."""

    key: str
    element: Element
    dots: tuple[Dot, ...]


class Counted(msgspec.Struct, frozen=True, tag="counted", array_like=True):
    """What the origin has added to the counter `key` in all (`up`), and subtracted (`down`)."""

    key: str
    up: int
    down: int


Update = Put | Added | Removed | Counted

# Between nodes.


class Push(msgspec.Struct, frozen=True, tag="push", array_like=True):
    """The sender's own updates from number `first` on."""

    first: int
    updates: tuple[Update, ...]


class Ack(msgspec.Struct, frozen=True, tag="ack", array_like=True):
    """The sender has the receiver's updates up to number `upto` on its disk."""

    upto: int


Message = Push | Ack

# Records.


class Stored(msgspec.Struct, frozen=True, tag="stored", array_like=True):
    """The updates of `origin` from number `first` on are known here."""

    origin: str
    first: int
    updates: tuple[Update, ...]


class Tagged(msgspec.Struct, frozen=True, array_like=True):
    """An element of a set, and the adds that hold it there."""

    element: Element
    dots: tuple[Dot, ...]


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A register's value, and when it was written."""

    value: Value
    at: Timestamp


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot", array_like=True):
    """All that a node knows, in place of the records before.

    received: origin -> how many of its updates are in here. early: adds that were removed before they came.
    counters: key -> origin -> (up, down). acknowledged, log: how many of the own updates every peer has, and
    those behind them.
    """

    clock: tuple[int, int]
    received: dict[str, int]
    registers: dict[str, Held]
    sets: dict[str, tuple[Tagged, ...]]
    early: tuple[Dot, ...]
    counters: dict[str, dict[str, tuple[int, int]]]
    acknowledged: int
    log: tuple[Update, ...]


Record = Stored | Snapshot
