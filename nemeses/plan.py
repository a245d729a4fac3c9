"""The fault plan: which faults, when, for how long; a value that is written down before the run starts.

Invariants: begin times rise; 0 <= begin_ns < end_ns <= span_ns; ids are 1, 2, 3, ... in that order.
"""

from __future__ import annotations

import msgspec

from nemeses.faults import FaultSpec


class PlannedFault(msgspec.Struct, frozen=True):
    """One fault: begins `begin_ns` after the start of the workload and is undone `end_ns` after it."""

    id: int
    begin_ns: int
    end_ns: int
    spec: FaultSpec


class FaultPlan(msgspec.Struct, frozen=True):
    """All faults of a run, within the first `span_ns` of its workload."""

    span_ns: int
    faults: tuple[PlannedFault, ...] = ()
