"""Long histories whose verdict is known without a search: legal ones with the order that made them, and the
same with one planted violation (`plant`).

Clients wait for their answers; an operation takes effect at a moment between its call and its return, and
the order of these moments is the planted witness. `simulate` needs time proportional to the number of
operations.

Invariants: a seed gives the same history everywhere; a process whose operation crashed never acts again.
"""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from checkers.history import OPEN_NS, History, Op, Outcome
from tests.oracles.specs import BY_NAME, Fifo, Spec, Text

LETTERS = "abcd"  # what a `Text` is made of
UNIQUE = "unique-"  # prefix of a name: every value is written once


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a long history is made. cut_ns: from this call on, and in crashed operations, the value
    `reserved` is not written (see `plant`).
    """

    name: str
    count: int
    clients: int
    crash: float
    keys: int
    values: int
    cut_ns: int = OPEN_NS

    @property
    def reserved(self) -> int:
        """The value that is not written after the cut."""
        return self.values - 1


@dataclass(frozen=True, slots=True)
class Timing:
    """When one operation was called, returned (or would have), and took effect (None: never)."""

    process: int
    call: int
    end: int
    crashed: bool
    point: float | None


def recipe(dice: random.Random, name: str, longest: int, cut: bool = False) -> Recipe:
    """A recipe drawn by the dice; lengths from 1,000 to `longest`, even on a logarithmic scale."""
    count = round(1_000 * (longest / 1_000) ** dice.random())
    crash = dice.choice([0.0, 0.0, 0.001, 0.003]) * min(1.0, 10_000 / count)
    cut_ns = dice.randint(count // 4, count) * 2 if cut else OPEN_NS
    values = len(LETTERS) if name == Text.name else dice.choice([3, 5, 8])
    return Recipe(name, count, dice.choice([2, 4, 7, 10]), crash, dice.choice([1, 1, 1, 5]), values, cut_ns)


def spec_of(made: Recipe, dice: random.Random) -> Spec:
    """The specification that the recipe names."""
    return BY_NAME[made.name.removeprefix(UNIQUE)](dice, made.values)


def timings(dice: random.Random, made: Recipe) -> list[Timing]:
    """The operations of clients that wait for their answers; mean length of an operation about 20 per
    client.
    """
    free = [(dice.randint(0, 20), p) for p in range(made.clients)]
    heapq.heapify(free)
    fresh = made.clients
    found = []
    for _ in range(made.count):
        ready, process = heapq.heappop(free)
        call = ready + dice.randint(0, 8)
        end = call + dice.randint(1, 20) * (20 if dice.random() < 0.01 else 1)
        crashed = dice.random() < made.crash
        point: float | None = dice.uniform(call, end)
        if crashed:
            point = call + dice.expovariate(1 / 50) if dice.random() < 0.5 else None
        found.append(Timing(process, call, end, crashed, point))
        if crashed:
            process, fresh = fresh, fresh + 1
        heapq.heappush(free, (end + 1, process))
    return found


def simulate(dice: random.Random, made: Recipe, spec: Spec) -> tuple[History, dict[Any, tuple[int, ...]]]:
    """A legal history and its witness: for each key the indices in the order in which they took effect."""
    states: dict[int, Any] = dict.fromkeys(range(made.keys), spec.start)
    order: dict[int, list[int]] = defaultdict(list)
    slots = sorted(timings(dice, made), key=lambda slot: slot.call)
    moments = [slot.end if slot.point is None else slot.point for slot in slots]
    ops: list[Op | None] = [None] * len(slots)
    for i in sorted(range(len(slots)), key=lambda i: (moments[i], i)):
        slot = slots[i]
        key = dice.randrange(made.keys)
        f, given = question(dice, made, spec, states[key], slot, i)
        possible = spec.answers(states[key], f, given)
        answer, after = dice.choice(possible) if possible else (None, None)
        if slot.crashed:
            ops[i] = Op(i, slot.process, f, key, given, None, Outcome.INFO, slot.call, OPEN_NS)
        else:
            outcome = Outcome.OK if possible else Outcome.FAIL
            ops[i] = Op(i, slot.process, f, key, given, answer, outcome, slot.call, slot.end)
        if possible and slot.point is not None:
            states[key] = after
            order[key].append(i)
    history = History.of(op for op in ops if op is not None)
    return history, {key: tuple(indices) for key, indices in order.items()}


def question(
    dice: random.Random, made: Recipe, spec: Spec, state: Any, slot: Timing, number: int
) -> tuple[str, Any]:
    """What the operation asks: states stay small, values obey the recipe."""
    f, given = spec.ask(dice, state)
    if isinstance(spec, Fifo) and len(state) >= 8:
        f, given = "dequeue", None
    if isinstance(spec, Text) and f == "append" and len(state) >= 8:
        f = "put"
    if given is None or spec.name in ("set", "counter"):
        return f, given
    if made.name.startswith(UNIQUE):
        return f, [given[0], number] if f == "cas" else number
    late = slot.crashed or slot.call >= made.cut_ns
    return f, _spared(given, made) if late else given


def _spared(given: Any, made: Recipe) -> Any:
    """The input without the reserved value as a new value."""
    if isinstance(given, list):
        return [given[0], _spared(given[1], made)]
    if isinstance(given, str):
        return given.replace(LETTERS[made.reserved], LETTERS[0])
    return 0 if given == made.reserved else given
