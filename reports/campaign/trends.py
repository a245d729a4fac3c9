"""A number per night as a small line chart: how fast, how slow, how quickly back, how long judged.

Laws: one path per chart, whatever the number of nights; a night without a measurement is a gap, never a zero,
and one alone between two gaps is still seen, as a dot; the axis is named at its lowest and highest value, and
is never so narrow that noise fills it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.campaign.record import CampaignRecord, Trend
from reports.svg.elements import SMALL_CHARACTER_PX, line, path, picture, tag, text, tooltip, width_px
from reports.words import clip, count, duration, one_line, shorten

WIDTH_PX, HEIGHT_PX = 268.0, 112.0
LEFT_PX, RIGHT_PX = 84.0, 254.0  # "10 min 20 s" fits on the left
TOP_PX, BOTTOM_PX = 12.0, 84.0
LEAST_SPREAD = 0.25  # of the highest value: less is drawn as a nearly flat line
MOST_TRENDS = 120
MOST_NIGHTS = 60
MOST_VALUE = 1e12


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart with its heading, and first and last value in words."""

    what: str
    told: str
    picture: Markup


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts of one system at a place."""

    of: str
    charts: list[Chart]


def systems(record: CampaignRecord) -> list[Charts]:
    """The trends, those of one system together, in the record's order; those never measured are left out."""
    nights = [night.id for night in record.nights]
    made: dict[str, list[Chart]] = {}
    for n, trend in enumerate(record.trends[:MOST_TRENDS], 1):
        if measured(trend.values):
            chart = Chart(clip(one_line(trend.what), 60), told(trend), draw(trend, nights, f"trend-{n}"))
            made.setdefault(trend.of, []).append(chart)
    return [Charts(clip(one_line(of), 80), charts) for of, charts in made.items()]


def drawable(values: Sequence[float | None]) -> list[float | None]:
    """`values` with None for what is no number, or too large to be one of a machine."""
    return [v if v is not None and math.isfinite(v) and abs(v) < MOST_VALUE else None for v in values]


def measured(values: Sequence[float | None]) -> list[float]:
    """The numbers among `values` that can be drawn."""
    return [v for v in drawable(values) if v is not None]


def in_unit(v: float, unit: str) -> str:
    """`v` with its unit: seconds as a duration, everything else with three digits."""
    if unit == "s":
        return duration(v)
    number = f"{v:,.0f}" if abs(v) >= 100 else f"{v:.3g}"
    return number + ("/s" if unit == "1/s" else f" {shorten(one_line(unit), 8)}" if unit else "")


def told(trend: Trend) -> str:
    """The first value and tonight's: "1,204/s → 998/s"; where tonight has none, that it has none."""
    seen = measured(trend.values)
    if not seen:
        return "never measured"
    if drawable(trend.values)[-1] is None:
        return f"last {in_unit(seen[-1], trend.unit)}; not measured tonight"
    first, last = in_unit(seen[0], trend.unit), in_unit(seen[-1], trend.unit)
    return last if len(seen) == 1 else f"{first} → {last}"


def draw(trend: Trend, nights: Sequence[str], name: str) -> Markup:
    """The chart of `trend`, whose last values belong to the last of `nights`; "" if nothing was measured."""
    values = drawable(trend.values[-MOST_NIGHTS:])
    names = [shorten(one_line(night), 40) for night in nights[-len(values) :]] if values else []
    seen = measured(values)
    if not seen:
        return Markup("")
    points = _points(values, min(seen), max(seen))
    what = f"{shorten(one_line(trend.of), 60)}: {shorten(one_line(trend.what), 60)}"
    body = [
        *_levels(seen, trend.unit),
        path(_strokes(points), "curve trend"),
        *_dots(points, values, names, trend.unit),
        *_nights(names),
    ]
    description = f"{count(len(seen), 'night')} measured of {len(values)}: {told(trend)}."
    return picture(name, WIDTH_PX, HEIGHT_PX, what, description, body)


def _y(v: float, low: float, high: float) -> float:
    """Where `v` stands; a spread that is small beside the values is drawn small."""
    span = max(high - low, LEAST_SPREAD * abs(high), 1e-12)
    below = low - (span - (high - low)) / 2
    return BOTTOM_PX - (v - below) / span * (BOTTOM_PX - TOP_PX)


def _points(values: Sequence[float | None], low: float, high: float) -> list[tuple[float, float] | None]:
    """A place for each night, from left to right; None for a gap."""
    step = (RIGHT_PX - LEFT_PX) / max(len(values) - 1, 1)
    start = LEFT_PX if len(values) > 1 else (LEFT_PX + RIGHT_PX) / 2
    return [None if v is None else (start + n * step, _y(v, low, high)) for n, v in enumerate(values)]


def _strokes(points: Sequence[tuple[float, float] | None]) -> list[tuple[str, float, float]]:
    """Lines between neighbours that were both measured."""
    strokes: list[tuple[str, float, float]] = []
    before = None
    for point in points:
        if point is not None:
            strokes.append(("M" if before is None else "L", *point))
        before = point
    return strokes


def _levels(seen: Sequence[float], unit: str) -> list[Markup]:
    """A rule and a label at the lowest and at the highest value; one of both where they would collide."""
    low, high = min(seen), max(seen)
    levels = [(high, _y(high, low, high))]
    if _y(low, low, high) - levels[0][1] >= 13:
        levels.append((low, _y(low, low, high)))
    return [
        tag(
            "g",
            line(LEFT_PX, y, RIGHT_PX, y, "rule"),
            text(LEFT_PX - 6, y + 4, _fitting(in_unit(v, unit), LEFT_PX - 8), "tick", "end"),
        )
        for v, y in levels
    ]


def _dots(
    points: Sequence[tuple[float, float] | None],
    values: Sequence[float | None],
    names: Sequence[str],
    unit: str,
) -> list[Markup]:
    """What each night measured, on hover; one between two gaps and the last that has a value are seen."""
    last = max(n for n, point in enumerate(points) if point is not None)
    padded = [None, *points, None]
    dots = []
    for n, (point, v) in enumerate(zip(points, values, strict=True)):
        if point is None or v is None:
            continue
        night = names[n] if n < len(names) else str(n + 1)
        kind = "last" if n == last else "lone" if padded[n] is padded[n + 2] is None else "point"
        radius = 2.0 if kind == "lone" else 3.5
        title = tooltip(f"{night}: {in_unit(v, unit)}")
        dots.append(tag("circle", title, cx=point[0], cy=point[1], r=radius, class_=kind))
    return dots


def _nights(names: Sequence[str]) -> list[Markup]:
    """The axis of nights, with the names of the first and the last one."""
    pieces = [line(LEFT_PX, BOTTOM_PX + 6, RIGHT_PX, BOTTOM_PX + 6, "axis")]
    room = (RIGHT_PX - LEFT_PX) / 2 - 4
    if len(names) > 1:
        pieces.append(text(LEFT_PX, BOTTOM_PX + 22, _fitting(names[0], room), "tick"))
    if names:
        pieces.append(text(RIGHT_PX, BOTTOM_PX + 22, _fitting(names[-1], room), "tick", "end"))
    return pieces


def _fitting(words: str, px: float) -> str:
    """`words`, shortened to what fits; where wide characters are among them, to half of it."""
    fits = int(px / SMALL_CHARACTER_PX)
    short = shorten(words, fits)
    return short if width_px(short, SMALL_CHARACTER_PX) <= px else shorten(words, fits // 2)
