"""The nemesis at work: carries out a fault plan on a deployment and journals what happened.

Invariants: every planned fault is journalled as requested, and as begun with its evidence; every fault that
began is undone, also when the run is stopped half-way; one thread does it all, so faults and undos happen one
after another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from checkers.codec import FaultEvent
from harness.deploy.seam import Deployment
from harness.run.journal import Journal
from harness.run.steps import Step, steps_of
from nemeses.catalogue import describe, resolve, targets_of
from nemeses.faults import Evidence, Fault, Kill, View
from nemeses.plan import FaultPlan, PlannedFault


class Nemesis(threading.Thread):
    """Runs `plan` from `start_ns` on, then heals everything. unavailable: kinds that cannot be applied here,
    and why: their faults are journalled as skipped, and nothing is done.
    """

    def __init__(
        self,
        plan: FaultPlan,
        deployment: Deployment,
        journal: Journal,
        *,
        start_ns: int,
        leader: Callable[[], str | None],
        notify: Callable[[FaultEvent], None],
        unavailable: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(name="nemesis", daemon=True)
        self._plan = plan
        self._deployment = deployment
        self._journal = journal
        self._start_ns = start_ns
        self._leader = leader
        self._notify = notify
        self._unavailable = unavailable or {}
        self._halt = threading.Event()
        self._active: dict[int, Fault] = {}
        self.heal_ns: int | None = None
        self.heal_evidence: Evidence | None = None
        self.error: BaseException | None = None

    def active(self) -> list[str]:
        """The kinds of the faults in force."""
        return [describe(fault) for fault in list(self._active.values())]

    def stop(self) -> None:
        """Begin no more faults; undo and heal at once."""
        self._halt.set()

    def run(self) -> None:
        """The thread's body; an error is kept in `error` for the conductor."""
        try:
            self._carry_out(steps_of(self._plan))
            self._undo_all()
            self.heal_evidence = self._deployment.heal()
            self.heal_ns = time.monotonic_ns()
        except BaseException as error:
            self.error = error

    def _carry_out(self, steps: Iterable[Step]) -> None:
        for at_ns, _, what, planned in steps:
            delay = (self._start_ns + at_ns - time.monotonic_ns()) / 1e9
            if self._halt.wait(max(0.0, delay)):
                return
            if what == "begin":
                self._begin(planned)
            elif planned.id in self._active:
                self._end(planned.id, planned.spec.kind)

    def _begin(self, planned: PlannedFault) -> None:
        dead = {node for fault in self._active.values() if isinstance(fault, Kill) for node in fault.nodes}
        view = View(self._deployment.nodes, self._leader(), tuple(sorted(dead)))
        fault = resolve(planned.spec, view)
        targets, what, kind = targets_of(fault), describe(fault), planned.spec.kind
        self._log(FaultEvent(planned.id, "requested", time.monotonic_ns(), kind, targets, what))
        self._active[planned.id] = fault
        why = self._unavailable.get(kind)
        evidence = (
            Evidence("skipped", (f"not available here: {why}",)) if why else self._deployment.apply(fault)
        )
        self._log(
            FaultEvent(
                planned.id, "begun", time.monotonic_ns(), kind, targets, what, evidence.status, evidence.lines
            )
        )
        if evidence.status == "skipped":
            del self._active[planned.id]

    def _end(self, fault_id: int, kind: str) -> None:
        fault = self._active[fault_id]
        evidence = self._deployment.undo(fault)
        del self._active[fault_id]
        self._log(
            FaultEvent(
                fault_id,
                "ended",
                time.monotonic_ns(),
                kind,
                targets_of(fault),
                describe(fault),
                evidence.status,
                evidence.lines,
            )
        )

    def _undo_all(self) -> None:
        kinds = {fault.id: fault.spec.kind for fault in self._plan.faults}
        for fault_id in list(self._active):
            self._end(fault_id, kinds[fault_id])

    def _log(self, event: FaultEvent) -> None:
        self._journal.write(event)
        self._notify(event)
