"""Part 1: the logs of Porcupine's own tests: 60 of etcd by Jepsen, 4 of a key-value store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.lincheck.figures import Goal, Report, geometric_mean, least, number, ratio, times
from benchmarks.lincheck.isolation import best_of, clocked, uncollected
from benchmarks.lincheck.material import LOGS, log_verdicts, require
from checkers.history import History
from checkers.interop.porcupine import parse_etcd, parse_kv
from checkers.lincheck import jit
from checkers.lincheck.check import check
from checkers.lincheck.encode import Encoder
from checkers.lincheck.model import Model
from checkers.lincheck.models import CasRegister, KeyValue
from checkers.lincheck.question import Question
from checkers.lincheck.solve import solve
from checkers.verdict import Invalid, Valid

RUNS, QUICK_RUNS = 20, 3
WORST = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One file. ms: `solve` over its keys; check_ms: `check`, encoding included; theirs_ms: Porcupine."""

    file: str
    right: bool
    ms: float
    check_ms: float
    theirs_ms: float

    @property
    def ratio(self) -> float | None:
        """Of the search."""
        return ratio(self.theirs_ms, self.ms)

    @property
    def check_ratio(self) -> float | None:
        """With encoding."""
        return ratio(self.theirs_ms, self.check_ms)

    @property
    def is_etcd(self) -> bool:
        """Or of the key-value store."""
        return self.file.startswith("jepsen/")


def measure(quick: bool) -> Iterator[Row]:
    """File by file."""
    jit.compiled()
    files = log_verdicts()
    for file in files:
        _file(
            file, True, 0.0, 1
        )  # the one warm-up, over all of them: the compiled kernel is loaded as needed
    for file, (legal, theirs_ms) in files.items():
        yield _file(file, legal, theirs_ms, QUICK_RUNS if quick else RUNS)


def _file(file: str, legal: bool, theirs_ms: float, runs: int) -> Row:
    text = require(LOGS / file).read_text(encoding="utf-8")
    is_etcd = file.startswith("jepsen/")
    history = (parse_etcd if is_etcd else parse_kv)(text, file)
    model: Model = CasRegister(failed_cas="observation") if is_etcd else KeyValue()
    seen, ms = _search(history, model, runs)
    verdict, check_ms, _ = best_of(lambda: check(history, model, explain=False, witness=False), runs)
    right = seen == {legal} and isinstance(verdict, Valid if legal else Invalid)
    return Row(file, right, ms, check_ms, theirs_ms)


def _search(history: History, model: Model, runs: int) -> tuple[set[bool | None], float]:
    """What the runs found, and the best ms of all but the first.

    Encoded anew for each of them, before the first: no answer of a model is known when a run begins.
    """
    keys = history.split_by_key().values()
    encoders = [Encoder(model) for _ in range(runs + 1)]
    questions = [[encoder.part(key).asked for key in keys] for encoder in encoders]
    with uncollected():
        timed = [clocked(partial(_all_legal, some)) for some in questions]
    return {found for found, _ in timed}, min(ms for _, ms in timed[1:])


def _all_legal(questions: Sequence[Question]) -> bool | None:
    """All keys are judged, also after an illegal one."""
    found = [solve(question, want_order=False).legal for question in questions]
    return False if False in found else None if None in found else True


def report(rows: Sequence[Row]) -> Report:
    """The slowest files, the sums, the means."""
    worst = sorted(rows, key=lambda row: row.ratio or 0.0)[:WORST]
    lines = [
        (
            row.file,
            number(row.theirs_ms),
            number(row.ms),
            times(row.ratio),
            number(row.check_ms),
            times(row.check_ratio),
        )
        for row in worst
    ]
    etcd = [row for row in rows if row.is_etcd]
    theirs, ours = sum(row.theirs_ms for row in etcd), sum(row.ms for row in etcd)
    whole = sum(row.check_ms for row in etcd)
    sums = (number(theirs), number(ours), times(ratio(theirs, ours)))
    lines.append((f"sum, {len(etcd)} etcd logs", *sums, number(whole), times(ratio(theirs, whole))))
    means = [geometric_mean([row.ratio for row in rows]), geometric_mean([row.check_ratio for row in rows])]
    lines.append((f"geometric mean, {len(rows)} files", "", "", times(means[0]), "", times(means[1])))
    slower = sum((row.ratio or 0.0) < 1 for row in rows)
    return Report(
        "etcd and key-value logs",
        (
            "search: solve(question, want_order=False), sum of the keys; its columns are what parsing gives;",
            "    transitions of the key-value model, too, are laid out when the operations are encoded",
            "check: check(history, model, explain=False, witness=False), encoding the operations included",
            f"compiled kernel; ms, best of {RUNS} ({QUICK_RUNS} if quick) after a warm-up",
            f"shown: the {WORST} worst ratios; slower than Porcupine: {slower} of {len(rows)} files",
        ),
        ("file", "porcupine", "search", "ratio", "check", "ratio"),
        lines if rows else (),
        (
            Goal("ratio of the sums, etcd logs", ratio(theirs, ours), 100, False, "x"),
            Goal("geometric mean of the ratios", means[0], 4, False, "x"),
            Goal("worst ratio of a file", least(row.ratio for row in rows), 0.5, False, "x"),
        ),
        [row.file for row in rows if not row.right],
        rows,
    )
