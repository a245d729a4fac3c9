"""Part 5: the command, from its start to its exit, with nothing compiled in advance."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lincheck.columns import Ints
from benchmarks.lincheck.figures import Goal, Report, number
from benchmarks.lincheck.isolation import ROOT
from benchmarks.lincheck.material import LOGS, NEW_SEED, Shape, generated, require
from checkers.codec import encode, footer_for, lines_of
from checkers.history import OPEN_NS, History, Op, Outcome

SMALL = "jepsen/etcd_000.log"  # illegal
SMALL_BOUND_S, LARGE_BOUND_S = 0.25, 12.0
RUNS, QUICK_RUNS = 10, 3
LARGE = tuple(Shape(ops, 10, 5, 0, bad) for ops in (20_000, 100_000) for bad in (False, True))
COMMAND = "import sys; from checkers.lincheck.command import main; sys.exit(main())"
FIRST = "first"
NAMES = ("read", "write", "cas")


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the command. code: its exit code."""

    what: str
    seconds: float
    code: int
    right: bool


def measure(quick: bool) -> Iterator[Row]:
    """A small file again and again, then large ones, each for the first and for the second time."""
    small = require(LOGS / SMALL)
    with tempfile.TemporaryDirectory() as folder:
        bytecode = str(Path(folder) / "bytecode")
        run(small, bytecode, str(Path(folder) / "warm-up"))  # Python's own files, as an installation has them
        for k in range(QUICK_RUNS if quick else RUNS):
            yield run(small, bytecode, str(Path(folder) / f"numba-{k}"), "small", 1)
        for shape in LARGE:
            large = Path(folder) / "large.jsonl"
            large.write_bytes(lines(history_of(generated(shape, shape.seed + NEW_SEED)[0])))
            compiled = str(Path(folder) / f"numba-{shape.words()}")
            for what in (FIRST, "again"):
                yield run(large, bytecode, compiled, f"{shape.words()}: {what}", int(shape.bad))


def run(file: Path, bytecode: str, compiled: str, what: str = "", expected: int = 0) -> Row:
    """Call the command. compiled: the folder of numba's cache."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "SPLITBRAIN_LINCHECK_JIT")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment |= {"NUMBA_CACHE_DIR": compiled, "PYTHONPYCACHEPREFIX": bytecode}
    begun = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", COMMAND, str(file)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        preexec_fn=_all_cores,
    )
    return Row(what, time.perf_counter() - begun, ended.returncode, ended.returncode == expected)


def _all_cores() -> None:
    """A command may use the whole machine, as it does for its users."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


def history_of(rows: Ints) -> History:
    """The generator's array (see there) as a history: a failed cas answered False."""
    ops = []
    for client, f, one, two, seen, ok, call, ret in rows.tolist():
        given = (None, one, [one, two])[f]
        answer = ((None if seen < 0 else seen), None, ok == 1)[f] if ok != 2 else None
        outcome = Outcome.INFO if ok == 2 else Outcome.OK
        returned = OPEN_NS if ok == 2 else ret
        ops.append(Op(0, client, NAMES[f], "x", given, answer, outcome, call, returned))
    return History.of(ops, (), {"model": "cas-register", "failed_cas": "observation"})


def lines(history: History) -> bytes:
    """A finished history file."""
    header_and_events = [encode(line) for line in lines_of(history)]
    body = b"".join(header_and_events)
    return body + encode(footer_for(body, len(header_and_events) - 1))


def report(rows: Sequence[Row]) -> Report:
    """Medians."""
    shown, goals = [], []
    for what in dict.fromkeys(row.what for row in rows):
        seconds = [row.seconds for row in rows if row.what == what]
        middle = statistics.median(seconds)
        shown.append((what, str(len(seconds)), number(min(seconds)), number(middle), number(max(seconds))))
        if what == "small" or what.endswith(FIRST):
            bound = SMALL_BOUND_S if what == "small" else LARGE_BOUND_S
            goals.append(Goal(f"{what}: median", middle, bound, True, " s"))
    return Report(
        "the whole process, from start to exit",
        (
            f"small: {SMALL}; numba's cache empty each time",
            "the others: JSON lines; first with an empty cache, compilation included where it is needed",
            "all cores, as for a user; seconds; Python's own bytecode is on disk; Porcupine has no command",
        ),
        ("file", "runs", "least", "median", "most"),
        shown,
        goals,
        [f"{row.what}: exit code {row.code}" for row in rows if not row.right],
        rows,
    )
