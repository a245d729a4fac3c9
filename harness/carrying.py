"""A plan carried out in this process, in a folder and a process that somebody else made: what campaigns,
triage and bisect have in common.

Invariants: the plan is done as it stands, nothing is drawn anew; a simulated run is judged in this process by
budgets of steps, so that the same plan has the same verdicts however busy the machine is.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from harness import compose
from harness.deploy.places import SIM
from harness.errors import EXIT_TERMINATED
from harness.judge import ClaimSpec, Judged, claim_of
from harness.plan import RunPlan, encode_plan
from harness.progress import Silent
from harness.sweep import uncollected, verdict_of
from reports.record import RunRecord


def carried_out(plan: RunPlan, folder: Path) -> RunRecord:
    """Do what `plan` says; its history is in `folder` then, and the record can be kept there. Raises
    SplitbrainError if it cannot begin.
    """
    (folder / "plan.json").write_bytes(encode_plan(plan))
    stop = compose.StopRequest()
    if plan.place == SIM:
        run = compose.Run(plan, folder, Silent(), stop, compose.now_ns(), judges=_judged_here)
        with uncollected():
            return run.execute()
    from harness.doctor.admission import admit

    _end_when_told(stop)
    unavailable = admit(plan)
    return compose.Run(plan, folder, Silent(), stop, compose.now_ns(), unavailable=unavailable).execute()


def _judged_here(path: Path, specs: Sequence[ClaimSpec], _time_s: float, _memory_mb: int) -> list[Judged]:
    from checkers.codec import decode

    history = decode(path.read_bytes(), str(path)).history
    judged = []
    for spec in specs:
        claim, began = claim_of(spec), time.monotonic()
        verdict = verdict_of(spec, history)
        judged.append(Judged(claim.name, claim.promise, verdict, time.monotonic() - began))
    return judged


def _end_when_told(stop: compose.StopRequest) -> None:
    def handler(_number: int, _frame: FrameType | None) -> None:
        stop.code = EXIT_TERMINATED
        stop.event.set()

    signal.signal(signal.SIGTERM, handler)
