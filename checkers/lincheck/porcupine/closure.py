"""What a model in Python does in every state that it can reach, where those are few: then the search need not
guess.

From the outside of a `step` nothing can be said of the states in which it was never called. So all states
that the operations of a history lead to, in any order and any number, are enumerated; if there are few, each
operation is classified in all of them: whether it only reads, and whether it is a compare-and-set (`Guard`),
as the operations of registers, counters of few values, locks and leases are.

Invariants: what is said holds in every state that any order of these operations reaches; where the states are
too many, or a step fails in one of them (perhaps in one that the history never meets), nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from checkers.lincheck.model import ANY, Guard, ModelError
from checkers.lincheck.porcupine.moves import ILLEGAL, Moves

MOST_STATES = 64
NOWHERE = -2  # a state that is none: where an operation is legal that never is


class Closure:
    """`reads_only` and `guards` by operation number. known: whether the enumeration came to an end."""

    def __init__(self, moves: Moves, max_steps: int) -> None:
        self.known = False
        self.reads_only: list[bool] = list(moves.reads_only)
        self.guards: list[Guard | None] = [None] * len(moves.ops)
        rows = _enumerate(moves, max_steps)
        if rows is None:
            return
        self.known = True
        for op, column in enumerate(zip(*rows, strict=True)):
            self.reads_only[op] = all(after in (state, ILLEGAL) for state, after in enumerate(column))
            self.guards[op] = guard_of(column)


def _enumerate(moves: Moves, max_steps: int) -> list[list[int]] | None:
    """The state after each operation, by state; None if it takes too much."""
    rows: list[list[int]] = []
    try:
        while len(rows) < len(moves.states.values):
            if len(moves.states.values) > MOST_STATES or len(moves.ops) * (len(rows) + 1) > max_steps:
                return None
            rows.append([])
            for op in range(len(moves.ops)):
                rows[-1].append(moves.step(len(rows) - 1, op))
                if len(moves.states.values) > MOST_STATES:
                    return None
    except ModelError:
        return None
    return rows


def guard_of(column: Sequence[int]) -> Guard | None:
    """The guard that is the transition `column` (the state after, by state before), None if no guard is."""
    legal = [state for state, after in enumerate(column) if after != ILLEGAL]
    if not legal:
        return Guard(expect=NOWHERE)
    barred = [state for state, after in enumerate(column) if after == ILLEGAL]
    stays = all(column[state] == state for state in legal)
    if not stays and len({column[state] for state in legal}) > 1:
        return None
    assign = ANY if stays else column[legal[0]]
    if not barred:
        return Guard(assign=assign)
    if len(legal) == 1:
        return Guard(expect=legal[0], assign=assign)
    return Guard(forbid=barred[0], assign=assign) if len(barred) == 1 else None
