"""Histories as columns of numbers: those of the shared generator, blocks of them, and reads and writes made
here, because that generator takes too long at ten million operations.

Invariants: a seed gives the same columns everywhere; rows are in order of call; state 0 is nil and the value
v is state v + 1; times are ranks of events, so no two are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from checkers.history import OPEN_NS

Ints = NDArray[np.int64]
NIL = 0  # the state
NONE = -1  # no guard


@dataclass(frozen=True, slots=True)
class Columns:
    """Operations that compare and set, shape (n,) each, -1 for no guard (see `question.guard_question`)."""

    call: Ints
    ret: Ints
    expect: Ints
    forbid: Ints
    assign: Ints


@dataclass(frozen=True, slots=True)
class Registers:
    """Reads and writes, shape (n,) each: as `lanes.zones.registers` takes them."""

    call: Ints
    ret: Ints
    writes: NDArray[np.bool_]
    value: Ints


def columns_of(rows: Ints) -> Columns:
    """The generator's array (see there) as guards. A failed cas saw that the register held something else."""
    rows = rows[np.argsort(rows[:, 6], kind="stable")]
    f, one, two, seen, ok = (rows[:, i] for i in range(1, 6))
    swapped, refused = (f == 2) & (ok != 0), (f == 2) & (ok == 0)
    expect = np.where(f == 0, seen + 1, np.where(swapped, one + 1, NONE))
    assign = np.where(f == 1, one + 1, np.where(swapped, two + 1, NONE))
    ret = np.where(rows[:, 7] < 0, OPEN_NS, rows[:, 7])
    return Columns(rows[:, 6].copy(), ret, expect, np.where(refused, one + 1, NONE), assign)


def joined(blocks: Sequence[Columns]) -> Columns:
    """The blocks one after the other, with a write of nil in between; legal exactly if each block is, because
    each starts from nil, alone. Raises ValueError if an operation of a block never returns.
    """
    parts: list[Columns] = []
    now = 0
    for block in blocks:
        end = int(block.ret.max()) + 1
        if end > OPEN_NS - now:
            raise ValueError("an operation of the block never returns")
        if parts:
            none = np.array([NONE], np.int64)
            parts.append(Columns(np.array([now]), np.array([now + 1]), none, none, np.array([NIL])))
            now += 2
        parts.append(Columns(block.call + now, block.ret + now, block.expect, block.forbid, block.assign))
        now += end
    names = [field.name for field in fields(Columns)]
    return Columns(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def registers(ops: int, clients: int, bad: bool, seed: int) -> Registers:
    """Reads and writes as a coin falls, every written value new, timed as by the shared generator, without a
    loop. bad: one read near the end gives a value that had been overwritten before it began.

    Raises ValueError if there is no place for that (some tens of operations per client are enough).
    """
    rng = np.random.default_rng(seed)
    each = -(-ops // clients)
    took = rng.exponential(1.0, (clients, each)) + 0.05
    end = np.cumsum(took + rng.exponential(0.25, (clients, each)), axis=1)
    call, ret = (end - took).ravel(), end.ravel()
    kept = np.argsort(call, kind="stable")[:ops]
    call, ret = call[kept], ret[kept]
    writes = rng.random(ops) < 0.5
    order = np.argsort(call + (ret - call) * rng.random(ops), kind="stable")
    value = np.empty(ops, np.int64)
    value[order] = np.cumsum(writes[order])  # a read has the value of the last write before it, 0 for nil
    rank = np.empty(2 * ops, np.int64)
    rank[np.argsort(np.concatenate((call, ret)), kind="stable")] = np.arange(2 * ops)
    made = Registers(rank[:ops], rank[ops:], writes, value)
    if bad:
        _plant_stale_read(made)
    return made


def _plant_stale_read(made: Registers) -> None:
    """A write returned, then another was called and returned, then a read is called: it gives the first."""
    reads = np.flatnonzero(~made.writes)
    read = int(reads[int(len(reads) * 0.99)])
    before = np.flatnonzero(made.writes & (made.ret < made.call[read]))
    if not len(before):
        raise ValueError("no write returned before the read")
    second = int(before[made.call[before].argmax()])
    first = np.flatnonzero(made.writes & (made.ret < made.call[second]))
    if not len(first):
        raise ValueError("no write returned before the second write")
    made.value[read] = made.value[int(first[made.ret[first].argmax()])]
