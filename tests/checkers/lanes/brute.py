"""The obviously right judge for small histories of any object, and dice for their times.

It tries every order that respects real time, and knows nothing of the lanes: an object is a function from a
state to the states that may follow.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.result import Decided

State = Hashable


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: its interval, the states that may follow a state (none: impossible there), and in words.

    value: what it is about; ghosts about other values cannot help.
    """

    call: int
    ret: int
    after: Callable[[Any], Iterable[State]]
    text: str
    value: int

    @property
    def required(self) -> bool:
        return self.ret != OPEN_NS


def has_order(
    steps: Sequence[Step],
    initial: State,
    ghosts: Sequence[Step] = (),
    keep: Callable[[Any], bool] = lambda state: True,
) -> bool:
    """Whether some order of all required and some open steps is possible, while ghosts may happen in between.

    keep: which states ghosts may lead to (they would lead to infinitely many ones of a queue).
    """

    def moved(states: frozenset[State]) -> frozenset[State]:
        found, fresh = set(states), set(states)
        while fresh:
            fresh = {s for state in fresh for g in ghosts for s in g.after(state) if keep(s)} - found
            found |= fresh
        return frozenset(found)

    @functools.cache
    def go(rest: frozenset[int], states: frozenset[State]) -> bool:
        if not states:
            return False
        if not any(steps[i].required for i in rest):
            return True
        bound = min(steps[i].ret for i in rest)
        return any(
            go(rest - {i}, moved(frozenset(s for state in states for s in steps[i].after(state))))
            for i in rest
            if steps[i].call <= bound
        )

    return go(frozenset(range(len(steps))), moved(frozenset({initial})))


def fault_in_order(order: Sequence[int], steps: Sequence[Step], initial: State) -> str | None:
    """What is wrong with a linearization, None if nothing."""
    if len(set(order)) < len(order):
        return "an operation is placed twice"
    missing = [i for i, step in enumerate(steps) if step.required and i not in set(order)]
    if missing:
        return f"the required operations {missing} are not placed"
    called = -1
    states = frozenset({initial})
    for i in order:
        called = max(called, steps[i].call)
        if steps[i].ret < called:
            return f"{i} is placed behind an operation that was called after its return"
        states = frozenset(s for state in states for s in steps[i].after(state))
        if not states:
            return f"{i} is impossible where it is placed"
    return None


def disagreement(
    decided: Decided | None,
    steps: Sequence[Step],
    initial: State,
    keep: Callable[[Any], bool] = lambda state: True,
) -> str | None:
    """Where a lane's answer differs from brute force, None if nowhere. A lane that gives way is right."""
    if decided is None:
        return None
    expected = has_order(steps, initial)
    if decided.legal != expected:
        return f"brute force says legal={expected}, the lane {decided}"
    if decided.legal:
        return fault_in_order(decided.order().tolist(), steps, initial)
    kept = [steps[i] for i in decided.core]
    ghosts = [step for i, step in enumerate(steps) if i not in decided.core]
    if has_order(kept, initial, ghosts, keep):
        return f"the core {decided.core} does not contradict itself"
    return None


def interval(dice: random.Random, around: int | None, *, most: int = 8, slack: int = 3) -> tuple[int, int]:
    """A small closed interval, around a moment if one is given."""
    if around is None:
        call = dice.randint(0, most)
        return call, call + dice.randint(0, slack)
    return max(0, around - dice.randint(0, slack)), around + dice.randint(0, slack)


def column(values: Iterable[Any], dtype: Any = np.int64) -> Any:
    """A column as the lanes take it."""
    return np.array(list(values), dtype=dtype)
