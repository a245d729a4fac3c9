"""Session guarantees by their definition: is there an order of the versions in which no session goes back?

Invariants: every order is tried; of the package `checkers` only the history is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from typing import Any

from checkers.history import History, Op, Outcome
from tests.oracles.claims.worlds import keys_of

Steps = list[tuple[Hashable, str]]  # version, "read" or "write"; None is the first version
KINDS = {
    ("read", "read"): "monotonic-reads",
    ("write", "read"): "read-your-writes",
    ("read", "write"): "writes-follow-reads",
    ("write", "write"): "monotonic-writes",
}


def may_write(op: Op) -> list[Any]:
    """What an operation has written or may have."""
    if op.outcome == Outcome.FAIL or op.f not in ("write", "cas"):
        return []
    if op.f == "write":
        return [op.input]
    return [] if op.outcome == Outcome.OK and not op.output else [op.input[1]]


def sessions(history: History, key: Any) -> list[Steps] | None:
    """The steps of each session at one register; None if its values do not tell versions apart."""
    own = [op for op in history if op.key == key]
    written = [value for op in own for value in may_write(op)]
    if None in written or len(set(written)) < len(written):
        return None
    found: dict[int, Steps] = {}
    for op in own:
        steps = found.setdefault(op.process, [])
        if op.outcome != Outcome.OK:
            continue
        seen: list[Any] = []
        if op.f == "read" or (op.f == "delete" and op.output is not None):
            seen = [op.output]
        elif op.f == "cas" and op.output:
            seen = [op.input[0]]
        for value in seen:
            deleted = any(
                d.f == "delete" and d.outcome != Outcome.FAIL and d.call_ns <= op.return_ns for d in own
            )
            if value in written or (value is None and not deleted):
                steps.append((value, "read"))
        steps += [(value, "write") for value in may_write(op)]
        if op.f == "delete" and op.output is not None:
            steps.append((("deleted", op.index), "write"))
    return list(found.values())


def some_order_fits(steps: Sequence[Steps]) -> bool:
    """Whether some order of the versions, None first, has no session go back."""
    versions = list({version for session in steps for version, _ in session} - {None})
    return any(
        all(
            order.index(one) <= order.index(other)
            for session in steps
            for (one, _), (other, _) in itertools.combinations(session, 2)
        )
        for order in ([None, *rest] for rest in itertools.permutations(versions))
    )


def shortest_names(steps: Sequence[Steps]) -> tuple[int, set[str]]:
    """How long the shortest contradictions are, and every name that one of them can have."""
    kinds: dict[tuple[Hashable, Hashable], set[str]] = {}
    versions = list(dict.fromkeys(version for session in steps for version, _ in session))
    for session in steps:
        for (one, did), (other, then) in itertools.combinations(session, 2):
            if one != other:
                kinds.setdefault((one, other), set()).add(KINDS[did, then])
    for version in versions:
        if version is not None:
            kinds.setdefault((None, version), set()).add("")
    for length in range(2, len(versions) + 1):
        names = set()
        for cycle in itertools.permutations(versions, length):
            edges = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
            if all(edge in kinds for edge in edges):
                for choice in itertools.product(*(kinds[edge] for edge in edges)):
                    names.add("+".join(name for name in KINDS.values() if name in choice))
        if names:
            return length, names
    return 0, set()


def bad_keys(history: History) -> dict[Any, tuple[int, set[str]]]:
    """Per key whose sessions contradict each other, its shortest contradictions."""
    found = {}
    for key in keys_of(history):
        steps = sessions(history, key)
        if steps is not None and not some_order_fits(steps):
            found[key] = shortest_names(steps)
    return found
