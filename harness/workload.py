"""Workloads: which operations clients perform, as values, and the generator that deals them out.

Invariants: no clock, no I/O; every value written to a key, every element added to a set and every text put
into a file is unique to that key; a key is retired after `ops_per_key` operations, and where the workload
says so after some whose outcome is unknown, so that no key's history outgrows what a checker decides in a
moment. A key's first letter says what it is.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from systems.api import Invocation

Mix = Mapping[str, float]
_FILES = ("a", "b", "c", "d")
_DELTAS = (-2, -1, 1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Workload:
    """A named mix of operations. kinds: the first letter of a key -> the operations on such keys, with their
    weights; new keys take the letters in turn. model: the checker's model that says what is linearizable.
    ops_per_key: after how many operations a key is retired, if nothing else is asked for. unknown_per_key:
    the same of operations whose outcome is unknown; 0: however many there are.
    """

    name: str
    help: str
    kinds: Mapping[str, Mix]
    model: str | None
    ops_per_key: int = 100
    unknown_per_key: int = 0

    @property
    def mix(self) -> Mix:
        """Every operation, with its share of all."""
        shares: dict[str, float] = {}
        for mix in self.kinds.values():
            for f, weight in mix.items():
                shares[f] = shares.get(f, 0.0) + weight / len(self.kinds)
        return shares


_REGISTER = MappingProxyType({"read": 0.5, "write": 0.5})
_CAS = MappingProxyType({"read": 0.4, "write": 0.3, "cas": 0.3})
_DELETABLE = MappingProxyType({"read": 0.45, "write": 0.35, "delete": 0.2})
_SET = MappingProxyType({"read": 0.4, "add": 0.4, "remove": 0.2})
_COUNTER = MappingProxyType({"read": 0.4, "increment": 0.6})
_TREE = MappingProxyType(
    {"read": 0.35, "write": 0.2, "append": 0.15, "rename": 0.1, "remove": 0.08, "list": 0.12}
)

WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        workload.name: workload
        for workload in (
            Workload(
                "register",
                "reads and writes of single registers; linearizable as registers",
                {"k": _REGISTER},
                "register",
            ),
            Workload(
                "cas-register",
                "reads, writes and compare-and-sets of single registers; linearizable as registers",
                {"k": _CAS},
                "cas-register",
            ),
            Workload(
                "deletable-register", "reads, writes and deletes of single registers", {"k": _DELETABLE}, None
            ),
            Workload("set", "additions, removals and reads of sets", {"s": _SET}, None),
            Workload(
                "counter", "increments (also by less than 0) and reads of counters", {"c": _COUNTER}, None
            ),
            Workload(
                "replicated-types",
                "registers, sets and counters, as the workloads of these names have them",
                {"r": _REGISTER, "s": _SET, "c": _COUNTER},
                None,
            ),
            Workload(
                "files",
                "files of small trees: read, write, append, rename, remove, list; linearizable as trees",
                {"t": _TREE},
                "files",
                ops_per_key=40,
                unknown_per_key=3,  # each of them doubles the trees there may be, and their order counts
            ),
        )
    }
)


class _Key:
    """One key in use: how many operations it has had, how many of them with an unknown outcome, and the last
    values that were written to it.
    """

    __slots__ = ("name", "next_value", "recent", "unknown", "used")

    def __init__(self, name: str) -> None:
        self.name = name
        self.used = 0
        self.unknown = 0
        self.next_value = 1
        self.recent: list[Any] = [None]

    def fresh(self) -> int:
        value = self.next_value
        self.next_value += 1
        self.recent.append(value)
        del self.recent[:-3]
        return value


class Generator:
    """Deals out operations of a workload over `keys` keys at a time."""

    def __init__(self, workload: Workload, rng: random.Random, *, keys: int, ops_per_key: int) -> None:
        self._letters = tuple(workload.kinds)
        self._mixes = {letter: (tuple(m), tuple(m.values())) for letter, m in workload.kinds.items()}
        self._rng = rng
        self._ops_per_key = ops_per_key
        self._unknown_per_key = workload.unknown_per_key
        self._born: list[str] = []
        self._keys = [self._new_key() for _ in range(keys)]

    @property
    def born(self) -> tuple[str, ...]:
        """Every key there was, in order of first use."""
        return tuple(self._born)

    def _new_key(self) -> _Key:
        letter = self._letters[len(self._born) % len(self._letters)]
        self._born.append(f"{letter}{len(self._born) + 1}")
        return _Key(self._born[-1])

    def unknown(self, name: str) -> None:
        """An operation on the key `name` ended, and whether it happened will never be known."""
        for slot, key in enumerate(self._keys):
            if key.name == name:
                key.unknown += 1
                if key.unknown == self._unknown_per_key:
                    self._keys[slot] = self._new_key()

    def next(self) -> Invocation:
        """The next operation, whichever client performs it."""
        rng = self._rng
        slot = int(rng.random() * len(self._keys))
        key = self._keys[slot]
        key.used += 1
        if key.used >= self._ops_per_key:
            self._keys[slot] = self._new_key()
        kinds, weights = self._mixes[key.name[0]]
        f = rng.choices(kinds, weights)[0]
        return Invocation(f, key.name, _in_tree(rng, key, f) if key.name[0] == "t" else _input(rng, key, f))


def _input(rng: random.Random, key: _Key, f: str) -> Any:
    """What operation `f` of a register, set or counter is given."""
    match f:
        case "write" | "add":
            return key.fresh()
        case "cas":
            old = rng.choice(key.recent)
            return old, key.fresh()
        case "remove":
            # A removed element is not added again, so that what a late read shows has one meaning.
            return rng.choice([value for value in key.recent if value is not None] or [0])
        case "increment":
            return rng.choice(_DELTAS)
    return None


def _in_tree(rng: random.Random, key: _Key, f: str) -> Any:
    """What operation `f` on a tree of files is given."""
    path = rng.choice(_FILES)
    match f:
        case "write":
            # Some are large enough to travel in parts.
            return path, f"{key.fresh()}." * rng.choice((1, 1, 1, 12))
        case "append":
            return path, f"+{key.fresh()}"
        case "rename":
            return path, rng.choice([other for other in _FILES if other != path])
        case "list":
            return None
    return path
