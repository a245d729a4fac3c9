"""What a run comes to: verdicts, evidence and failures weighed into one outcome and one exit code.

Precedence: violation > harness failure > inconclusive > fine; an interrupted run says so unless it found a
violation. Invariants: pure; nothing that did not happen is ever counted in favour: no fault landed, no
overlap or hardly any success is inconclusive, never valid.

Faults that cannot be applied at a place (`--skip-unavailable`): a run without some of its kinds is what the
user accepted, so the verdict stands for the kinds that were applied, and the report says which were not. A
run without any of them is inconclusive all the same: a verdict about it would be one about a run without
faults, which nobody asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from checkers.coverage import doubts_about
from checkers.verdict import Invalid, Unknown, Verdict
from harness import errors
from reports.words import count

__all__ = ["Weighed", "Word", "doubts_about", "skipped_notes", "weigh"]

Word = Literal["valid", "anomaly", "inconclusive", "failed", "interrupted"]
STOPPED = "stopped by a signal before its time was over; no violation was seen until then"


@dataclass(frozen=True, slots=True)
class Weighed:
    """`outcome`, the sentences that say why, whether it is what was expected, and the exit code."""

    outcome: Word
    reasons: tuple[str, ...]
    as_expected: bool
    exit_code: int


def weigh(
    verdicts: Sequence[Verdict],
    *,
    failures: Sequence[str],
    doubts: Sequence[str],
    interrupted: int | None,
    expect: Literal["valid", "anomaly"],
    failure_code: int = errors.EXIT_FAILED,
) -> Weighed:
    """`failures`: what broke; `doubts`: why a good verdict would prove little; `interrupted`: the signal's
    exit code.
    """
    if any(isinstance(v, Invalid) for v in verdicts):
        expected = expect == "anomaly"
        code = errors.EXIT_VALID if expected else errors.EXIT_ANOMALY
        return Weighed("anomaly", tuple(failures), expected, code)
    if failures:
        return Weighed("failed", tuple(failures), False, failure_code)
    unknown = [v.reason for v in verdicts if isinstance(v, Unknown)]
    if interrupted is not None:
        return Weighed("interrupted", (STOPPED, *unknown, *doubts), False, interrupted)
    if unknown or doubts or not verdicts:
        nothing = () if verdicts else ("nothing was judged",)
        return Weighed("inconclusive", (*unknown, *doubts, *nothing), False, errors.EXIT_INCONCLUSIVE)
    if expect == "anomaly":
        return Weighed("valid", ("an anomaly was expected and none was found",), False, errors.EXIT_ANOMALY)
    return Weighed("valid", (), True, errors.EXIT_VALID)


def skipped_notes(planned: Sequence[str], unavailable: Mapping[str, str]) -> list[str]:
    """What the report says of the kinds that were left out; those with one reason together."""
    numbers = Counter(planned)
    skipped: dict[str, list[str]] = {}
    for kind, why in unavailable.items():
        skipped.setdefault(why, []).append(count(numbers[kind], f"planned {kind} fault"))
    return [
        f"not applied, by --skip-unavailable: {' and '.join(faults)} – {why}"
        for why, faults in skipped.items()
    ]
