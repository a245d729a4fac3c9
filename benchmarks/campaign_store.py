"""What a store of many runs costs: a night's report, `splitbrain list runs`, and the database's size.

`python -m benchmarks.campaign_store [RUNS]`: ten nights of a campaign of 40 cells, RUNS runs in all (10,000),
one in fifty with an anomaly of 100 fingerprints. The results are made up, the folders are real.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.campaign.jobs import Cell, Job, Limits, Metrics, Result, Thresholds, Violation
from harness.campaign.night import Ended, Night, NightPlan, begin
from harness.campaign.outputs import write_outputs
from harness.campaign.run_folder import write_result
from harness.campaign.store.database import NAME, Store
from harness.campaign.store.index import index_night, index_runs, reindex
from harness.campaign.summary import summary_of
from harness.campaign.tonight import weighed

NIGHTS, CELLS, SHAPES = 10, 40, 100
LIMIT_REPORT_S, LIMIT_LIST_S, LIMIT_MB = 5.0, 0.5, 50.0


def cells() -> tuple[Cell, ...]:
    """The matrix."""
    limits = Limits(60.0, 1024, 512)
    return tuple(
        Cell(f"{system}/register/{nemesis}@sim", system, "register", nemesis, "sim", {}, limits)
        for system in (f"system{n}" for n in range(8))
        for nemesis in (f"nemesis{n}" for n in range(CELLS // 8))
    )


def night_of(root: Path, number: int, runs: int) -> Night:
    """A night's folder with its runs'."""
    matrix = cells()
    jobs = tuple(
        Job(n + 1, matrix[n % CELLS].id, number * runs + n // CELLS, "new seed") for n in range(runs)
    )
    at = f"2026-01-{number + 1:02d}T02:30:00+00:00"
    plan = NightPlan(
        f"bench-202601{number + 1:02d}-023000", "bench", at, "", "bench.toml", "", "splitbrain campaign",
        matrix, jobs, (), Thresholds(), {},
    )  # fmt: skip
    night = begin(root, plan)
    chance = random.Random(number)
    for job in jobs:
        folder = night.run_folder(job)
        folder.mkdir(parents=True)
        write_result(folder, result_of(night, job, chance))
    night.end(Ended(at, 3600.0, 1, (), ()))
    return night


def result_of(night: Night, job: Job, chance: random.Random) -> Result:
    """A made-up result."""
    cell = night.task(job).cell
    violations: tuple[Violation, ...] = ()
    if chance.random() < 0.02:
        shape = f"shape {chance.randrange(SHAPES)} " * 30
        sentence = "process 3 read 4 from key k1, although 7 had been written before" * 2
        found = Violation(
            "linearizable register",
            "register",
            "not-linearizable",
            sentence,
            4,
            f"{hash(shape):012x}"[-12:],
            shape,
            ("kill",),
        )
        violations = (found,)
    metrics = Metrics(
        600, 200, 20, 0.4, 19.7 + chance.random(), 0.01, 0.3 + chance.random(), 0.03, 0.06, 24, 24
    )
    return Result(
        night=night.plan.id, job=job.id, number=job.number, cell=cell.id, system=cell.system,
        workload="register", nemeses=cell.nemeses, place="sim", bug="", expect="valid", why="new seed",
        looked_for="", seed=job.seed, tried=1, outcome="anomaly" if violations else "valid", cause="",
        said=tuple(v.sentence for v in violations), missed=(), started_at=night.plan.started_at, seconds=0.5,
        replay="splitbrain run raft -w register -n partition,kill --nodes 5 -c 10 --time 30s --rate 40 " * 3,
        plan="0123456789ab", trace=f"{chance.getrandbits(256):064x}", metrics=metrics, violations=violations,
    )  # fmt: skip


def main(runs: int = 10_000) -> None:
    """Print what it took, and the ratio to the limit."""
    with tempfile.TemporaryDirectory(prefix="splitbrain-bench-") as folder:
        root = Path(folder)
        nights = [night_of(root, number, runs // NIGHTS) for number in range(NIGHTS)]
        with Store(root) as store:
            began = time.monotonic()
            for night in nights:
                index_night(store, night)
                index_runs(store, night)
            print(f"indexing {runs:,} runs: {time.monotonic() - began:.2f} s")
            began = time.monotonic()
            record = summary_of(store, weighed(store, nights[-1]), "")
            page = write_outputs(nights[-1].folder, record)
            took = time.monotonic() - began
            size = page.stat().st_size / 1e6
            print(f"report of a night: {took:.2f} s, {took / LIMIT_REPORT_S:.2f} of the limit; {size:.1f} MB")
        began = time.monotonic()
        argv = [sys.executable, "-m", "harness.cli", "list", "runs", "--runs", folder]
        subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
        took = time.monotonic() - began
        print(f"splitbrain list runs: {took:.2f} s, {took / LIMIT_LIST_S:.2f} of the limit")
        size = (root / NAME).stat().st_size / 1e6
        print(f"database: {size:.1f} MB, {size / LIMIT_MB:.2f} of the limit")
        began = time.monotonic()
        count, _ = reindex(root, lambda _count, _name: None)
        print(f"reindex of {count:,} runs: {time.monotonic() - began:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
