"""The lower panels of the whole-run picture: operations per second by outcome, and latency.

Laws: one path per outcome or quantile, whatever the number of operations; a bin without operations is a gap
in a latency curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup

from checkers.history import History, Outcome
from reports.series import Bins, Floats, latency, rates
from reports.svg.elements import line, path, rect, tag, text, width_px
from reports.svg.frame import HEADING_PX, Frame, steps
from reports.timeline import nice_ticks
from reports.words import duration

PLOT_PX = 96.0
OUTCOMES = ((Outcome.OK, "ok", "ok"), (Outcome.FAIL, "fail", "failed"), (Outcome.INFO, "info", "unknown"))


def rate_panel(history: History, bins: Bins, frame: Frame, y: float) -> tuple[Markup, float]:
    """Operations per second, stacked by outcome, from `y` down; and the panel's height."""
    by_outcome = rates(history, bins)
    bottom = y + HEADING_PX + PLOT_PX
    most = float(sum(by_outcome.values(), np.zeros(bins.count)).max()) or 1.0
    scale = most * 1.06
    edges = [float(e) for e in bins.edges_ns()]
    heading = "ops/s" if frame.narrow else "Operations per second"
    pieces = [frame.heading(y, heading)]
    pieces += [
        frame.grid(bottom - PLOT_PX * t / scale, f"{t:,g}") for t in nice_ticks(0, most, 3) if t <= most
    ]
    base = np.zeros(bins.count)
    for outcome, kind, _ in OUTCOMES:
        if by_outcome[outcome].any():
            pieces.append(_area(frame, edges, base, base + by_outcome[outcome], bottom, scale, kind))
        base = base + by_outcome[outcome]
    shown = [(kind, words) for o, kind, words in OUTCOMES if by_outcome[o].any()]
    pieces += _legend(frame, heading, y, shown, "area")
    pieces.append(line(frame.left, bottom, frame.right, bottom, "axis"))
    return tag("g", *pieces), bottom - y + 10


def _area(
    frame: Frame, edges: Sequence[float], low: Floats, high: Floats, bottom: float, most: float, kind: str
) -> Markup:
    """The area between two stairs."""
    upper = steps(frame, edges, [bottom - PLOT_PX * float(v) / most for v in high])
    lower = steps(frame, edges, [bottom - PLOT_PX * float(v) / most for v in low])
    return path([*upper, *(("L", x, y) for _, x, y in reversed(lower)), ("Z", 0, 0)], f"area {kind}")


def latency_panel(history: History, bins: Bins, frame: Frame, y: float) -> tuple[Markup, float]:
    """Median and 99th percentile of the OK operations' latency on a logarithmic scale; and the panel's
    height.
    """
    curves = latency(history, bins, (0.5, 0.99))
    known = np.concatenate([c[np.isfinite(c) & (c > 0)] for c in curves])
    if not len(known):
        return Markup(""), 0.0
    low, high = math.floor(math.log10(float(known.min()))), math.ceil(math.log10(float(known.max())))
    high = max(high, low + 1)
    bottom = y + HEADING_PX + PLOT_PX

    def height(s: float) -> float:
        return bottom - PLOT_PX * (math.log10(max(s, 10.0**low)) - low) / (high - low)

    heading = "latency" if frame.narrow else "Latency of ok operations"
    pieces = [frame.heading(y, heading)]
    every = max(1, math.ceil((high - low) / 4))
    pieces += [
        frame.grid(height(10.0**e), duration(10.0**e).replace(".00", "")) for e in range(low, high + 1, every)
    ]
    for curve, kind in zip(curves, ("median", "p99"), strict=True):
        pieces.append(_curve(frame, bins, curve, height, kind))
    pieces += _legend(frame, heading, y, [("median", "median"), ("p99", "99 %")], "curve")
    return tag("g", *pieces), bottom - y + 10


def _curve(frame: Frame, bins: Bins, values: Floats, height: Callable[[float], float], kind: str) -> Markup:
    """A stair that is interrupted where there is no value."""
    edges = [float(e) for e in bins.edges_ns()]
    points: list[tuple[str, float, float]] = []
    run: list[float] = []
    for i, v in enumerate([*(float(v) for v in values), math.nan]):
        if math.isnan(v) and run:
            points += steps(frame, edges[i - len(run) : i + 1], run)
            run = []
        elif not math.isnan(v):
            run.append(height(v))
    return path(points, f"curve {kind}")


def _legend(
    frame: Frame, heading: str, y: float, entries: Sequence[tuple[str, str]], class_: str
) -> list[Markup]:
    """Keys on the line of the heading, right of it."""
    x = frame.left + width_px(heading) + 12
    pieces: list[Markup] = []
    for kind, words in entries:
        if class_ == "area":
            pieces.append(rect(x, y + 5, 11, 11, f"area {kind}"))
        else:
            pieces.append(line(x - 6, y + 10, x + 11, y + 10, f"curve {kind}"))
        pieces.append(text(x + 15, y + 14, words, "legend"))
        x += 15 + width_px(words, 6.6) + 14
    return pieces
