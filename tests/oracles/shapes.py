"""When operations are called and return: the shapes that a search finds hard.

A plan is a list of slots, one per operation, in no order; what they do is filled in by `generate`.

Invariants: everything from the dice given; times are small integers, so that ties are common, except where
a shape says otherwise; a crashed slot has no end but a horizon.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """Called at `call`, returned at `end` unless crashed. `point`: when it takes effect, between the two
    (crashed: any time after the call; None: never).
    """

    process: int
    call: int
    end: int
    crashed: bool
    point: float | None


def clients(dice: random.Random, count: int) -> list[tuple[int, int]]:
    """A few clients, each waiting for its answer."""
    free = [0] * dice.randint(2, 8)
    gap = dice.choice([0, 1, 3])
    length = dice.choice([2, 5, 12])
    spans = []
    for _ in range(count):
        free.sort()
        call = free[0] + dice.randint(0, gap)
        free[0] = call + dice.randint(0, length)
        spans.append((call, free[0]))
    return spans


def burst(dice: random.Random, count: int) -> list[tuple[int, int]]:
    """Everything at once, in few distinct times."""
    width = dice.choice([3, 6, 12, 25])
    return [tuple(sorted((dice.randint(0, width), dice.randint(0, width)))) for _ in range(count)]  # type: ignore[misc]


def staircase(dice: random.Random, count: int) -> list[tuple[int, int]]:
    """Each overlaps the next few; no moment is quiet."""
    reach = dice.choice([2, 4, 7])
    return [(2 * i, 2 * (i + dice.randint(0, reach)) + dice.randint(0, 2)) for i in range(count)]


def slow_and_fast(dice: random.Random, count: int) -> list[tuple[int, int]]:
    """A few very slow operations over many short ones, hardly overlapping."""
    slow = dice.randint(1, max(1, min(7, count // 2)))
    spans = [(3 * i + dice.randint(-2, 2) + 2, 3 * i + dice.randint(2, 6) + 2) for i in range(count - slow)]
    last = 3 * (count - slow)
    for _ in range(slow):
        call = dice.randint(0, last // 2)
        spans.append((call, dice.randint(call, last + 3)))
    return spans


def crowds(dice: random.Random, count: int) -> list[tuple[int, int]]:
    """Crowds of operations with the same interval, some of them overlapping."""
    spans: list[tuple[int, int]] = []
    now = 0
    while len(spans) < count:
        size = dice.randint(1, 9)
        end = now + dice.randint(1, 6)
        spans += [(now, end)] * min(size, count - len(spans))
        now += dice.randint(0, 7)
    return spans


def tailed(dice: random.Random, count: int) -> list[tuple[int, int]]:
    """Operation i takes effect at 3 i + 1; its call is a little before, or long before, its end a little
    after, or long after. So a reader may have waited since long before the write that it reads.
    """
    reach = dice.choice([1, 4, 10, 40])
    before, after = dice.choice([(0.2, 0.2), (0.6, 0.1), (0.1, 0.6)])

    def far(chance: float) -> int:
        return dice.randint(0, 3 * reach) if dice.random() < chance else dice.randint(0, 1)

    return [(max(0, 3 * i + 1 - far(before)), 3 * i + 1 + far(after)) for i in range(count)]


SHAPES: tuple[Callable[[random.Random, int], list[tuple[int, int]]], ...] = (
    clients, burst, staircase, slow_and_fast, crowds, tailed, tailed,
)  # fmt: skip


def plan(dice: random.Random, count: int, crash: float) -> list[Slot]:
    """`count` slots of one shape, each crashed with probability `crash`, every operation a process of its
    own.
    """
    shape = dice.choice(SHAPES)
    spans = shape(dice, count)
    horizon = max((end for _, end in spans), default=0) + 1
    together = crash > 0 and dice.random() < 0.3  # all crashed ones called at the same moment
    start = dice.randint(0, horizon // 2)
    tight = dice.random() < 0.3
    slots = []
    for process, (call, end) in enumerate(spans):
        crashed = dice.random() < crash
        if crashed and together:
            call, end = start, max(start, end)
        point: float | None = dice.choice([call, end]) if tight else dice.uniform(call, end)
        if shape is tailed:
            point = max(call, 3 * process + 1)
        elif crashed:
            point = dice.uniform(call, dice.choice([end, horizon]))
        if crashed and dice.random() < 0.4:
            point = None
        slots.append(Slot(process, call, end, crashed, point))
    return slots
