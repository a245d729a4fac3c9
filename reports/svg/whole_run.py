"""The whole run as one picture on one time axis: faults, leaders, rates, latency, and where the anomaly is.

Laws: at most 400 bands, one path per curve, segments no thinner than a pixel: the size does not grow with
the history.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from checkers.history import History
from checkers.verdict import CounterExample
from reports.record import RunRecord
from reports.series import choose_bins
from reports.svg.curves import latency_panel, rate_panel
from reports.svg.elements import line, picture, rect, tag, tooltip
from reports.svg.frame import RIGHT_MARGIN_PX, Frame
from reports.svg.lanes import DOWN_KINDS, fault_panel, role_panel, shades
from reports.timeline import fault_bands, role_segments
from reports.words import count, duration

GUTTER_PX = {True: 54.0, False: 92.0}
NARROW_PX = 600


def draw(record: RunRecord, found: Sequence[CounterExample], *, width: float, name: str) -> Markup:
    """The run of `record`, `width` px wide, with the time of each counter-example marked; "" if there is
    nothing to draw.
    """
    history = record.history
    if not len(history) and not history.disturbances:
        return Markup("")
    frame = _frame(record, width)
    bands = fault_bands(history.disturbances, frame.end_ns)
    bins = choose_bins(frame.start_ns, frame.end_ns, len(history), most=60 if width < NARROW_PX else 150)
    panels: list[Markup] = []
    y = 4.0
    if bands:
        panel, height = fault_panel(bands, frame, y)
        panels.append(panel)
        y += height
    if record.roles or any(b.fault.kind in DOWN_KINDS and b.status == "installed" for b in bands):
        segments = role_segments(record.roles, frame.end_ns)
        panel, height = role_panel(record.card.nodes, segments, history.disturbances, frame, y)
        panels.append(panel)
        y += height
    if len(history):
        for build in (rate_panel, latency_panel):
            panel, height = build(history, bins, frame, y)
            panels.append(panel)
            y += height
    behind = [shades(bands, frame, 4, y), *_moments(record, frame, y), *_anomalies(found, frame, y)]
    body = [*behind, *panels, *frame.time_axis(y)]
    return picture(name, width, y + 42, "The whole run", _description(record), body)


def _frame(record: RunRecord, width: float) -> Frame:
    """From the start of the workload to shortly after the latest of its end, the final heal, the last call
    and the last fault.
    """
    card, history = record.card, record.history
    known = [
        card.end_ns,
        card.heal_ns or card.end_ns,
        *(f.ended_ns or f.requested_ns for f in history.disturbances),
    ]
    if len(history):
        known.append(int(history.call_ns[len(history) - 1]))
    end_ns = max(*known, card.start_ns + 1)
    margin_ns = (end_ns - card.start_ns) // 64  # so that what happened last does not stand in the very edge
    return Frame(card.start_ns, end_ns + margin_ns, GUTTER_PX[width < NARROW_PX], width - RIGHT_MARGIN_PX)


def _moments(record: RunRecord, frame: Frame, bottom: float) -> list[Markup]:
    """The final heal as a vertical line."""
    heal = record.card.heal_ns
    if heal is None or not frame.start_ns <= heal <= frame.end_ns:
        return []
    x = frame.x(heal)
    return [tag("g", tooltip("final heal"), line(x, 4, x, bottom, "heal"))]


def _anomalies(found: Sequence[CounterExample], frame: Frame, bottom: float) -> list[Markup]:
    """When the operations that cannot be placed ran (all of a counter-example where it names none)."""
    pieces = []
    for example in found:
        stuck = {s.index for s in example.stuck}
        ops = [op for op in example.ops if op.index in stuck] or example.ops
        first = min(op.call_ns for op in ops)
        last = max(op.call_ns if op.return_ns is None else op.return_ns for op in ops)
        x1, x2 = frame.x(first), frame.x(last)
        pieces.append(rect(x1 - 1, 4, max(x2 - x1, 1) + 2, bottom - 4, "anomaly-shade", "cannot be placed"))
        pieces.append(rect(x1 - 1, bottom - 4, max(x2 - x1, 4) + 2, 4, "anomaly-edge"))
    return pieces


def _description(record: RunRecord) -> str:
    history: History = record.history
    length = duration((record.card.end_ns - record.card.start_ns) / 1e9)
    faults = count(len(history.disturbances), "fault")
    return f"{count(len(history), 'operation')} and {faults} in {length}; the tables below give the numbers."
