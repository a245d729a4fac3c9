"""Numbers over time: operations per second by outcome, latency quantiles, and the share that met a fault.

Laws: everything is computed on the history's columns, never per operation in Python; bins are half-open,
equally wide, cover [start_ns, end_ns], and operations outside it count in the first or last bin; an empty
bin has no latency (NaN), not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checkers.history import Disturbance, History, Outcome
from checkers.overlap import met_fault

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NS_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class Bins:
    """`count` bins of equal width from `start_ns` to `end_ns`."""

    start_ns: int
    end_ns: int
    count: int

    @property
    def width_s(self) -> float:
        """Width of one bin in seconds."""
        return (self.end_ns - self.start_ns) / self.count / NS_PER_S

    def edges_ns(self) -> Floats:
        """The `count` + 1 edges."""
        return np.linspace(self.start_ns, self.end_ns, self.count + 1)

    def of(self, ns: Ints) -> Ints:
        """The bin of each time; times outside fall into the first or last one."""
        span = max(self.end_ns - self.start_ns, 1)
        inside = np.clip(ns, self.start_ns, self.end_ns) - self.start_ns
        return np.minimum((inside.astype(np.float64) * (self.count / span)).astype(np.int64), self.count - 1)


def choose_bins(start_ns: int, end_ns: int, operations: int, most: int = 150) -> Bins:
    """So many bins that a bin holds about eight operations on average, at least one and at most `most`."""
    end_ns = max(end_ns, start_ns + 1)
    return Bins(start_ns, end_ns, max(1, min(most, operations // 8)))


def outcome_counts(history: History) -> dict[Outcome, int]:
    """How many operations ended how."""
    outcomes = np.asarray(history.outcome)
    return {o: int(np.count_nonzero(outcomes == int(o))) for o in Outcome}


def rates(history: History, bins: Bins) -> dict[Outcome, Floats]:
    """Operations per second by the bin in which they were called (every operation has a call, not each a
    return).
    """
    where = bins.of(np.asarray(history.call_ns))
    outcomes = np.asarray(history.outcome)
    return {
        o: np.bincount(where[outcomes == int(o)], minlength=bins.count).astype(np.float64) / bins.width_s
        for o in Outcome
    }


def latency(history: History, bins: Bins, quantiles: Sequence[float] = (0.5, 0.99)) -> list[Floats]:
    """Per quantile the latency in seconds of the OK operations called in each bin; NaN where there is none.

    The quantile is the smallest latency that at least this share of the bin's operations did not exceed
    (nearest rank).
    """
    ok = np.asarray(history.outcome) == int(Outcome.OK)
    calls = np.asarray(history.call_ns)[ok]
    taken = (np.asarray(history.return_ns)[ok] - calls).astype(np.float64) / NS_PER_S
    where = bins.of(calls)
    order = np.lexsort((taken, where))
    taken, where = taken[order], where[order]
    first = np.searchsorted(where, np.arange(bins.count), side="left")
    size = np.searchsorted(where, np.arange(bins.count), side="right") - first
    found = size > 0
    result = []
    for q in quantiles:
        rank = np.clip(np.ceil(q * size).astype(np.int64) - 1, 0, None)
        line = np.full(bins.count, np.nan)
        line[found] = taken[(first + rank)[found]]
        result.append(line)
    return result


def overlap_share(history: History, faults: Sequence[Disturbance], end_ns: int) -> float:
    """The share of all operations that met an installed fault; 0 for an empty history."""
    return float(np.mean(met_fault(history, faults, end_ns))) if len(history) else 0.0
