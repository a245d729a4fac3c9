"""What the runs of a night come to: each run, each cell, the whole, and the exit code.

Precedence, as of a single run: an anomaly nobody expected, or an expected one that is gone > a failure of the
harness > inconclusive, or below a threshold > as expected. Invariants: pure; a violation is never masked by
a crash; a night in which nothing ran is a failure; a cell in which an anomaly is expected is judged as a
whole, and only if all its jobs were done can the anomaly be gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from harness import errors
from harness.campaign.jobs import Cell, Result, Thresholds

CellWord = Literal[
    "as expected",
    "unexpected anomaly",
    "expected anomaly gone",
    "failed",
    "inconclusive",
    "below a threshold",
    "not run",
]
_CODES: Mapping[CellWord, int] = {
    "unexpected anomaly": errors.EXIT_ANOMALY,
    "expected anomaly gone": errors.EXIT_ANOMALY,
    "failed": errors.EXIT_FAILED,
    "inconclusive": errors.EXIT_INCONCLUSIVE,
    "below a threshold": errors.EXIT_INCONCLUSIVE,
}
_WORST_FIRST = (errors.EXIT_ANOMALY, errors.EXIT_FAILED, errors.EXIT_INCONCLUSIVE)


def trouble_of(result: Result) -> str:
    """What a person has to look at, in a sentence; "" for a run that is as it may be."""
    said = result.said[0] if result.said else ""
    match result.outcome:
        case "anomaly":
            if result.expect == "anomaly":
                return ""
            return said or "an anomaly"
        case "valid":
            return f"below a threshold: {'; '.join(result.missed)}" if result.missed else ""
        case "failed":
            return f"{result.cause}: {said}" if result.cause else said or "it failed"
    return f"{result.outcome}: {said}" if said else result.outcome


def is_failure(result: Result) -> bool:
    """Whether the next night does it again, before anything else."""
    return bool(trouble_of(result))


def cell_word(cell: Cell, results: Sequence[Result], planned: int, thresholds: Thresholds) -> CellWord:
    """planned: how many jobs of the cell the night had."""
    if not results:
        return "not run"
    outcomes = [result.outcome for result in results]
    if "anomaly" in outcomes and cell.expect == "valid":
        return "unexpected anomaly"
    if cell.expect == "anomaly" and "anomaly" not in outcomes:
        if "failed" in outcomes:
            return "failed"
        if len(results) < planned:
            return "not run"
        return "expected anomaly gone" if "valid" in outcomes else "inconclusive"
    if "failed" in outcomes:
        return "failed"
    unknown = sum(outcome not in ("valid", "anomaly") for outcome in outcomes)
    if unknown / len(outcomes) > (thresholds.unknown or 0.0):
        return "inconclusive"
    return "below a threshold" if any(result.missed for result in results) else "as expected"


def exit_code_of(words: Sequence[CellWord], *, interrupted: int | None = None) -> int:
    """Of the whole night. interrupted: the exit code of the signal that ended it."""
    codes = {_CODES[word] for word in words if word in _CODES}
    worst = next((code for code in _WORST_FIRST if code in codes), None)
    if worst == errors.EXIT_ANOMALY:
        return worst
    if interrupted is not None:
        return interrupted
    if worst is not None:
        return worst
    return errors.EXIT_VALID if "as expected" in words else errors.EXIT_FAILED
