"""`splitbrain shrink RUN`: from a run with an anomaly to a small one that has it too.

Invariants: the run it starts from is not changed; the small plan is carried out as a run of its own, with a
folder and a report; it counts only if that run fails again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from checkers.verdict import Invalid
from harness import compose
from harness.commands import print_record
from harness.deploy.places import SIM
from harness.errors import EXIT_ANOMALY, ConfigError
from harness.plan import RunPlan, decode_plan
from harness.plugins import load_system
from harness.progress import Counted
from harness.promises import claims_for
from harness.recheck import read_bytes
from harness.shrink import Shrinker, script_of, scripted
from harness.simulated import ran
from harness.sweep import verdict_of
from nemeses.errors import NemesisError
from systems.api import Simulates


@dataclass(frozen=True, slots=True)
class Failure:
    """How a run fails: by which of its claims (its place among them), as what anomaly, about which key."""

    claim: int
    anomaly: str
    key: str | None


def failure_of(plan: RunPlan, system: Any, only: int | None = None) -> tuple[Failure | None, Any]:
    """How a run of `plan` fails (only: by this claim), and the run."""
    done = ran(plan, system)
    specs = claims_for(plan, system, done.heal_ns, done.quiet_ns)
    for number, spec in enumerate(specs):
        if only is not None and number != only:
            continue
        verdict = verdict_of(spec, done.history)
        if isinstance(verdict, Invalid):
            example = verdict.counter_example
            keys = verdict.bad_keys or (() if example is None else (example.key,))
            return Failure(number, verdict.anomaly, keys[0] if keys else None), done
    return None, done


def smaller(
    plan: RunPlan, system: Any, tries: int, found: Callable[[RunPlan, int], None]
) -> tuple[RunPlan, Failure] | None:
    """The smallest plan that was found to fail as `plan` does; None if `plan` does not fail."""
    failure, done = failure_of(plan, system)
    if failure is None:
        return None
    start = plan if plan.script is not UNSET else scripted(plan, done.history, done.quiet_ns)

    def fails(candidate: RunPlan) -> bool:
        try:
            return failure_of(candidate, system, failure.claim)[0] is not None
        except NemesisError:
            return False  # a shape of faults that so few nodes have not

    shrinker = Shrinker(start, fails, tries, found)
    if not fails(start):
        # What is left to chance differs once operations come from a script: look for a stream that fails.
        others = (msgspec.structs.replace(start, chance=number) for number in range(1, 30))
        again = next((other for other in others if fails(other)), None)
        if again is None:
            return start, failure
        shrinker.best = again
    return shrinker.shrink(failure.key), failure


def shrink_command(run_folder: str, tries: int, runs: str, as_json: bool) -> int:
    """`splitbrain shrink`; the exit code is that of the small run: 1, if it fails again as it should."""
    path = Path(run_folder) / "plan.json"
    plan = decode_plan(read_bytes(path), str(path))
    system = load_system(plan.system)
    if tries < 1:
        raise ConfigError(f"--tries {tries}: at least one", fix="give --tries 600")
    if not isinstance(system, Simulates):
        raise ConfigError(f"{plan.system} cannot be simulated", fix="only simulated runs can be made smaller")
    if plan.place != SIM:
        raise ConfigError(
            f"{path}: a run at {plan.place}; only simulated runs can be made smaller",
            fix="find a seed that fails with --on sim --seeds 1..1000, and shrink that run",
        )
    with Counted(f"splitbrain: shrinking {run_folder}", tries) as counted:

        def found(best: RunPlan, left: int) -> None:
            counted.advance(tries - left, _size(best))

        began = time.monotonic()
        result = smaller(plan, system, tries, found)
        if result is None:
            raise ConfigError(
                f"{run_folder}: run again, it has no anomaly", fix="give the folder of a run that has one"
            )
        small, failure = result
        counted.note(f"{_size(small)} after {time.monotonic() - began:.1f} s, {failure.anomaly}")
        folder, record = _carry_out(small, Path(runs))
    print_record(record, folder, as_json)
    return EXIT_ANOMALY if record.card.outcome == "anomaly" else record.card.exit_code


def _carry_out(plan: RunPlan, runs: Path) -> tuple[Path, Any]:
    observer = Counted("splitbrain: the small run", 1).observer()
    record, folder = compose.run(plan, runs, observer, compose.StopRequest(), compose.now_ns())
    compose.keep(folder, record)
    return folder, record


def _size(plan: RunPlan) -> str:
    ops, faults = len(script_of(plan)), len(plan.faults.faults)
    return f"{ops} operations, {faults} faults, {len(plan.nodes)} nodes, {plan.clients} clients"
