"""Asks the checker for a counter-example and judges it by `ghosts`.

Invariants: a note of the checker that the example may not be minimal is believed; anything else is proved.
"""

from __future__ import annotations

from collections import Counter

from checkers.lincheck import check
from checkers.lincheck.limits import Limits
from checkers.verdict import Invalid
from tests.oracles import exact, ghosts, midsize
from tests.oracles.attack import Case
from tests.oracles.judges import MIDSIZE_STEPS


def fault_of(case: Case, counts: Counter[str]) -> str | None:
    """What is wrong with the counter-example of a case, if it gets one."""
    history = midsize.history_of(case.ops)
    verdict = check(history, case.model, limits=Limits(max_steps=MIDSIZE_STEPS))
    if not isinstance(verdict, Invalid):
        return None
    example = verdict.counter_example
    if example is None:
        return f"no counter-example: {verdict}"
    inside = {op.index for op in example.ops}
    key = midsize.key_of(example.key)
    ops = next(part for part in exact.by_key(history) if midsize.key_of(part[0].key) == key)
    counts["judged"] += 1
    counts["left out"] += len(inside) < len(ops)
    counts["perhaps not minimal"] += bool(verdict.notes)
    if len(example.ops) + example.left_out != len(ops):
        return f"{len(example.ops)} operations and {example.left_out} left out make {len(ops)}"
    return ghosts.fault_of(inside, ops, case.spec, minimal=not verdict.notes)
