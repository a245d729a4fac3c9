"""Simulated runs of peers with the default workload and nemeses of their mode, judged by what it claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.config import configure
from harness.planning import command_of, plan_run
from harness.sweep import SeedResult, run_seed


def judged(seed: int, options: Mapping[str, str]) -> tuple[SeedResult, str]:
    """What became of the seed, and the command that replays it."""
    plan = plan_run(configure({"system": "p2p", "place": "sim", "seed": seed, "options": dict(options)}))
    return run_seed(plan), command_of(plan)


def failures(over: range, options: Mapping[str, str]) -> Iterator[str]:
    """Per seed that is not valid, what was wrong and the line that replays it."""
    for seed in over:
        result, command = judged(seed, options)
        if result.word != "valid":
            yield f"seed {seed}: {result.word} {result.anomaly}: {result.said}\n  replay: {command}"
