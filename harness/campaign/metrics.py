"""The numbers of one run that a campaign keeps, and whether they are below its thresholds.

Invariants: pure; what was not measured is None, never zero.
"""

from __future__ import annotations

import numpy as np

from checkers.history import Outcome
from harness.campaign.jobs import Metrics, Thresholds
from reports.record import RunRecord
from reports.series import outcome_counts, overlap_share
from reports.words import duration, percent

NS_PER_S = 1e9


def metrics_of(record: RunRecord) -> Metrics:
    """Of a run that has a history."""
    history, card = record.history, record.card
    counts = outcome_counts(history)
    good = np.asarray(history.outcome) == int(Outcome.OK)
    taken = np.sort(np.asarray(history.return_ns)[good] - np.asarray(history.call_ns)[good]) / NS_PER_S
    span_s = (card.end_ns - card.start_ns) / NS_PER_S
    return Metrics(
        ok=counts[Outcome.OK],
        fail=counts[Outcome.FAIL],
        info=counts[Outcome.INFO],
        overlap=overlap_share(history, history.disturbances, card.end_ns),
        rate=counts[Outcome.OK] / span_s if span_s > 0 else 0.0,
        p50_s=_quantile(taken, 0.5),
        p99_s=_quantile(taken, 0.99),
        recovery_s=card.recovery_s,
        judged_s=sum(claim.seconds for claim in record.claims),
        planned=card.faults_planned,
        installed=sum(fault.status == "installed" for fault in history.disturbances),
    )


def _quantile(ordered: np.ndarray[tuple[int], np.dtype[np.float64]], share: float) -> float | None:
    """Nearest rank."""
    if not len(ordered):
        return None
    return float(ordered[max(0, int(np.ceil(share * len(ordered))) - 1)])


def below(metrics: Metrics, thresholds: Thresholds, *, had_faults: bool) -> tuple[str, ...]:
    """A sentence for each threshold that a run is below."""
    said = []
    if thresholds.ops_ok is not None and metrics.ok < thresholds.ops_ok:
        said.append(f"{metrics.ok} operations succeeded, fewer than {thresholds.ops_ok}")
    if had_faults and thresholds.overlap is not None and metrics.overlap < thresholds.overlap:
        wanted = percent(thresholds.overlap)
        said.append(f"{percent(metrics.overlap)} of the operations met a fault, less than {wanted}")
    limit_s = thresholds.recovery_s
    if had_faults and limit_s is not None and (metrics.recovery_s is None or metrics.recovery_s > limit_s):
        took = "never" if metrics.recovery_s is None else f"after {duration(metrics.recovery_s)}"
        said.append(f"it recovered {took}, not within {duration(limit_s)}")
    return tuple(said)
