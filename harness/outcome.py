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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from checkers.history import OPEN_NS, History, Outcome
from checkers.verdict import Invalid, Unknown, Verdict
from harness import errors
from reports.series import met_fault
from reports.words import count

Word = Literal["valid", "anomaly", "inconclusive", "failed", "interrupted"]
MIN_OK_PER_SECOND = 1.0
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


def doubts_about(
    history: History,
    *,
    seconds: float,
    rate: float,
    planned: Sequence[str],
    unavailable: Collection[str] = (),
) -> list[str]:
    """Why the run would prove little even if all verdicts were good. `planned`: the kind of every planned
    fault; `unavailable`: the kinds that were left out with the user's consent.
    """
    succeeded = int(np.count_nonzero(history.outcome == Outcome.OK))
    wanted = MIN_OK_PER_SECOND * seconds if rate == 0 else min(MIN_OK_PER_SECOND, rate / 2) * seconds
    doubts = []
    if succeeded < max(1.0, wanted):
        doubts.append(f"only {succeeded} operations succeeded in {seconds:.0f} s")
    installed = [d for d in history.disturbances if d.status == "installed"]
    landed = Counter(d.kind for d in installed)
    if planned and set(planned) <= set(unavailable):
        doubts.append("no planned fault could be applied here, so the system ran undisturbed")
    for kind, number in sorted(Counter(planned).items()):
        if not landed[kind] and kind not in unavailable:
            doubts.append(f"none of the {number} planned {kind} faults was seen to bite")
    # Under some faults nothing can succeed (all nodes dead), so what was tried meanwhile counts as well.
    if installed and not met_fault(history, installed, OPEN_NS).any():
        doubts.append("no operation overlapped a fault")
    return doubts


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
