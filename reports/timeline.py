"""What happened when: fault bands in lanes, and who led in which term.

Laws: pure geometry in ns of the history's clock; bands of one lane never overlap; a lane is the lowest free
one; segments of one node are in order, touch no other and end at `end_ns`.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from checkers.history import Disturbance
from checkers.overlap import fault_span
from reports.record import RolePoint


@dataclass(frozen=True, slots=True)
class FaultBand:
    """One fault as a stretch of time in `lane`. `status` as in Disturbance; "never begun" where that is
    None.
    """

    fault: Disturbance
    begin_ns: int
    end_ns: int
    lane: int
    status: str


@dataclass(frozen=True, slots=True)
class RoleSegment:
    """`node` had `role` in `term` during [begin_ns, end_ns)."""

    node: str
    begin_ns: int
    end_ns: int
    term: int
    role: str
    leads: bool


def stack(intervals: Sequence[tuple[float, float]]) -> list[int]:
    """The lane of each interval: the lowest one whose earlier intervals have all ended (touching counts as
    free).

    Takes the intervals in order of their beginnings (ties: as given); greedy interval partitioning, so the
    number of lanes is the largest number of intervals that overlap at one point.
    """
    lanes: list[float] = []
    result = [0] * len(intervals)
    for i in sorted(range(len(intervals)), key=lambda i: intervals[i][0]):
        begin, end = intervals[i]
        lane = next((n for n, free_from in enumerate(lanes) if free_from <= begin), len(lanes))
        if lane == len(lanes):
            lanes.append(end)
        lanes[lane] = max(end, begin)
        result[i] = lane
    return result


def fault_bands(faults: Sequence[Disturbance], end_ns: int) -> list[FaultBand]:
    """Every fault as a band, in order of beginning, overlapping ones in different lanes."""
    spans = sorted(((*fault_span(f, end_ns), f) for f in faults), key=lambda s: (s[0], s[2].id))
    lanes = stack([(begin, end) for begin, end, _ in spans])
    return [
        FaultBand(f, begin, end, lane, f.status or "never begun")
        for (begin, end, f), lane in zip(spans, lanes, strict=True)
    ]


def role_segments(roles: Iterable[RolePoint], end_ns: int) -> dict[str, list[RoleSegment]]:
    """Per node its roles as stretches of time; neighbouring points of equal term and role are one segment."""
    points: dict[str, list[RolePoint]] = {}
    for point in sorted(roles, key=lambda p: p.time_ns):
        known = points.setdefault(point.node, [])
        if not known or (known[-1].term, known[-1].role) != (point.term, point.role):
            known.append(point)
    return {node: _segments(known, end_ns) for node, known in points.items()}


def _segments(points: Sequence[RolePoint], end_ns: int) -> list[RoleSegment]:
    ends = [p.time_ns for p in points[1:]] + [max(end_ns, points[-1].time_ns)]
    return [
        RoleSegment(p.node, p.time_ns, end, p.term, p.role, p.leads)
        for p, end in zip(points, ends, strict=True)
        if end > p.time_ns
    ]


def leader_changes(roles: Iterable[RolePoint]) -> int:
    """How often leadership moved: the number of distinct (term, node) that led, less the first one."""
    return max(len({(p.term, p.node) for p in roles if p.leads}) - 1, 0)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` + 1 round numbers in [low, high], evenly spaced by 1, 2 or 5 times a power of ten."""
    if high <= low or most < 1:
        return [low]
    raw = (high - low) / most
    exponent = 0
    while 10.0**exponent > raw:
        exponent -= 1
    while 10.0 ** (exponent + 1) <= raw:
        exponent += 1
    step = next(m * 10.0**exponent for m in (1, 2, 5, 10) if m * 10.0**exponent >= raw * (1 - 1e-9))
    first = -int(-low // step)
    return [round(n * step, 9) for n in range(first, int(high / step + 1e-9) + 1)]


@dataclass(frozen=True, slots=True)
class Scale:
    """A piecewise linear map from time to place: `at[i]` ns stands at `x[i]`; outside it stays at the ends.

    Laws: `at` and `x` are of equal length >= 1 and never fall.
    """

    at: tuple[float, ...]
    x: tuple[float, ...]

    def __call__(self, ns: float) -> float:
        """The place of `ns`; where several places share a time, the leftmost."""
        i = bisect.bisect_left(self.at, ns)
        if i >= len(self.at):
            return self.x[-1]
        if i == 0 or self.at[i] == ns:
            return self.x[i]
        share = (ns - self.at[i - 1]) / (self.at[i] - self.at[i - 1])
        return self.x[i - 1] + share * (self.x[i] - self.x[i - 1])
