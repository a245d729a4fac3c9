"""The upper panels of the whole-run picture: faults in lanes, and per node who led in which term and when it
was down.

Laws: labels of one lane never collide (a band's extent includes its label); segments thinner than a pixel
are joined to their left neighbour, so the size is bounded by the width of the picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from checkers.history import Disturbance
from checkers.overlap import fault_span
from reports.svg.elements import SMALL_CHARACTER_PX, rect, tag, text, width_px
from reports.svg.frame import HEADING_PX, Frame
from reports.timeline import FaultBand, RoleSegment, stack
from reports.words import one_line, seconds, shorten

LANE_PX = 22.0
BAND_PX = 17.0
MOST_LANES = 10
MOST_BANDS = 400
DOWN_KINDS = ("kill", "pause")


@dataclass(frozen=True, slots=True)
class _PlacedBand:
    band: FaultBand
    x1: float
    x2: float
    label: str
    label_x: float
    lane: int


def fault_panel(bands: Sequence[FaultBand], frame: Frame, y: float) -> tuple[Markup, float]:
    """The faults from `y` down, and the panel's height."""
    placed = _place(bands[:MOST_BANDS], frame)
    drawn = [b for b in placed if b.lane < MOST_LANES]
    hidden = len(bands) - len(drawn)
    heading = "Faults" + (f" (first {len(drawn)} of {len(bands)})" if hidden else "")
    height = HEADING_PX + max((b.lane + 1 for b in drawn), default=0) * LANE_PX
    pieces = [frame.heading(y, heading), *(_band(b, y + HEADING_PX, frame.start_ns) for b in drawn)]
    return tag("g", *pieces), height + 8


def _place(bands: Sequence[FaultBand], frame: Frame) -> list[_PlacedBand]:
    """Bands with their labels, in lanes such that no label meets another band or label."""
    placed = []
    extents = []
    for band in bands:
        x1 = frame.x(band.begin_ns)
        x2 = max(frame.x(band.end_ns), x1 + 3)
        said = shorten(one_line(band.fault.kind), 24) + (", skipped" if band.status == "skipped" else "")
        label, label_x = _label(said, x1, x2, frame)
        extents.append((min(x1, label_x), max(x2, label_x + width_px(label, SMALL_CHARACTER_PX)) + 4))
        placed.append((band, x1, x2, label, label_x))
    lanes = stack(extents)
    return [_PlacedBand(*one, lane) for one, lane in zip(placed, lanes, strict=True)]


def _label(label: str, x1: float, x2: float, frame: Frame) -> tuple[str, float]:
    """Inside the band if it fits, else right of it, else left of it; shortened if it fits nowhere."""
    rooms = (x2 - x1 - 10, frame.right - x2 - 5, x1 - frame.left - 5)
    need = width_px(label, SMALL_CHARACTER_PX)
    where = next((n for n, room in enumerate(rooms) if room >= need), rooms.index(max(rooms)))
    if rooms[where] < need:
        label = shorten(label, int(rooms[where] / (2 * SMALL_CHARACTER_PX)))
        need = width_px(label, SMALL_CHARACTER_PX)
    return label, (x1 + 5, x2 + 5, x1 - 5 - need)[where]


def _band(placed: _PlacedBand, y: float, origin_ns: int) -> Markup:
    fault, top = placed.band.fault, y + placed.lane * LANE_PX
    when = f"{seconds(placed.band.begin_ns, origin_ns)}–{seconds(placed.band.end_ns, origin_ns)} s"
    title = f"{fault.kind} {fault.id}, {placed.band.status}, {when}: {shorten(one_line(fault.what), 200)}"
    status = placed.band.status.replace(" ", "-")
    return tag(
        "g",
        rect(placed.x1, top, placed.x2 - placed.x1, BAND_PX, f"band {status}", title, rx=3),
        text(placed.label_x, top + 12.5, placed.label, "band-label"),
    )


