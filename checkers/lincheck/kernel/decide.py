"""The whole question in one call: ordering, slots, a depth-first search with a small budget, then breadth
first.

Invariants: what is not finished can be continued by the caller, who reads PHASE and makes room.
"""

from __future__ import annotations

from checkers.lincheck.kernel.dive import begin_dive, dive
from checkers.lincheck.kernel.layers import STOPPED, begin, run_layers
from checkers.lincheck.kernel.memory import A_RECORD, CRASHED, EVENTS, PHASE, R_RECORD, STEPS, WORDS, Ints
from checkers.lincheck.kernel.prepare import give_slots, load, open_list, rewind

UNSORTED, LOADED, DIVING, LAYERING = 0, 1, 2, 3
MUST_SORT = 8
DEPTH, BREADTH, EXACT = 1, 2, 4
FACTOR = 4  # steps that depth first may take for each event it reached


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
    searches: int,
    slack: int,
    max_steps: int,
) -> int:
    """DONE (legal), DEAD (illegal), or why it stopped.

    never: what `ret` is for those that never returned. searches: the sum of DEPTH and BREADTH, as wanted, and
    of EXACT if breadth first shall run although operations never returned. slack: see `dive`.
    """
    p[PHASE] = UNSORTED
    p[STEPS] = 0
    if not load(p, call, ret, types, guards, never, states, initial):
        return MUST_SORT
    return decide_sorted(p, t, r, a, f, searches, slack, max_steps)


def decide_sorted(
    p: Ints, t: Ints, r: Ints, a: Ints, f: Ints, searches: int, slack: int, max_steps: int
) -> int:
    """The same once events are in order."""
    give_slots(p)
    open_list(r, R_RECORD + 1 + 2 * p[WORDS])
    open_list(a, A_RECORD + 1 + 2 * p[WORDS])
    p[PHASE] = LOADED
    if searches & DEPTH:
        p[PHASE] = DIVING
        begin_dive(p, a, f)
        code = dive(p, t, r, a, f, slack, FACTOR, max_steps)
        if code != STOPPED or p[STEPS] >= max_steps:
            return code
        rewind(p)
    if not searches & BREADTH or (p[CRASHED] and not searches & EXACT):
        p[PHASE] = LOADED
        return STOPPED
    p[PHASE] = LAYERING
    begin(p, a)
    return run_layers(p, t, r, a, p[EVENTS], max_steps, True)
