"""Small simulated runs for tests."""

from __future__ import annotations

from typing import Any

from harness.config import configure
from harness.plan import RunPlan
from harness.planning import plan_run


def plan(system: str = "raft", seed: int = 1, **more: Any) -> RunPlan:
    """Ten simulated seconds, all nemeses of the system, unless `more` says otherwise."""
    values: dict[str, Any] = {"system": system, "place": "sim", "seed": seed, "time_s": 10.0, **more}
    return plan_run(configure(values))
