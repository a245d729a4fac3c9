"""What operations seem to do, from a few of the states that a history leads to.

The operations are walked along in the order of their returns, which is nearly an order that is legal; each is
tried in the state that the walk has reached, in one other, and if it was legal in none, in those near by.
From what was seen a guard is presumed (a read that was legal in one state is legal nowhere else, a write has
the same effect everywhere), or at least that operations of one input only read.

Invariants: nothing here is known; `deciding` believes no verdict that rests on it. A model that fails on the
way, in a state that the search need not meet, ends the presuming and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkers.lincheck.model import ANY, Guard, ModelError
from checkers.lincheck.porcupine.moves import ILLEGAL, Moves
from checkers.lincheck.porcupine.reading import Read

NEAR = 16  # states of the walk tried before and after


@dataclass(frozen=True, slots=True)
class Presumed:
    """changing: by number of the input, whether it changed a state anywhere; of those that were legal
    nowhere, nothing. guards: by number of the operation; empty if some operation seems to have none.
    """

    changing: dict[int, bool]
    guards: list[Guard | None]


def presume(given: Read) -> Presumed:
    """See `Presumed`. Calls the model for each kind of operation a few times, if its operations have
    guards.
    """
    moves = given.moves
    order = np.argsort(given.history.return_ns, kind="stable").tolist()
    at = dict.fromkeys(range(len(given.partitions)), moves.initial)
    changing: dict[int, bool] = {}
    first: dict[int, int] = {}  # by operation, where on the walk it came first
    walk: list[int] = []
    try:
        for row in order:
            partition, _, op = given.rows[row]
            first.setdefault(op, len(walk))
            after = moves.step(at[partition], op)
            walk.append(at[partition])
            if after != ILLEGAL:
                kind = moves.inputs[op]
                changing[kind] = changing.get(kind, False) or after != at[partition]
                at[partition] = after
        return Presumed(changing, _guards(moves, walk, first))
    except ModelError:
        return Presumed({}, [])


def _guards(moves: Moves, walk: list[int], first: dict[int, int]) -> list[Guard | None]:
    found: list[Guard | None] = []
    for op in range(len(moves.ops)):
        guard = _guard(moves, op, walk, first[op])
        if guard is None:
            return []
        found.append(guard)
    return found


def _guard(moves: Moves, op: int, walk: list[int], where: int) -> Guard | None:
    """None if it was legal in no state tried, or did what no guard does."""
    here = walk[where]
    near = walk[max(0, where - NEAR) : where + NEAR]
    other = next((state for state in (*near, moves.initial) if state != here), here)
    seen = {state: moves.step(state, op) for state in (here, other)}
    for state in near:
        if any(after != ILLEGAL for after in seen.values()):
            break
        seen[state] = moves.step(state, op)
    legal = {state: after for state, after in seen.items() if after != ILLEGAL}
    stays = all(state == after for state, after in legal.items())
    if not legal or (not stays and len(set(legal.values())) > 1):
        return None
    assign = ANY if stays else next(iter(legal.values()))
    if len(legal) == len(seen):
        return Guard(assign=assign)
    return Guard(expect=next(iter(legal)), assign=assign)
