"""A fault plan as a list of things to do, in order of time. Pure."""

from __future__ import annotations

from typing import Literal

from nemeses.plan import FaultPlan, PlannedFault

Step = tuple[int, int, Literal["begin", "end"], PlannedFault]


def steps_of(plan: FaultPlan) -> list[Step]:
    """The plan's begins and ends in order of time; at one time, ends go first so that kinds do not pile
    up.
    """
    steps: list[Step] = []
    for fault in plan.faults:
        steps.append((fault.begin_ns, 1, "begin", fault))
        steps.append((fault.end_ns, 0, "end", fault))
    return sorted(steps, key=lambda step: (step[0], step[1], step[3].id))
