"""`splitbrain run SYSTEM --on sim --seeds A..B`: what is shown of a sweep, and what it comes to.

Invariants: every seed that is not valid is named with the command that replays it; the first few with an
anomaly are run again in folders of their own, with reports; Ctrl-C ends the sweep with what is known so far.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness import compose
from harness.commands import values_of
from harness.config import configure
from harness.deploy.places import SIM
from harness.errors import (
    EXIT_ANOMALY,
    EXIT_FAILED,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_VALID,
    ConfigError,
)
from harness.plan import RunPlan
from harness.planning import command_of, plan_run
from harness.progress import Counted
from harness.seeds import seed_range
from harness.sweep import SeedResult, sweep

REPORTS = 3  # failing seeds of which reports are written


def seeds_of(text: str) -> range:
    """ "7" or "1..1000". Raises ConfigError."""
    try:
        return seed_range(text)
    except ValueError as error:
        raise ConfigError(f"--seeds {error}", fix="write for example --seeds 1..1000") from None


@dataclass(slots=True)
class Sweep:
    """A sweep's results so far."""

    seeds: int
    words: Counter[str] = field(default_factory=Counter)
    ops: int = 0
    failing: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False

    def add(self, result: SeedResult, make: Callable[[int], RunPlan]) -> None:
        """Count a result; keep it, with the plan that `make` gives for its seed, if it is not valid."""
        self.words[result.word] += 1
        self.ops += result.ops
        if result.word != "valid":
            shown = msgspec.to_builtins(result)
            self.failing.append({**shown, "replay": command_of(make(result.seed)), "report": None})

    def exit_code(self, expect: str) -> int:
        """Of the whole sweep, as of one run: the worst counts."""
        anomalies = self.words["anomaly"]
        if anomalies:
            return EXIT_VALID if expect == "anomaly" else EXIT_ANOMALY
        if self.words["failed"]:
            return EXIT_FAILED
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.words["inconclusive"]:
            return EXIT_INCONCLUSIVE
        return EXIT_ANOMALY if expect == "anomaly" else EXIT_VALID


def sweep_command(system: str, given: Mapping[str, Any], seeds: str, workers: int) -> int:
    """Run every seed; the exit code."""
    if given["place"] != SIM:
        raise ConfigError("--seeds is for simulation", fix="give --on sim with it, or --seed for one run")
    if given["seed"] is not None:
        raise ConfigError("--seed and --seeds are both given", fix="leave one out")
    if not 1 <= workers <= 256:
        raise ConfigError(f"-j {workers}: from 1 to 256 processes", fix="give -j 2")
    over = seeds_of(seeds)
    values = values_of(system, {**given, "seed": over[0]})
    first = plan_run(configure(values))

    def make(seed: int) -> RunPlan:
        return plan_run(configure({**values, "seed": seed}))

    title = f"{first.system}, {first.workload}, nemeses {first.nemeses}, {len(over)} seeds"
    done, began = Sweep(len(over)), time.monotonic()
    with Counted(f"splitbrain: {title}", len(over)) as counted:
        try:
            for result in sweep(make, over, workers, lambda _: False):
                done.add(result, make)
                if result.word != "valid":
                    counted.note(f"seed {result.seed}: {result.word} {result.anomaly} {_short(result.said)}")
                    counted.note(f"  replay: {done.failing[-1]['replay']}")
                counted.advance(sum(done.words.values()), _counts(done))
        except KeyboardInterrupt:
            done.interrupted = True
        _report(done, make, Path(given["runs"]), counted)
    _print(done, time.monotonic() - began, given["as_json"])
    return done.exit_code(first.expect)


def _report(done: Sweep, make: Any, runs: Path, counted: Counted) -> None:
    """Run the first anomalies again, with a folder and a report."""
    anomalies = [one for one in done.failing if one["word"] == "anomaly"]
    for one in anomalies[:REPORTS]:
        observer = counted.observer()
        record, folder = compose.run(
            make(one["seed"]), runs, observer, compose.StopRequest(), compose.now_ns()
        )
        compose.keep(folder, record)
        one["report"] = str(folder / "report.html")
        counted.note(f"seed {one['seed']}: report {one['report']}")


def _counts(done: Sweep) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(done.words.items()))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:197] + "..."


def _print(done: Sweep, seconds: float, as_json: bool) -> None:
    ran = sum(done.words.values())
    if as_json:
        document = {
            "seeds": done.seeds,
            "ran": ran,
            "words": dict(done.words),
            "operations": done.ops,
            "seconds": seconds,
            "failing": done.failing,
        }
        print(msgspec.json.format(msgspec.json.encode(document)).decode())
        return
    rate = ran / seconds * 60 if seconds else 0.0
    print(f"{ran} of {done.seeds} seeds: {_counts(done) or 'none'}")
    print(f"{done.ops:,} operations in {seconds:.1f} s; {rate:.0f} runs a minute")
    for one in done.failing:
        print(f"\nseed {one['seed']}: {one['word']} {one['anomaly']}\n  {_short(one['said'])}")
        print(f"  replay: {one['replay']}")
        if one["report"]:
            print(f"  report: {one['report']}")
    sys.stdout.flush()
