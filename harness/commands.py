"""What the commands of `harness.cli` do: everything heavy is imported here, after the arguments were parsed.

Invariants: a run on this machine happens inside namespaces of its own; signals heal, report and set the exit
code; stdout carries the result alone, as text or as one JSON document.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from checkers.codec import HistoryError
from checkers.history import Outcome
from checkers.verdict import word
from harness import compose, recheck
from harness.config import configure, parse_duration, parse_options
from harness.deploy import namespaces
from harness.deploy.places import LOCAL
from harness.doctor.admission import admit
from harness.errors import EXIT_INTERRUPTED, EXIT_TERMINATED, ConfigError, EnvironmentFault
from harness.plan import RunPlan, decode_plan
from harness.planning import plan_run
from harness.progress import Progress
from reports.record import RunRecord
from reports.text import render_text

_SIGNALS = {signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_TERMINATED}


def run_command(system: str, given: Mapping[str, Any]) -> int:
    """`splitbrain run`."""
    if given["place"] == LOCAL and not namespaces.is_inside():
        return _enter()
    return _run(plan_run(configure(values_of(system, given))), given["runs"], given["as_json"])


def replay_command(run_folder: str, runs: str, as_json: bool, skip_unavailable: bool = False) -> int:
    """`splitbrain replay`."""
    path = Path(run_folder) / "plan.json"
    plan = decode_plan(recheck.read_bytes(path), str(path))
    if skip_unavailable:
        plan = msgspec.structs.replace(plan, skip_unavailable=True)
    if plan.place == LOCAL and not namespaces.is_inside():
        return _enter()
    return _run(plan, runs, as_json)


def _enter() -> int:
    return namespaces.enter([sys.executable, "-m", "harness.cli", *sys.argv[1:]])


def values_of(system: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What `harness.config.configure` takes, of what the command line gave. Raises ConfigError."""
    values = {key: value for key, value in given.items() if key not in ("runs", "as_json")}
    values["system"] = system
    values["time_s"] = parse_duration(values.pop("time_text"), "--time")
    values["ready_timeout_s"] = parse_duration(values.pop("ready_timeout"), "--ready-timeout")
    values["op_timeout_s"] = parse_duration(values.pop("op_timeout"), "--op-timeout")
    values["judge_time_s"] = parse_duration(values.pop("judge_time"), "--judge-time")
    values["options"] = parse_options(values["options"])
    if values["seed"] is None:
        values["seed"] = compose.fresh_seed()
    return values


def _handle_signals(stop: compose.StopRequest, progress: Progress) -> None:
    def handler(number: int, _frame: FrameType | None) -> None:
        code = _SIGNALS[signal.Signals(number)]
        if stop.event.is_set():
            # Asked twice. Namespaces die with this process; what is left elsewhere, the next run or
            # `splitbrain doctor --cleanup` removes.
            os._exit(code)
        stop.code = code
        stop.event.set()
        progress.note("stopping: healing, then reporting (again to stop at once)")

    for number in _SIGNALS:
        signal.signal(number, handler)


def _run(plan: RunPlan, runs: str, as_json: bool) -> int:
    what = f"{plan.system}, {plan.workload}, nemeses {plan.nemeses}"
    progress = Progress(f"splitbrain: {what}, seed {plan.seed}, plan {plan.digest()}")
    stop = compose.StopRequest()
    _handle_signals(stop, progress)
    started = int(os.environ.get("SPLITBRAIN_STARTED_NS") or compose.now_ns())
    try:
        unavailable = admit(plan)
        for kind, why in unavailable.items():
            progress.note(f"{kind} faults will be skipped: {why}")
        record, folder = compose.run(plan, Path(runs), progress, stop, started, unavailable)
    finally:
        progress.close()
    failed: EnvironmentFault | None = None
    try:
        compose.keep(folder, record)
    except EnvironmentFault as error:
        failed = error
    print_record(record, folder, as_json)
    if failed is None:
        return record.card.exit_code
    print(f"splitbrain: {failed}", file=sys.stderr)
    return record.card.exit_code if record.card.outcome == "anomaly" else failed.exit_code


def print_record(record: RunRecord, folder: Path, as_json: bool) -> None:
    """The result of a run, on standard output."""
    report = str(folder / "report.html")
    if as_json:
        outcomes = Counter(Outcome(code).name.lower() for code in record.history.outcome.tolist())
        document = {
            "ok": outcomes["ok"],
            "fail": outcomes["fail"],
            "info": outcomes["info"],
            "folder": str(folder),
            "report": report,
            "card": record.card,
            "claims": record.claims,
        }
        print(msgspec.json.format(msgspec.json.encode(document)).decode())
        return
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(render_text(record, colour=colour, report_path=report))


def check_command(
    target: str,
    workload: str | None,
    failed_cas: str | None,
    judge_time: str,
    judge_memory_mb: int,
    as_json: bool,
) -> int:
    """`splitbrain check`."""
    path, time_s = Path(target), parse_duration(judge_time, "--judge-time")
    try:
        if path.is_dir():
            if workload or failed_cas:
                raise ConfigError(
                    "-w and --failed-cas are part of a run's plan", fix="leave them out for a run folder"
                )
            checked = recheck.check_run(path, time_s, judge_memory_mb)
        else:
            checked = recheck.check_file(path, workload, failed_cas, time_s, judge_memory_mb)
    except HistoryError as error:
        raise ConfigError(f"{error.source}:{error.line}: {error.problem}", fix=error.fix) from None
    for note in checked.notes:
        print(f"splitbrain: note: {note}", file=sys.stderr)
    if checked.record is not None and checked.folder is not None:
        print_record(checked.record, checked.folder, as_json)
    elif as_json:
        print(msgspec.json.encode(checked.judged).decode())
    else:
        for judged in checked.judged:
            print(f"{word(judged.verdict)}\t{judged.name}\t{judged.verdict.checked} operations\t{target}")
            said = getattr(judged.verdict, "sentence", None) or getattr(judged.verdict, "reason", None)
            if said:
                print(f"  {said}")
    return checked.exit_code
