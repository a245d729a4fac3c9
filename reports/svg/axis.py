"""An axis of events: a few moments that may be microseconds or minutes apart, each with room for its texts.

Laws: order is kept (a later moment never stands left of an earlier one); every `Room` asked for is given; a
gap that is drawn much shorter than it lasted is marked as broken. Distances are the longest paths of the
constraint graph, found in one pass from the left.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from reports.timeline import Scale

TYPICAL_PX = 46.0
LEAST_PX = 16.0
MOST_PX = 84.0
SAME_TIME_PX = 8.0
BREAK_FACTOR = 3.0

Moment = tuple[
    int, int
]  # (ns, 0 call | 1 return): at equal times calls stand before returns, since they are concurrent


@dataclass(frozen=True, slots=True)
class Room:
    """At least `px` between two moments; `until` None means the right edge."""

    since: Moment
    until: Moment | None
    px: float


@dataclass(frozen=True, slots=True)
class Break:
    """A gap from `x1` to `x2` that lasted `ns` and is not to scale."""

    x1: float
    x2: float
    ns: int


@dataclass(frozen=True, slots=True)
class EventAxis:
    """Where each moment stands, the right edge, and the broken gaps."""

    places: dict[Moment, float]
    right: float
    breaks: tuple[Break, ...]

    def scale(self) -> Scale:
        """Any time between the moments, by linear interpolation; the last one runs on to the right edge."""
        moments = sorted(self.places)
        return Scale(tuple(m[0] for m in moments), tuple(self.places[m] for m in moments))


def lay_out(
    moments: Sequence[Moment], rooms: Sequence[Room], left: float, least_right: float, tail: float
) -> EventAxis:
    """Place the moments from `left` on; the right edge is at least `least_right` and `tail` px after the
    last moment.
    """
    ordered = sorted(set(moments))
    gaps, broken = _gaps(ordered)
    places: dict[Moment, float] = {ordered[0]: left}
    for i in range(1, len(ordered)):
        here = places[ordered[i - 1]] + gaps[i - 1]
        for room in rooms:
            if room.until == ordered[i] and room.since in places:
                here = max(here, places[room.since] + room.px)
        places[ordered[i]] = here
    right = max([places[ordered[-1]] + tail] + [places[r.since] + r.px for r in rooms if r.until is None])
    stretch = max((least_right - left) / (right - left), 1.0)
    placed = {m: left + (x - left) * stretch for m, x in places.items()}
    breaks = tuple(
        Break(placed[a], placed[b], b[0] - a[0])
        for a, b, is_broken in zip(ordered, ordered[1:], broken, strict=False)
        if is_broken
    )
    return EventAxis(placed, max(right, least_right), breaks)


def _gaps(ordered: Sequence[Moment]) -> tuple[list[float], list[bool]]:
    """The wished width of each gap, and whether it is broken: to scale around the median, within limits."""
    lasting = [b[0] - a[0] for a, b in itertools.pairwise(ordered)]
    positive = sorted(d for d in lasting if d > 0)
    typical = positive[(len(positive) - 1) // 2] if positive else 1
    gaps, broken = [], []
    for d in lasting:
        wished = TYPICAL_PX * d / typical
        gaps.append(SAME_TIME_PX if d == 0 else min(max(wished, LEAST_PX), MOST_PX))
        broken.append(wished > BREAK_FACTOR * MOST_PX)
    return gaps, broken
