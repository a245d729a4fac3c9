"""Whether a run was worth judging: why good verdicts would prove little.

Too few successes, a kind of operation that never succeeded, faults that were planned and never seen to bite,
no operation that met a fault, final reads that were wanted and are missing. After stateright's "sometimes"
properties: what a test is about must have happened in it.

Invariants: pure; nothing that did not happen is ever counted in favour; no doubt is ever a violation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from checkers.history import OPEN_NS, History, Outcome
from checkers.overlap import met_fault
from checkers.replicas import final_reads
from checkers.verdict import Unknown, Valid, Verdict

MIN_OK_PER_SECOND = 1.0


def doubts_about(
    history: History,
    *,
    seconds: float,
    rate: float,
    planned: Sequence[str],
    unavailable: Collection[str] = (),
    asked: Collection[str] = (),
    quiet_ns: int | None = None,
) -> list[str]:
    """Why the run would prove little even if all verdicts were good, a sentence each; empty if it would not.

    seconds, rate: how long the workload ran and how many operations per second were wanted (0: as many as
    possible). planned: the kind of every planned fault. unavailable: the kinds that were left out with the
    user's consent. asked: kinds of operations that had to be performed besides those that were. quiet_ns:
    from when final reads were wanted (see `checkers.replicas`); None if they were not.
    """
    return [
        *_successes(history, seconds, rate),
        *_kinds(history, asked),
        *_faults(history, planned, unavailable),
        *_finals(history, quiet_ns),
    ]


def _successes(history: History, seconds: float, rate: float) -> list[str]:
    succeeded = int(np.count_nonzero(history.outcome == Outcome.OK))
    wanted = MIN_OK_PER_SECOND * seconds if rate == 0 else min(MIN_OK_PER_SECOND, rate / 2) * seconds
    few = succeeded < max(1.0, wanted)
    return [f"only {succeeded} operations succeeded in {seconds:.0f} s"] if few else []


def _kinds(history: History, asked: Collection[str]) -> list[str]:
    """Kinds of operations that never succeeded; nothing if none at all did, which is said elsewhere."""
    succeeded = history.outcome == Outcome.OK
    if not succeeded.any():
        return []
    called = Counter(history.f.tolist())
    good = {history.f_names[f] for f in set(history.f[succeeded].tolist())}
    numbers = dict.fromkeys(asked, 0) | {history.f_names[f]: number for f, number in called.items()}
    return [
        f"none of the {number} {name} operations succeeded" if number else f"no {name} was ever called"
        for name, number in sorted(numbers.items())
        if name not in good
    ]


def _faults(history: History, planned: Sequence[str], unavailable: Collection[str]) -> list[str]:
    doubts = []
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


def _finals(history: History, quiet_ns: int | None) -> list[str]:
    if quiet_ns is None or final_reads(history, quiet_ns).any():
        return []
    return ["no final read succeeded, so what the nodes came to is not known"]


class Coverage:
    """What the test is about happened in it. Valid or Unknown, never Invalid. A `checkers.claim.Claim`.

    The arguments are those of `doubts_about`.
    """

    name = "coverage"
    promise = "operations of every kind succeeded, and every kind of fault that was planned was seen to bite"
    anomalies: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        seconds: float,
        rate: float,
        planned: Sequence[str],
        unavailable: Collection[str] = (),
        asked: Collection[str] = (),
        quiet_ns: int | None = None,
    ) -> None:
        self.seconds = seconds
        self.rate = rate
        self.planned = tuple(planned)
        self.unavailable = frozenset(unavailable)
        self.asked = tuple(asked)
        self.quiet_ns = quiet_ns

    def __call__(self, history: History) -> Verdict:
        """Judge `history`."""
        doubts = doubts_about(
            history,
            seconds=self.seconds,
            rate=self.rate,
            planned=self.planned,
            unavailable=self.unavailable,
            asked=self.asked,
            quiet_ns=self.quiet_ns,
        )
        return Unknown("; ".join(doubts), len(history)) if doubts else Valid(len(history))