def shades(bands: Sequence[FaultBand], frame: Frame, top: float, bottom: float) -> Markup:
    """The times of installed faults as pale stripes behind all panels."""
    stripes = [
        rect(frame.x(b.begin_ns), top, frame.x(b.end_ns) - frame.x(b.begin_ns), bottom - top, "fault-shade")
        for b in bands[:MOST_BANDS]
        if b.status == "installed"
    ]
    return tag("g", *stripes)


def role_panel(
    nodes: Sequence[str],
    segments: Mapping[str, Sequence[RoleSegment]],
    faults: Sequence[Disturbance],
    frame: Frame,
    y: float,
) -> tuple[Markup, float]:
    """A lane per node from `y` down, and the panel's height."""
    pieces = [frame.heading(y, "Leaders by term, and nodes down")]
    for n, node in enumerate(nodes):
        top = y + HEADING_PX + n * LANE_PX
        pieces.append(frame.gutter(one_line(node), top + 13))
        pieces.append(rect(frame.left, top, frame.right - frame.left, BAND_PX, "role none", rx=3))
        pieces += [_segment(s, x1, x2, top) for s, x1, x2 in _thin(segments.get(node, ()), frame)]
        pieces += _down(node, faults, frame, top)
    return tag("g", *pieces), HEADING_PX + len(nodes) * LANE_PX + 8


def _thin(segments: Sequence[RoleSegment], frame: Frame) -> list[tuple[RoleSegment, float, float]]:
    """Segments with their extents; one thinner than a pixel is drawn only if its left neighbour ended a
    pixel ago.
    """
    result: list[tuple[RoleSegment, float, float]] = []
    for s in segments:
        x1, x2 = frame.x(s.begin_ns), frame.x(s.end_ns)
        if x2 <= frame.left or (result and x2 - max(x1, result[-1][2]) < 1 and x2 - result[-1][2] < 1):
            continue
        result.append((s, max(x1, result[-1][2]) if result else x1, x2))
    return result


def _segment(s: RoleSegment, x1: float, x2: float, top: float) -> Markup:
    kind = "leads" if s.leads else ("candidate" if s.role == "candidate" else "follows")
    title = f"{one_line(s.node)}: {one_line(s.role)} in term {s.term}"
    pieces = [rect(x1, top, x2 - x1, BAND_PX, f"role {kind}", title)]
    label = next(
        (
            t
            for t in (f"{one_line(s.role)} {s.term}", str(s.term))
            if width_px(t, SMALL_CHARACTER_PX) + 8 <= x2 - x1
        ),
        "",
    )
    if s.leads and label:
        pieces.append(text(x1 + 4, top + 12.5, label, "role-label"))
    return tag("g", *pieces)


def _down(node: str, faults: Sequence[Disturbance], frame: Frame, top: float) -> list[Markup]:
    """Where the node was killed or paused; a word only where no other of these stretches covers it."""
    hits: list[tuple[Disturbance, float, float]] = []
    for fault in faults[:MOST_BANDS]:
        if fault.kind in DOWN_KINDS and node in fault.targets and fault.status == "installed":
            begin, end = fault_span(fault, frame.end_ns)
            hits.append((fault, frame.x(begin), frame.x(end)))
    pieces: list[Markup] = []
    labels: list[Markup] = []
    for fault, x1, x2 in hits:
        word = "killed" if fault.kind == "kill" else "paused"
        title = f"{one_line(node)} was {word}"
        pieces.append(rect(x1, top, max(x2 - x1, 2), BAND_PX, f"down {fault.kind}", title))
        until = x1 + 8 + width_px(word, SMALL_CHARACTER_PX)
        covered = any(other is not fault and o1 < until and o2 > x1 for other, o1, o2 in hits)
        if until <= x2 and not covered:
            labels.append(text(x1 + 4, top + 12.5, word, "down-label"))
    return pieces + labels
