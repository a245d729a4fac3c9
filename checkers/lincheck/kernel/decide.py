"""The whole question in one call: ordering, slots, and a search.

Invariants: what is not finished can be continued by the caller, who reads PHASE and makes room.
"""

from __future__ import annotations

from checkers.lincheck.kernel.dive import begin_dive, dive
from checkers.lincheck.kernel.layers import STOPPED, begin, run_layers
from checkers.lincheck.kernel.memory import A_RECORD, CRASHED, EVENTS, PHASE, R_RECORD, STEPS, WORDS, Ints
from checkers.lincheck.kernel.prepare import give_slots, load, open_list

UNSORTED, LOADED, DIVING, LAYERING = 0, 1, 2, 3
MUST_SORT = 8
LOAD, DEPTH, BREADTH, EXACT = 0, 1, 2, 3


def decide(
    p: Ints,
    t: Ints,
    r: Ints,
    a: Ints,
    f: Ints,
    call: Ints,
    ret: Ints,
    types: Ints,
    guards: Ints,
    never: int,
    states: int,
    initial: int,
    search: int,
    slack: int,
    max_steps: int,
    in_order: bool,
) -> int:
    """DONE (legal), DEAD (illegal), or why it stopped.

    never: what `ret` is for those that never returned. search: LOAD (none yet), DEPTH, BREADTH
    (none yet if operations never returned), EXACT (breadth first even so). slack: see `dive`. in_order: after
    MUST_SORT, once the caller has sorted.
    """
    if not in_order:
        p[PHASE] = UNSORTED
        p[STEPS] = 0
        if not load(p, call, ret, types, guards, never, states, initial):
            return MUST_SORT
    give_slots(p)
    open_list(r, R_RECORD + 1 + 2 * p[WORDS])
    open_list(a, A_RECORD + 1 + 2 * p[WORDS])
    p[PHASE] = LOADED
    if search == DEPTH:
        p[PHASE] = DIVING
        begin_dive(p, a, f)
        return dive(p, t, r, a, f, slack, max_steps)
    if search == EXACT or (search == BREADTH and not p[CRASHED]):
        p[PHASE] = LAYERING
        begin(p, a)
        return run_layers(p, t, r, a, p[EVENTS], max_steps, True)
    return STOPPED
