"""A run under simulation, in the form in which a live run is handed on: a journal, how it went, who led.

Invariant: nothing of it depends on where or when it is carried out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from checkers.codec import VERSION, Header, encode, footer_for, lines_of
from checkers.history import History, Outcome
from harness.errors import EnvironmentFault
from harness.plan import RunPlan
from harness.promises import wants_final_reads
from harness.run.job import Status
from harness.run.live import Driven
from harness.run.virtual import Ran, VirtualRun
from reports.record import RolePoint
from systems.api import LEADING_ROLES, Simulates, System


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of it."""

    history: History
    driven: Driven
    roles: tuple[RolePoint, ...]

    def write(self, path: Path, meta: Mapping[str, Any]) -> None:
        """As the journal of a run. Raises EnvironmentFault."""
        _, *events = lines_of(self.history)
        body = b"".join(encode(line) for line in (Header(VERSION, meta=dict(meta)), *events))
        try:
            path.write_bytes(body + encode(footer_for(body, len(events))))
        except OSError as error:
            raise EnvironmentFault(f"{path}: {error.strerror}", fix="free some disk space") from None


def ran(plan: RunPlan, system: Simulates) -> Ran:
    """The run itself."""
    plugin: Any = system
    final_reads = wants_final_reads(plugin, plan)
    return VirtualRun(plan, system, final_reads=final_reads).run()


def simulate(plan: RunPlan, system: System | Simulates) -> Simulated:
    """Carry `plan` out in virtual time."""
    assert isinstance(system, Simulates)
    done = ran(plan, system)
    history = done.history
    ok = history.outcome == Outcome.OK
    counts = np.bincount(history.outcome, minlength=len(Outcome))
    succeeded, failed, unknown = (int(counts[kind]) for kind in (Outcome.OK, Outcome.FAIL, Outcome.INFO))
    first_ok = int(history.return_ns[ok].min()) if ok.any() else None
    last_call = int(history.call_ns[ok].max()) if ok.any() else None
    digest = hashlib.sha256(done.trace.encode()).hexdigest()
    driven = Driven(
        start_ns=0,
        end_ns=done.end_ns,
        heal_ns=done.heal_ns,
        status=Status(succeeded, failed, unknown, first_ok, last_call, None),
        notes=[f"simulated: the trace's SHA-256 is {digest}"],
        quiet_ns=done.quiet_ns,
    )
    roles = tuple(
        RolePoint(ns, node, f["term"], f["role"], f["role"] in LEADING_ROLES) for ns, node, f in done.roles
    )
    return Simulated(history, driven, roles)
