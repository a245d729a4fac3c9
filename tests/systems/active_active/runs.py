"""Runs of active-active under simulation, with its default workload and nemeses, judged by what it claims."""

from __future__ import annotations

from collections.abc import Mapping

from harness.config import RunConfig
from harness.plan import RunPlan
from harness.planning import plan_run
from harness.sweep import run_seed


def plan_of(seed: int, options: Mapping[str, str]) -> RunPlan:
    """30 s of about 1000 operations, 15 faults."""
    return plan_run(RunConfig(system="active-active", place="sim", seed=seed, options=dict(options)))


def judge(seed: int, options: Mapping[str, str] | None = None) -> str | None:
    """What is wrong with this run, by the histories of its clients; None if nothing. A run that failed or
    that shows nothing is wrong, too.
    """
    result = run_seed(plan_of(seed, options or {}))
    return None if result.word == "valid" else f"{result.word} {result.anomaly}: {result.said}"
