"""Simulated runs of the file service with its own workload and nemeses, as `splitbrain run --on sim` has it,
judged by what the clients saw.
"""

from __future__ import annotations

from collections.abc import Mapping

from checkers.lincheck import Limits, check
from checkers.lincheck.models import named
from checkers.verdict import Valid
from harness.config import RunConfig
from harness.planning import plan_run
from harness.run.virtual import Ran
from harness.simulated import ran
from systems.file_service.system import FileService

LIMITS = Limits(time_s=120, memory_mb=1024)


def run(seed: int, options: Mapping[str, str], *, time_s: float = 30.0) -> Ran:
    """The run of this seed."""
    config = RunConfig(system="file-service", place="sim", seed=seed, options=dict(options), time_s=time_s)
    return ran(plan_run(config), FileService())


def judge(seed: int, options: Mapping[str, str], *, time_s: float = 30.0) -> str | None:
    """What is wrong with the history of this run, None if nothing."""
    verdict = check(run(seed, options, time_s=time_s).history, named("files"), limits=LIMITS, explain=False)
    return None if isinstance(verdict, Valid) else str(verdict)[:2000]
