"""Workloads: which operations clients perform, as values, and the generator that deals them out.

Invariants: no clock, no I/O; every value written to a key is unique to that key; a key is retired after
`ops_per_key` operations, so that no key's history outgrows what a checker decides in a moment.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from systems.api import Invocation


@dataclass(frozen=True, slots=True)
class Workload:
    """A named mix of operations. `model` is the checker's model that says what is right."""

    name: str
    help: str
    mix: Mapping[str, float]
    model: str


WORKLOADS: Mapping[str, Workload] = MappingProxyType(
    {
        "register": Workload(
            "register",
            "reads and writes of single registers; linearizable as registers",
            MappingProxyType({"read": 0.5, "write": 0.5}),
            "register",
        ),
        "cas-register": Workload(
            "cas-register",
            "reads, writes and compare-and-sets of single registers; linearizable as registers",
            MappingProxyType({"read": 0.4, "write": 0.3, "cas": 0.3}),
            "cas-register",
        ),
    }
)


class _Key:
    """One key in use: how many operations it has had, and the last values that were written to it."""

    __slots__ = ("name", "next_value", "recent", "used")

    def __init__(self, name: str) -> None:
        self.name = name
        self.used = 0
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
        self._kinds = tuple(workload.mix)
        self._weights = tuple(workload.mix.values())
        self._rng = rng
        self._ops_per_key = ops_per_key
        self._born = 0
        self._keys = [self._new_key() for _ in range(keys)]

    def _new_key(self) -> _Key:
        self._born += 1
        return _Key(f"k{self._born}")

    def next(self) -> Invocation:
        """The next operation, whichever client performs it."""
        rng = self._rng
        slot = int(rng.random() * len(self._keys))
        key = self._keys[slot]
        key.used += 1
        if key.used >= self._ops_per_key:
            self._keys[slot] = self._new_key()
        kind = rng.choices(self._kinds, self._weights)[0]
        if kind == "read":
            return Invocation("read", key.name)
        if kind == "write":
            return Invocation("write", key.name, key.fresh())
        old = rng.choice(key.recent)
        return Invocation("cas", key.name, (old, key.fresh()))
