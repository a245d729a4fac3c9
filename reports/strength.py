"""How hard a run tested: a green verdict over a quiet run says little, and the report must say so.

Laws: numbers only come from the record; a warning names its figure; `weak` is true exactly if there is a
warning. Whether a weak run counts as inconclusive is the judge's decision, not this module's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from checkers.history import Disturbance, History, Outcome
from reports.record import RolePoint, RunRecord
from reports.series import outcome_counts, overlap_share
from reports.timeline import leader_changes
from reports.words import count, percent

FEW_OK = 100
LOW_OK_SHARE = 0.1
LOW_OVERLAP = 0.05


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many faults of one kind the run reached, and what became of them."""

    kind: str
    total: int
    installed: int
    skipped: int
    indeterminate: int


@dataclass(frozen=True, slots=True)
class Strength:
    """Counts of operations and faults; `overlap_share` is the share of operations that met an installed
    fault.

    reached: faults whose time came (the rest of `planned` was cut off). recovery_s, first_ok_s: as on the
    card.
    """

    ok: int
    fail: int
    info: int
    overlap_share: float
    leader_changes: int
    planned: int
    reached: int
    installed: int
    skipped: int
    indeterminate: int
    never_begun: int
    by_kind: tuple[KindCount, ...]
    recovery_s: float | None
    first_ok_s: float | None
    warnings: tuple[str, ...]

    @property
    def total(self) -> int:
        """All operations."""
        return self.ok + self.fail + self.info

    @property
    def weak(self) -> bool:
        """Does anything here take weight from a verdict?"""
        return bool(self.warnings)


def measure(
    history: History,
    roles: Iterable[RolePoint],
    *,
    planned: int,
    end_ns: int,
    recovery_s: float | None = None,
    first_ok_s: float | None = None,
) -> Strength:
    """The strength of a run with `planned` faults in its plan, whose workload ended at `end_ns`."""
    faults = tuple(history.disturbances)
    outcomes = outcome_counts(history)
    status = Counter(f.status for f in faults)
    share = overlap_share(history, faults, end_ns)
    ok, total = outcomes[Outcome.OK], len(history)
    return Strength(
        ok=ok,
        fail=outcomes[Outcome.FAIL],
        info=outcomes[Outcome.INFO],
        overlap_share=share,
        leader_changes=leader_changes(roles),
        planned=planned,
        reached=len(faults),
        installed=status["installed"],
        skipped=status["skipped"],
        indeterminate=status["indeterminate"],
        never_begun=status[None],
        by_kind=_by_kind(faults),
        recovery_s=recovery_s,
        first_ok_s=first_ok_s,
        warnings=(*_workload_warnings(ok, total), *_fault_warnings(status, planned, share, total)),
    )


def of_record(record: RunRecord) -> Strength:
    """The strength of a finished run."""
    card = record.card
    return measure(
        record.history,
        record.roles,
        planned=card.faults_planned,
        end_ns=card.end_ns,
        recovery_s=card.recovery_s,
        first_ok_s=card.first_ok_s,
    )


def _by_kind(faults: tuple[Disturbance, ...]) -> tuple[KindCount, ...]:
    kinds = dict.fromkeys(f.kind for f in faults)
    result = []
    for kind in kinds:
        status = Counter(f.status for f in faults if f.kind == kind)
        result.append(
            KindCount(kind, status.total(), status["installed"], status["skipped"], status["indeterminate"])
        )
    return tuple(result)


def _workload_warnings(ok: int, total: int) -> list[str]:
    if total == 0:
        return ["No operation was recorded."]
    if ok < FEW_OK:
        return [f"Only {count(ok, 'operation')} succeeded."]
    if ok < LOW_OK_SHARE * total:
        return [f"Only {percent(ok / total)} of the operations succeeded."]
    return []


def _fault_warnings(status: Counter[str | None], planned: int, share: float, total: int) -> list[str]:
    if planned == 0 and not status:
        return ["No fault was planned: this run tested the system undisturbed."]
    warnings = []
    if status["installed"] == 0:
        whose = (
            "The only planned fault is not" if planned == 1 else f"None of the {planned:,} planned faults is"
        )
        warnings.append(f"{whose} known to have been installed.")
    elif status["installed"] < planned:
        warnings.append(f"Only {status['installed']} of {count(planned, 'planned fault')} were installed.")
    if status["installed"] and total and share < LOW_OVERLAP:
        warnings.append(f"Only {percent(share)} of the operations overlapped an installed fault.")
    return warnings
