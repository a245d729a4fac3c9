"""The minimal counter-example as a picture: a row per process, a bar per operation, who goes where and who
cannot.

Laws: every text has its own room (bars are widened for their labels, the axis is one of events), so no two
collide; what is clipped stands whole in the bar's tooltip and in the table below the picture.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from checkers.history import Disturbance
from checkers.verdict import CounterExample, EvidenceOp
from reports.svg.axis import EventAxis, Moment, Room, lay_out
from reports.svg.elements import (
    SMALL_CHARACTER_PX,
    line,
    path,
    picture,
    rect,
    tag,
    text,
    tooltip,
    width_px,
)
from reports.svg.stripes import LANE_PX, stripes
from reports.timeline import stack
from reports.words import count, one_line, seconds, shorten, value

MOST_OPERATIONS = 60
LABEL_LIMIT = 36
NOTE_COLUMNS = 46
NOTE_LINES = 2
NOTE_PX = 14.0
ROW_PX = 62.0
BAR_PX = 28.0
BADGE_PX = 24.0
MARGIN_PX = 12.0


@dataclass(frozen=True, slots=True)
class Bar:
    """An operation ready to be drawn: `mark` is its number in the legal order, "x" when it is stuck, or
    "".
    """

    op: EvidenceOp
    row: int
    mark: str
    kind: str
    label: str
    notes: tuple[str, ...]

    @property
    def call(self) -> Moment:
        """Where it begins."""
        return (self.op.call_ns, 0)

    @property
    def end(self) -> Moment | None:
        """Where it ends; None while open."""
        return None if self.op.return_ns is None else (self.op.return_ns, 1)


def draw(
    found: CounterExample,
    faults: Sequence[Disturbance],
    *,
    origin_ns: int,
    end_ns: int,
    width: float,
    name: str,
) -> Markup:
    """The picture of `found`, at least `width` px wide (0: as narrow as its texts allow).

    Times are seconds after `origin_ns`; behind the operations stand the faults that lasted at that time.
    """
    ops = found.ops[:MOST_OPERATIONS]
    if not ops:
        return Markup("")
    rows, bars = _bars(found, ops, "process " if width else "p")
    left = MARGIN_PX + max(width_px(r, SMALL_CHARACTER_PX) for r in rows) + 14
    moments = [b.call for b in bars] + [b.end for b in bars if b.end is not None]
    axis = lay_out(moments, _rooms(bars), left, width - MARGIN_PX, 26)
    strip, lanes = stripes(faults, axis, end_ns, left)
    top = 10 + lanes * LANE_PX
    row_px = ROW_PX + (max(len(b.notes) for b in bars) - 1) * NOTE_PX
    bottom = top + len(rows) * row_px
    body = [
        *_rows(rows, top, row_px, axis.right),
        *(piece(top, bottom) for piece in strip),
        *(_bar(b, axis, top + b.row * row_px, name) for b in bars),
        *_axis(axis, bottom, origin_ns),
    ]
    return picture(
        name,
        axis.right + MARGIN_PX,
        bottom + 50,
        f"Counter-example for key {value(found.key)}",
        _description(found),
        body,
    )


def _bars(found: CounterExample, ops: Sequence[EvidenceOp], prefix: str) -> tuple[list[str], list[Bar]]:
    """Row labels, and the bars; operations of one process that overlap or touch get
    rows of their own (foreign histories).
    """
    placed = {step.index: (n, step.state) for n, step in enumerate(found.order, 1)}
    stuck = {s.index: s.why for s in found.stuck}
    labels: list[str] = []
    row_of: dict[int, int] = {}
    for process in dict.fromkeys(op.process for op in ops):
        own = [op for op in ops if op.process == process]
        lanes = stack(
            [(op.call_ns, float("inf") if op.return_ns is None else op.return_ns + 1) for op in own]
        )
        row_of.update({id(op): len(labels) + lane for op, lane in zip(own, lanes, strict=True)})
        labels += [f"{prefix}{process}"] * (max(lanes) + 1)
    bars = []
    for op in ops:
        where = f"{shorten(one_line(op.node), 14)} · " if op.node else ""
        if op.index in stuck:
            mark, kind, note = "x", "stuck", one_line(stuck[op.index])
        elif op.index in placed:
            n, state = placed[op.index]
            mark, kind, note = str(n), "placed", f"state {one_line(state)}"
        else:
            mark, kind, note = "", "unplaced", "not reached"
        label = shorten(one_line(op.text), LABEL_LIMIT)
        bars.append(Bar(op, row_of[id(op)], mark, kind, label, _lines(where + note)))
    return labels, bars


def _lines(note: str) -> tuple[str, ...]:
    """The note under a bar in at most `NOTE_LINES` lines."""
    return tuple(textwrap.wrap(note, NOTE_COLUMNS, max_lines=NOTE_LINES, placeholder=" …"))


def _rooms(bars: Sequence[Bar]) -> list[Room]:
    """What each bar needs: its label inside, its note before the next bar of its row begins."""
    rooms = []
    for bar in bars:
        inside = BADGE_PX + width_px(bar.label) + (34 if bar.end is None else 16)
        rooms.append(Room(bar.call, bar.end, inside))
        later = [b.call for b in bars if b.row == bar.row and b.call > bar.call]
        note = max(width_px(n, SMALL_CHARACTER_PX) for n in bar.notes) + 16
        rooms.append(Room(bar.call, min(later, default=None), note))
    return rooms


def _rows(rows: Sequence[str], top: float, row_px: float, right: float) -> list[Markup]:
    pieces = []
    for n, label in enumerate(rows):
        y = top + n * row_px
        pieces.append(line(MARGIN_PX, y, right, y, "rule"))
        pieces.append(text(MARGIN_PX, y + 8 + BAR_PX / 2 + 4, label, "row-label"))
    return pieces


def _bar(bar: Bar, axis: EventAxis, y: float, name: str) -> Markup:
    """One operation: bar, badge, label inside, note below, everything in a tooltip."""
    x1 = axis.places[bar.call] + 1.5
    x2 = axis.right if bar.end is None else axis.places[bar.end] - 1.5
    y1, middle = y + 8, y + 8 + BAR_PX / 2
    pieces = [tooltip(f"process {bar.op.process}; {' '.join(bar.notes)}; {bar.op.text}")]
    if bar.end is None:
        pieces.append(_open_bar(bar, x1, x2, y1, name))
    else:
        pieces.append(rect(x1, y1, x2 - x1, BAR_PX, f"bar {bar.kind}", rx=5))
    pieces += _badge(bar.mark, x1 + 14, middle)
    pieces.append(text(x1 + (BADGE_PX if bar.mark else 8) + 3, middle + 4, bar.label, "bar-label"))
    for n, note in enumerate(bar.notes, 1):
        pieces.append(text(x1 + 2, y1 + BAR_PX + n * NOTE_PX, note, f"note {bar.kind}"))
    return tag("g", *pieces, class_="operation")


def _open_bar(bar: Bar, x1: float, x2: float, y: float, name: str) -> Markup:
    """A bar without an end: it fades towards an arrow at the right edge."""
    fade = f"{name}-fade-{bar.op.index}"
    middle, tip = y + BAR_PX / 2, x2 - 1
    stops = (
        tag("stop", offset="0.55", class_=f"stop {bar.kind}"),
        tag("stop", offset="1", class_="stop end"),
    )
    return tag(
        "g",
        tag("linearGradient", *stops, id=fade),
        tag("rect", x=x1, y=y, width=x2 - x1, height=BAR_PX, rx=5, fill=f"url(#{fade})"),
        path(
            [("M", tip - 7, middle - 6), ("L", tip, middle), ("L", tip - 7, middle + 6)], f"arrow {bar.kind}"
        ),
    )


def _badge(mark: str, x: float, y: float) -> list[Markup]:
    if not mark:
        return []
    disc = tag("circle", cx=x, cy=y, r=9, class_="badge stuck" if mark == "x" else "badge")
    if mark != "x":
        return [disc, text(x, y + 4, mark, "badge-label", "middle")]
    cross = [
        ("M", x - 3.5, y - 3.5),
        ("L", x + 3.5, y + 3.5),
        ("M", x + 3.5, y - 3.5),
        ("L", x - 3.5, y + 3.5),
    ]
    return [disc, path(cross, "cross")]


def _axis(axis: EventAxis, y: float, origin_ns: int) -> list[Markup]:
    """The time axis: a tick per moment, its time where there is room, and marks where it is broken."""
    start = min(axis.places.values())
    pieces = [line(start, y, axis.right, y, "axis")]
    free_from = 0.0
    for moment in sorted(axis.places):
        x = axis.places[moment]
        label = seconds(moment[0], origin_ns)
        half = width_px(label, SMALL_CHARACTER_PX) / 2
        pieces.append(line(x, y, x, y + 4, "axis"))
        if x - half >= free_from and x + half <= axis.right + MARGIN_PX:
            pieces.append(text(x, y + 17, label, "tick", "middle"))
            free_from = x + half + 8
    for gap in axis.breaks:
        x = (gap.x1 + gap.x2) / 2
        pieces.append(rect(x - 4, y - 2, 8, 4, "gap"))
        pieces.append(
            path([("M", x - 6, y + 5), ("L", x - 2, y - 5), ("M", x + 2, y + 5), ("L", x + 6, y - 5)], "axis")
        )
    pieces.append(text(start, y + 36, "seconds since the start of the workload", "axis-note"))
    return pieces


def _description(found: CounterExample) -> str:
    shown = min(len(found.ops), MOST_OPERATIONS)
    listed = (
        "" if shown == len(found.ops) else f" The first {shown} of {len(found.ops)} operations are drawn."
    )
    return (
        f"{count(len(found.ops), 'operation')} on a {found.model} that starts as {found.initial}. "
        f"{count(len(found.order), 'operation')} can be ordered; {len(found.stuck)} cannot follow.{listed}"
    )
