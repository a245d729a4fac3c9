"""The obviously right judges of small histories, for any specification and any number of keys at once.

`by_permutations` tries every choice of crashed operations and every permutation. `by_orders` writes the
same down as a recursion that never begins an order that breaks real time or the specification, and
remembers nothing; it is checked against the first, and fast enough for hundreds of thousands.

Invariants: no memory, no reduction, no code of `checkers.lincheck`; several keys are one object whose state
is a tuple.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from checkers.history import Op, Outcome
from checkers.identity import identity
from tests.oracles.specs import Spec


def respects_time(order: Sequence[Op]) -> bool:
    """No operation stands behind one that was called after its return."""
    return not any(b.return_ns < a.call_ns for a, b in itertools.combinations(order, 2))


def accepted(order: Sequence[Op], spec: Spec) -> bool:
    """Whether one copy of the object per key can answer like this."""
    states: dict[Any, list[Any]] = {}
    for op in order:
        key = identity(op.key)
        before = states.get(key, [spec.start])
        crashed = op.outcome == Outcome.INFO
        states[key] = [t for s in before for t in spec.after(s, op.f, op.input, op.output, crashed)]
        if not states[key]:
            return False
    return True


def by_permutations(ops: Sequence[Op], spec: Spec) -> bool:
    """Whether some order of all OK operations and some of the INFO ones is legal."""
    sure = [op for op in ops if op.outcome == Outcome.OK]
    crashed = [op for op in ops if op.outcome == Outcome.INFO]
    return any(
        respects_time(order) and accepted(order, spec)
        for count in range(len(crashed) + 1)
        for chosen in itertools.combinations(crashed, count)
        for order in itertools.permutations([*sure, *chosen])
    )


def by_orders(ops: Sequence[Op], spec: Spec) -> bool:
    """The same: place any operation that nobody unplaced must precede, then the rest in the same way."""
    happened = [op for op in ops if op.outcome != Outcome.FAIL]
    places = {key: i for i, key in enumerate(dict.fromkeys(identity(op.key) for op in happened))}
    start = (spec.start,) * len(places)
    left = [(op, places[identity(op.key)], op.outcome == Outcome.INFO) for op in happened]
    return _rest(left, start, spec)


def _rest(left: list[tuple[Op, int, bool]], states: tuple[Any, ...], spec: Spec) -> bool:
    sure = [op.return_ns for op, _, crashed in left if not crashed]
    if not sure:
        return True
    bound = min(sure)
    for i, (op, place, crashed) in enumerate(left):
        if op.call_ns > bound:
            continue
        for then in spec.after(states[place], op.f, op.input, op.output, crashed):
            if _rest(left[:i] + left[i + 1 :], (*states[:place], then, *states[place + 1 :]), spec):
                return True
    return False
