"""The frame that the panels of the whole-run picture share: one time axis, one gutter, label sizes.

Laws: every panel draws between `left` and `right`; the same time stands at the same x in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.svg.elements import SMALL_CHARACTER_PX, line, tag, text
from reports.timeline import nice_ticks
from reports.words import NS_PER_S, shorten

RIGHT_MARGIN_PX = 14.0
HEADING_PX = 22.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The time from `start_ns` to `end_ns` between x = `left` and x = `right`."""

    start_ns: int
    end_ns: int
    left: float
    right: float

    @property
    def narrow(self) -> bool:
        """Is there room for short headings only?"""
        return self.right - self.left < 500

    def x(self, ns: float) -> float:
        """Where `ns` stands; times outside the frame stand at its ends."""
        share = (ns - self.start_ns) / max(self.end_ns - self.start_ns, 1)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def gutter(self, label: str, y: float) -> Markup:
        """A label left of the panel, shortened to what fits."""
        fits = int((self.left - 8) / SMALL_CHARACTER_PX)
        return text(self.left - 6, y, shorten(label, fits), "tick", "end")

    def heading(self, y: float, words: str) -> Markup:
        """A panel's heading with its baseline inside the `HEADING_PX` below `y`."""
        return text(self.left, y + 14, words, "panel-heading")

    def time_axis(self, y: float) -> list[Markup]:
        """Ticks and labels in seconds since the start."""
        span = (self.end_ns - self.start_ns) / NS_PER_S
        pieces = [line(self.left, y, self.right, y, "axis")]
        for t in nice_ticks(0, span, max(int((self.right - self.left) / 55), 2)):
            x = self.x(self.start_ns + t * NS_PER_S)
            pieces.append(line(x, y, x, y + 4, "axis"))
            anchor = "end" if x > self.right - 14 else "middle"
            pieces.append(text(x, y + 17, f"{t:g}", "tick", anchor))
        pieces.append(text(self.left, y + 35, "seconds since the start of the workload", "axis-note"))
        return pieces

    def grid(self, y: float, label: str) -> Markup:
        """A horizontal line across the panel with its value in the gutter."""
        return tag("g", line(self.left, y, self.right, y, "rule"), self.gutter(label, y + 4))


def steps(frame: Frame, edges: Sequence[float], heights: Sequence[float]) -> list[tuple[str, float, float]]:
    """A stair: height `heights[i]` (y in px) between `edges[i]` and `edges[i + 1]`, from left to right."""
    points: list[tuple[str, float, float]] = []
    for i, y in enumerate(heights):
        points.append(("L" if points else "M", frame.x(edges[i]), y))
        points.append(("L", frame.x(edges[i + 1]), y))
    return points
