"""The obviously right judge of small histories: try every choice of crashed operations and every permutation.

It shares nothing with the checker: it has a register of its own, written as an if-else chain, and no search
worth the name.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from checkers.history import Op, Outcome

NO = object()  # "this operation cannot happen here"


def same(a: Any, b: Any) -> bool:
    """JSON equality: true is not 1."""
    return type(a) is type(b) and a == b


def apply(value: Any, op: Op, mode: str) -> Any:
    """The register's value after `op`, or NO. `mode`: what a failed cas says."""
    crashed = op.outcome == Outcome.INFO
    if op.f == "write":
        return op.input
    if op.f == "read":
        return value if crashed or same(op.output, value) else NO
    old, new = op.input
    if crashed:
        return new if same(old, value) else value
    if op.output:
        return new if same(old, value) else NO
    if mode == "observation" and same(old, value):
        return NO
    return value


def respects_time(order: Sequence[Op]) -> bool:
    """No operation stands behind one that was called after its return."""
    return not any(b.return_ns < a.call_ns for a, b in itertools.combinations(order, 2))


def linearizable(ops: Iterable[Op], mode: str) -> bool:
    """Whether some order of all OK operations and some of the INFO ones is legal."""
    ops = [op for op in ops if op.outcome != Outcome.FAIL]
    sure = [op for op in ops if op.outcome == Outcome.OK]
    crashed = [op for op in ops if op.outcome == Outcome.INFO]
    for count in range(len(crashed) + 1):
        for chosen in itertools.combinations(crashed, count):
            for order in itertools.permutations(sure + list(chosen)):
                if respects_time(order) and legal(order, mode):
                    return True
    return False


def legal(order: Iterable[Op], mode: str) -> bool:
    """Whether a register that starts as None could answer like this."""
    value: Any = None
    for op in order:
        value = apply(value, op, mode)
        if value is NO:
            return False
    return True


def moved_by(values: set[Any], ghosts: Sequence[Op], mode: str) -> set[Any]:
    """All values that any ghosts, any number of times, can make of `values` (hashable, of one type each)."""
    while True:
        more = {apply(v, g, mode) for v in values for g in ghosts} - {NO} | values
        if more == values:
            return values
        values = more


def contradicts(kept: Sequence[Op], ghosts: Sequence[Op], mode: str) -> bool:
    """Whether no order of `kept` is legal although the ghosts may move the value between any two of them."""
    sure = [op for op in kept if op.outcome == Outcome.OK]
    crashed = [op for op in kept if op.outcome == Outcome.INFO]
    for count in range(len(crashed) + 1):
        for chosen in itertools.combinations(crashed, count):
            for order in itertools.permutations(sure + list(chosen)):
                if not respects_time(order):
                    continue
                values = moved_by({None}, ghosts, mode)
                for op in order:
                    values = moved_by({apply(v, op, mode) for v in values} - {NO}, ghosts, mode)
                if values:
                    return False
    return True
