"""Which operations met a fault.

Invariants: pure; computed on the history's columns, never per operation in Python.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from checkers.history import Disturbance, History, Outcome

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def fault_span(fault: Disturbance, end_ns: int) -> tuple[int, int]:
    """From when to when a fault lasted; to `end_ns` if it was never undone.

    One that never began, or was skipped, has no length: it lies where it was requested.
    """
    if fault.begun_ns is None or fault.status == "skipped":
        return fault.requested_ns, fault.requested_ns
    ended = end_ns if fault.ended_ns is None else fault.ended_ns
    return fault.begun_ns, max(ended, fault.begun_ns)


def met_fault(history: History, faults: Sequence[Disturbance], end_ns: int) -> Bools:
    """Per operation: did an installed fault last at some time between its call and its end (both inclusive)?

    An operation that stayed open ends here when its client gave it up, or with its call where that was never
    recorded.
    """
    calls = np.asarray(history.call_ns)
    open_ = np.asarray(history.outcome) == int(Outcome.INFO)
    given_up = np.maximum(np.asarray(history.given_up_ns), calls)
    returns = np.where(open_, given_up, np.asarray(history.return_ns))
    installed = [fault_span(f, end_ns) for f in faults if f.status == "installed" and f.begun_ns is not None]
    if not installed:
        return np.zeros(len(calls), dtype=np.bool_)
    begins, ends = _union(installed)
    last = np.searchsorted(begins, returns, side="right") - 1
    return np.asarray((last >= 0) & (ends[np.clip(last, 0, None)] >= calls), dtype=np.bool_)


def _union(spans: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
    """The same stretches of time without overlaps, in order."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return np.array([b for b, _ in merged], dtype=np.int64), np.array([e for _, e in merged], dtype=np.int64)
