"""The fault plan: which faults, when, for how long; a value that is written down before the run starts.

Invariants, checked whenever a plan is made or read: begin times rise; 0 <= begin_ns < end_ns <= span_ns; ids
are 1, 2, 3, ... in that order; two faults of one kind never overlap, because the undo of either would take
back both.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nemeses.faults import FaultSpec


class PlannedFault(msgspec.Struct, frozen=True):
    """One fault: begins `begin_ns` after the start of the workload and is undone `end_ns` after it."""

    id: int
    begin_ns: int
    end_ns: int
    spec: FaultSpec


class FaultPlan(msgspec.Struct, frozen=True):
    """All faults of a run, within the first `span_ns` of its workload.

    Raises ValueError if an invariant is broken.
    """

    span_ns: int
    faults: tuple[PlannedFault, ...] = ()

    def __post_init__(self) -> None:
        for number, fault in enumerate(self.faults, start=1):
            if fault.id != number:
                raise ValueError(f"fault {number} of the plan has the id {fault.id}: ids are 1, 2, 3, ...")
            if not 0 <= fault.begin_ns < fault.end_ns <= self.span_ns:
                raise ValueError(
                    f"fault {number} lasts from {fault.begin_ns} to {fault.end_ns} ns:"
                    f" not within 0 to {self.span_ns}"
                )
        _check_order(self.faults)


def _check_order(faults: Iterable[PlannedFault]) -> None:
    last_begin = 0
    last_end: dict[str, int] = {}
    for fault in faults:
        if fault.begin_ns < last_begin:
            raise ValueError(
                f"fault {fault.id} begins before fault {fault.id - 1}: list faults in order of time"
            )
        if fault.begin_ns < last_end.get(fault.spec.kind, 0):
            raise ValueError(f"fault {fault.id} begins before the {fault.spec.kind} before it has ended")
        last_begin, last_end[fault.spec.kind] = fault.begin_ns, fault.end_ns


def braided(span_ns: int, strands: Iterable[Iterable[tuple[int, int, FaultSpec]]]) -> FaultPlan:
    """One plan of several sequences of (begin_ns, end_ns, spec); equal begin times are ordered by kind."""
    faults = sorted((s for strand in strands for s in strand), key=lambda s: (s[0], s[2].kind))
    return FaultPlan(span_ns, tuple(PlannedFault(n, *fault) for n, fault in enumerate(faults, start=1)))
