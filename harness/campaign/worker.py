"""What the process of one run does: plan it, carry it out, judge it, and write down what came of it.

`python -m harness.campaign.worker FOLDER` does the task in FOLDER/task.json, in namespaces of its own where
the place asks for it. Invariants: `result.json` comes last, so a folder that has one is complete; a hunt's
folder holds the run of the seed that found the bug, or of the last one that did not; a simulated run that is
valid keeps its card alone, since its seed makes it again, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from checkers.history import History
from checkers.verdict import Invalid, Unknown
from harness import compose
from harness.campaign.fingerprint import active_faults, fingerprint_of, shape_of, system_label
from harness.campaign.isolation import die_with_parent
from harness.campaign.jobs import Cause, Result, Task, Violation
from harness.campaign.metrics import below, metrics_of
from harness.campaign.night_lock import take_part
from harness.campaign.results import blank, failed
from harness.campaign.run_folder import RESULT, TASK, trim, write_result
from harness.carrying import carried_out
from harness.config import configure
from harness.deploy.places import LOCAL, SIM
from harness.environment import now_text
from harness.errors import (
    EXIT_FAILED,
    EXIT_VALID,
    ConfigError,
    MissingPrerequisite,
    SplitbrainError,
)
from harness.plan import RunPlan
from harness.planning import plan_run
from harness.plugins import load_system
from harness.sweep import run_seed
from reports import archive
from reports.record import RunRecord


def carry_out(encoded: bytes, folder: str, lock: str, token: str) -> bytes:
    """Do the task in this process if it is simulated, else in one of its own; the result is in the folder.
    lock, token: of the night that it belongs to, "" for none.
    """
    task = msgspec.json.decode(encoded, type=Task)
    busy = (take_part(Path(lock), token),) if lock else ()
    (Path(folder) / TASK).write_bytes(encoded)
    if task.cell.place == SIM:
        do(task, Path(folder))
        return b"done"
    argv = [sys.executable, "-m", "harness.campaign.worker", folder]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=busy)
    # Asked to end, it heals what it broke; who asks kills both if that takes too long.
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    if code != EXIT_VALID:
        raise RuntimeError(f"the run's process ended with status {code}")
    return b"done"


def do(task: Task, folder: Path) -> None:
    """Carry the task out, and write its result."""
    began, started_at = time.monotonic(), now_text()
    try:
        plan, tried = _chosen_plan(task)
        record = carried_out(plan, folder)
    except SplitbrainError as error:
        cause: Cause = "prerequisite" if isinstance(error, MissingPrerequisite) else "plug-in"
        if not isinstance(error, MissingPrerequisite | ConfigError):
            cause = "crashed"
        said = " ".join(str(error).split())
        write_result(folder, failed(task, cause, said, time.monotonic() - began, started_at))
        return
    _keep(task, folder, record, result_of(task, plan, record, tried, time.monotonic() - began))


def _keep(task: Task, folder: Path, record: RunRecord, result: Result) -> None:
    if task.cell.place == SIM and is_dull(result):
        archive.write_card(folder, record.card)
        trim(folder)
    else:
        compose.keep(folder, record)
    write_result(folder, result)


def is_dull(result: Result) -> bool:
    """Valid, and nothing to look at."""
    return result.outcome == "valid" and not result.missed


def _chosen_plan(task: Task) -> tuple[RunPlan, int]:
    """The plan to carry out, and how many seeds were tried: of a hunt, that of the first that is caught."""
    cell, first = task.cell, task.job.seed
    plan = plan_run(configure(task.values))
    if cell.tries == 1:
        return plan, 1
    for number in range(cell.tries):
        plan = plan_run(configure({**task.values, "seed": first + number}))
        if run_seed(plan).word in ("anomaly", "failed"):
            return plan, number + 1
    return plan, cell.tries


def result_of(task: Task, plan: RunPlan, record: RunRecord, tried: int, seconds: float) -> Result:
    """What is kept of a run that was carried out."""
    card, metrics = record.card, metrics_of(record)
    unknown = tuple(c.verdict.reason for c in record.claims if isinstance(c.verdict, Unknown))
    violations = tuple(_violations(plan, record))
    said = tuple(dict.fromkeys((*(one.sentence for one in violations), *card.reasons, *unknown)))
    missed = below(metrics, task.thresholds, had_faults=bool(plan.faults.faults))
    return msgspec.structs.replace(
        blank(task),
        workload=plan.workload,
        nemeses=plan.nemeses if task.cell.nemeses != "default" else "default",
        seed=plan.seed,
        tried=tried,
        outcome=card.outcome,
        said=said,
        missed=missed if card.outcome in ("valid", "anomaly") else (),
        started_at=card.started_at,
        seconds=seconds,
        replay=card.replay,
        plan=card.plan_digest,
        trace=trace_of(record.history),
        metrics=metrics,
        violations=violations,
    )


def _violations(plan: RunPlan, record: RunRecord) -> list[Violation]:
    label = system_label(plan.system, plan.options, getattr(load_system(plan.system), "options", {}))
    found = []
    for claim in record.claims:
        verdict = claim.verdict
        if not isinstance(verdict, Invalid):
            continue
        example = verdict.counter_example
        model = example.model if example is not None else claim.name
        faults = active_faults(example, record.history.disturbances)
        shape = shape_of(label, model, verdict.anomaly, example, faults)
        size = 0 if example is None else len(example.ops)
        sentence = " ".join(verdict.sentence.split())
        found.append(
            Violation(
                claim.name, model, verdict.anomaly, sentence, size, fingerprint_of(shape), shape, faults
            )
        )
    return found


def trace_of(history: History) -> str:
    """SHA-256 of the lines of its events; "" if it has none."""
    if not len(history):
        return ""
    from checkers.codec import encode, lines_of

    _, *events = lines_of(history)
    return hashlib.sha256(b"".join(encode(line) for line in events)).hexdigest()


def main(argv: Sequence[str]) -> int:
    """Do the task of a folder in this process, or inside namespaces."""
    die_with_parent()
    folder = Path(argv[0])
    task = msgspec.json.decode((folder / TASK).read_bytes(), type=Task)
    if task.cell.place == LOCAL:
        from harness.deploy import namespaces

        if not namespaces.is_inside():
            return namespaces.enter([sys.executable, "-m", "harness.campaign.worker", *argv])
    os.environ.setdefault("SPLITBRAIN_STARTED_NS", str(time.monotonic_ns()))
    do(task, folder)
    return EXIT_VALID if (folder / RESULT).exists() else EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
