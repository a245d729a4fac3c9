"""One object's history as the kernel takes it: times, types of operations, and what each type does.

Invariants: integers only; the question is the same whatever the model was; `Alphabet.step` is asked only for
types that are no guards, and is a pure function of its two numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from checkers.history import OPEN_NS
from checkers.lincheck import jit
from checkers.lincheck.kernel.memory import (
    ASSIGN_ROW,
    EXPECT_ROW,
    FORBID_ROW,
    KIND_ROW,
    NONE,
    OBSERVER,
    OTHER,
    RESET,
)

Column = NDArray[np.int64]


class Alphabet(Protocol):
    """What the types of operations do. States are numbers from 0.

    guards: shape (5, T): kind (see `kernel.memory`), expect, forbid, assign, twins (0, or for types of which
    all operations are ghosts GHOSTS or GHOSTS + 1). states: how many there are, if
    every type is a guard; else 0, and `step` is asked.
    """

    @property
    def guards(self) -> Column:
        """Shape (5, T)."""

    @property
    def states(self) -> int:
        """How many, or 0."""

    @property
    def initial(self) -> int:
        """The state before the first operation."""

    def step(self, state: int, kind: int) -> int:
        """The state after an operation of type `kind`; negative if it is illegal."""


@dataclass(frozen=True, slots=True)
class Question:
    """n operations in order of call. `ret` is OPEN_NS for those that never returned."""

    call: Column
    ret: Column
    types: Column
    alphabet: Alphabet

    def take(self, kept: Sequence[int]) -> Question:
        """The question about some of the operations (rising positions)."""
        rows = np.asarray(kept, dtype=np.int64)
        return Question(self.call[rows], self.ret[rows], self.types[rows], self.alphabet)

    def required(self) -> NDArray[np.bool_]:
        """Which operations returned."""
        found: NDArray[np.bool_] = self.ret != OPEN_NS
        return found


@dataclass(frozen=True, slots=True)
class Guards:
    """An alphabet of guards alone (see `checkers.lincheck.model.Guard`). codes: what the caller called each
    state, None if just so.
    """

    guards: Column
    states: int
    initial: int
    codes: Column | None = None

    def step(self, state: int, kind: int) -> int:
        """Never asked: every type is a guard."""
        raise AssertionError(f"type {kind} is a guard (state {state})")


@dataclass(frozen=True, slots=True)
class Tabled:
    """An alphabet of guards and of types whose transitions stand in a table that is complete: those types are
    legal everywhere.

    entries: keys and values by turns (see `kernel.memory`). rest: the state after what is not among them.
    """

    guards: Column
    initial: int
    entries: Column
    rest: int

    @property
    def states(self) -> int:
        """See `Alphabet.states`: not every type is a guard."""
        return 0

    def step(self, state: int, kind: int) -> int:
        """Never asked: the table is complete."""
        raise AssertionError(f"type {kind} stands in the table (state {state})")


def guard_question(
    call: Column, ret: Column, expect: Column, forbid: Column, assign: Column, initial: int
) -> Question:
    """The question about operations that compare and set, each given by its own guard (n each; -1 for ANY).

    States are non-negative numbers, small ones preferably. Operations with equal guards become one type.
    Raises ValueError if `call` does not rise.
    """
    if (call[1:] < call[:-1]).any():
        raise ValueError("operations must be in order of call")
    columns = np.array((expect, forbid, assign))
    states = max(int(columns.max(initial=0)), initial) + 1
    named = None
    if states > 4 * len(call) + 1000:
        values, codes = np.unique(np.append(columns[columns >= 0], initial), return_inverse=True)
        columns[columns >= 0] = codes[:-1]
        initial, states, named = int(codes[-1]), len(values), values
    first, types = _types(columns, states)
    guards = np.zeros((5, len(first)), np.int64)
    guards[1:4] = columns[:, first]
    sets = guards[ASSIGN_ROW] != NONE
    guards[KIND_ROW] = OBSERVER
    guards[KIND_ROW, sets] = OTHER
    guards[KIND_ROW, sets & (guards[EXPECT_ROW] == NONE) & (guards[FORBID_ROW] == NONE)] = RESET
    return Question(call, ret, types, Guards(guards, states, initial, named))


def _types(columns: Column, states: int) -> tuple[Column, Column]:
    """Operations with equal columns are of one type, numbered as they come: the first operation of each type,
    the type of each operation. columns: shape (3, n), from -1 to states - 1.
    """
    n = columns.shape[1]
    if jit.is_compiled():
        firsts, types = np.empty(n, np.int64), np.empty(n, np.int64)
        heads = np.zeros(1 << (2 * n).bit_length(), np.int64)
        count = jit.compiled().number_types(*columns, heads, firsts, types)
        return firsts[:count], types
    key = (columns[0] + 1) * (states + 1) + columns[1] + 1
    if states < 2**20:
        key = key * (states + 1) + columns[2] + 1
        _, first, types = np.unique(key, return_index=True, return_inverse=True)
    else:
        rows = np.stack((key, columns[2]))
        _, first, types = np.unique(rows, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order].astype(np.int64), rank[types].astype(np.int64)
