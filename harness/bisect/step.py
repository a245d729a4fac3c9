"""What bisect does at one commit, in a process of its own: carry the plan out with that commit's system.

    FOLDER/   step.json   what is to be done, written before the process starts
              seen.json   what was seen, last
              (a run's plan and history)

`python -m harness.bisect.step FOLDER` does it, with the commit's package first on PYTHONPATH if the system is
one that comes along. Invariants: a commit is called good or bad only if the package was really the one of
that commit; options that nobody gave are that commit's own; whatever else happens is a commit that cannot be
told.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from harness.campaign.isolation import die_with_parent
from harness.deploy.places import LOCAL
from harness.errors import EXIT_FAILED, EXIT_VALID, HarnessBug, SplitbrainError

if TYPE_CHECKING:
    from harness.plan import RunPlan
    from reports.record import RunRecord

STEP, SEEN = "step.json", "seen.json"
Word = Literal["good", "bad", "skip"]


class StepTask(msgspec.Struct, frozen=True):
    """plan: as JSON, its system the one of the commit; given: options that somebody chose, None if that is
    not known; package, origin: which package must come from which file, "" if none has to. claim, anomaly:
    what makes the commit bad.
    """

    plan: bytes
    given: dict[str, str] | None
    package: str
    origin: str
    claim: str
    anomaly: str


class Seen(msgspec.Struct, frozen=True):
    """word: of the commit; said: why, in a sentence; wrong: a rule of this program that was broken."""

    word: Word
    said: str
    wrong: str = ""


def spawn(folder: str, path: str) -> bytes:
    """Start the step in a fresh interpreter, whose packages come from the folder `path` first, and wait for
    its end; its exit code.
    """
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH"))))}
    # Two commits of one second may have files of one size: Python would take the first one's compiled file.
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    argv = [sys.executable, "-m", "harness.bisect.step", folder]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, cwd=path, env=env)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return str(process.wait()).encode()


def see(task: StepTask, folder: Path) -> Seen:
    """Do it. Raises HarnessBug if the package is not the commit's."""
    _check_origin(task)
    try:
        # Imported as late as this, since they import the package that the commit may have broken.
        from harness.carrying import carried_out

        plan = _planned(task)
        record = carried_out(plan, folder)
    except SplitbrainError as error:
        return Seen("skip", " ".join(str(error.problem).split()))
    except Exception as error:
        traceback.print_exc()
        return Seen("skip", " ".join(f"{type(error).__name__}: {error}".split()))
    _check_loaded(task)
    return seen_in(record, task.claim, task.anomaly)


def _check_origin(task: StepTask) -> None:
    """Before anything of the package is run."""
    if task.package:
        spec = find_spec(task.package)
        _same_file(task, spec.origin if spec is not None else None)


def _check_loaded(task: StepTask) -> None:
    if task.package:
        _same_file(task, getattr(sys.modules.get(task.package), "__file__", None))


def _same_file(task: StepTask, found: str | None) -> None:
    if found is None or Path(found).resolve() != Path(task.origin):
        raise HarnessBug(f"{task.package} comes from {found}, not from the commit's {task.origin}")


def _planned(task: StepTask) -> RunPlan:
    from harness.deploy.places import SIM, split_options
    from harness.errors import ConfigError
    from harness.plan import decode_plan
    from harness.plugins import checked_options, load_system
    from systems.api import Simulates

    plan = decode_plan(task.plan, "the plan")
    system = load_system(plan.system)
    if plan.place == SIM and not isinstance(system, Simulates):
        raise ConfigError("it cannot be simulated: it has no core(options) and logic(ctx)")
    if task.given is None:
        return plan
    given, _ = split_options(plan.place, task.given, getattr(system, "options", {}))
    return msgspec.structs.replace(plan, options=checked_options(system, given, plan.nodes))


def seen_in(record: RunRecord, claim: str, anomaly: str) -> Seen:
    """What a run says of the commit."""
    from checkers.verdict import Invalid

    found = [one for one in record.claims if isinstance(one.verdict, Invalid)]
    for one in found:
        if isinstance(one.verdict, Invalid) and (one.name, one.verdict.anomaly) == (claim, anomaly):
            return Seen("bad", " ".join(one.verdict.sentence.split()))
    if found:
        names = ", ".join(one.verdict.anomaly for one in found if isinstance(one.verdict, Invalid))
        return Seen("skip", f"it shows something else: {names}")
    if record.card.outcome == "valid":
        return Seen("good", "the run is valid")
    why = record.card.reasons or tuple(getattr(one.verdict, "reason", "") for one in record.claims)
    said = " ".join("; ".join(filter(None, why)).split())
    return Seen("skip", f"the run is {record.card.outcome}: {said}")


def main(argv: Sequence[str]) -> int:
    """Do the step of a folder, in namespaces of its own where the place asks for it."""
    die_with_parent()
    folder = Path(argv[0])
    task = msgspec.json.decode((folder / STEP).read_bytes(), type=StepTask)
    if msgspec.json.decode(task.plan)["place"] == LOCAL:
        from harness.deploy import namespaces

        if not namespaces.is_inside():
            return namespaces.enter([sys.executable, "-m", "harness.bisect.step", *argv])
    os.environ.setdefault("SPLITBRAIN_STARTED_NS", str(time.monotonic_ns()))
    try:
        seen = see(task, folder)
    except HarnessBug as error:
        seen = Seen("skip", "", error.problem)
    (folder / SEEN).write_bytes(msgspec.json.encode(seen))
    return EXIT_FAILED if seen.wrong else EXIT_VALID


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
