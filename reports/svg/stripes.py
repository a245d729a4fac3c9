"""Faults behind the rows of a counter-example: a pale stripe each, with an edge and a label above the rows.

Laws: the edges and labels of one lane never collide; only faults that lasted at some time of the picture are
drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from checkers.history import Disturbance
from checkers.overlap import fault_span
from reports.svg.axis import EventAxis
from reports.svg.elements import SMALL_CHARACTER_PX, rect, tag, text, tooltip, width_px
from reports.timeline import stack
from reports.words import one_line, shorten

MOST_FAULT_LANES = 6
LANE_PX = 21.0


@dataclass(frozen=True, slots=True)
class Stripe:
    """A fault behind the rows; drawn once the rows' extent is known."""

    fault: Disturbance
    label: str
    x1: float
    x2: float
    label_x: float
    lane: int

    def __call__(self, top: float, bottom: float) -> Markup:
        y = 4 + self.lane * LANE_PX
        return tag(
            "g",
            tooltip(self.fault.what or self.fault.kind),
            rect(self.x1, top, self.x2 - self.x1, bottom - top, "fault-shade"),
            rect(self.x1, y, self.x2 - self.x1, 4, f"fault-edge {self.fault.status or 'never'}"),
            text(self.label_x, y + 15, self.label, "fault-label"),
        )


def stripes(
    faults: Sequence[Disturbance], axis: EventAxis, end_ns: int, left: float
) -> tuple[list[Stripe], int]:
    """The faults that lasted at some time of the picture, in lanes such that their labels do not collide;
    and how many lanes.
    """
    scale = axis.scale()
    first, last = scale.at[0], scale.at[-1]
    found = []
    for fault in faults:
        begin, end = fault_span(fault, end_ns)
        if fault.begun_ns is None or fault.status == "skipped" or end < first or begin > last:
            continue
        x1 = left if begin <= first else scale(begin)
        x2 = axis.right if end > last else max(scale(end), x1 + 3)
        fits = int((axis.right - left) / SMALL_CHARACTER_PX)
        label = shorten(one_line(f"{fault.kind}: {fault.what}" if fault.what else fault.kind), min(fits, 110))
        room = width_px(label, SMALL_CHARACTER_PX)
        found.append((fault, label, x1, x2, max(min(x1, axis.right - room), left), room))
    found.sort(key=lambda f: min(f[2], f[4]))
    lanes = stack([(min(x1, lx), max(x2, lx + room) + 10) for _, _, x1, x2, lx, room in found])
    kept = [
        Stripe(fault, label, x1, x2, lx, lane)
        for (fault, label, x1, x2, lx, _), lane in zip(found, lanes, strict=True)
        if lane < MOST_FAULT_LANES
    ]
    return kept, max((s.lane + 1 for s in kept), default=0)
