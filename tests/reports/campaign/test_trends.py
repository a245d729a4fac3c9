"""The charts of trends: well-formed, gaps are gaps, labels stay inside and apart, bounded in size."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reports.campaign import trends
from reports.campaign.record import Trend
from reports.svg.elements import SMALL_CHARACTER_PX, width_px
from tests.reports.campaign import samples
from tests.reports.campaign.extremes import hostile

VALUES = st.lists(st.none() | st.floats(), min_size=1, max_size=40)


def chart(*values: float | None, unit: str = "s", nights: list[str] | None = None) -> ET.Element:
    """The chart of these values, parsed."""
    names = nights if nights is not None else [f"2026-03-{n + 1:02d}" for n in range(len(values))]
    return ET.fromstring(str(trends.draw(Trend("raft", "recovery", unit, values), names, "t")))


def strokes(drawn: ET.Element) -> list[list[tuple[float, float]]]:
    """The line's stretches as points."""
    d = next(p.attrib["d"] for p in drawn.iter("path"))
    stretches = [part for part in d.split("M") if part]
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", stretch)] for stretch in stretches
    ]


def dots(drawn: ET.Element, kind: str) -> list[tuple[float, float]]:
    """The circles of one kind."""
    circles = [c for c in drawn.iter("circle") if c.attrib["class"] == kind]
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in circles]


def test_a_higher_value_stands_higher_and_a_later_night_stands_further_right() -> None:
    (line,) = strokes(chart(1.0, 2.0, 4.0))
    assert [x for x, _ in line] == sorted({x for x, _ in line})
    assert line[0][1] > line[1][1] > line[2][1]
    assert line[0][1] - line[1][1] == pytest.approx((line[1][1] - line[2][1]) / 2, abs=0.2)


def test_a_night_without_a_measurement_is_a_gap_and_a_lone_one_is_a_dot() -> None:
    drawn = chart(1.0, 2.0, None, 3.0, float("nan"), 2.0, 2.5)
    assert [len(stretch) for stretch in strokes(drawn)] == [2, 1, 2]
    assert dots(drawn, "lone") == strokes(drawn)[1]
    assert dots(drawn, "last") == [strokes(drawn)[2][1]]
    assert len(list(drawn.iter("circle"))) == 5


def test_small_noise_does_not_fill_the_chart() -> None:
    heights = [y for _, y in strokes(chart(100.0, 101.0, 100.5))[0]]
    assert max(heights) - min(heights) < 0.1 * (trends.BOTTOM_PX - trends.TOP_PX)
    wide = [y for _, y in strokes(chart(100.0, 200.0))[0]]
    assert max(wide) - min(wide) == pytest.approx(trends.BOTTOM_PX - trends.TOP_PX)


def test_the_axes_are_named_at_both_ends() -> None:
    words = [t.text for t in chart(1.5, 0.04, 2.0).iter("text")]
    assert words == ["2.00 s", "40 ms", "2026-03-01", "2026-03-03"]
    assert [t.text for t in chart(7.0).iter("text")] == ["7.00 s", "2026-03-01"]


def test_nothing_measured_is_nothing_drawn() -> None:
    for values in ((), (None, None), (float("inf"), None), (1e300,)):
        assert trends.draw(Trend("raft", "recovery", "s", values), ["a", "b"], "t") == ""


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        ((1204.4, 998.2), "1/s", "1,204/s → 998/s"),
        ((None, 0.041), "s", "41 ms"),
        ((2.0, None), "s", "last 2.00 s; not measured tonight"),
        ((None,), "s", "never measured"),
        ((3.14159, 2.0), "MB", "3.14 MB → 2 MB"),
        ((), "s", "never measured"),
    ],
)
def test_first_and_last_value_in_words(values: tuple[float | None, ...], unit: str, words: str) -> None:
    assert trends.told(Trend("raft", "what", unit, values)) == words


@settings(deadline=None)
@example([1.0, 2.0], "s", "語" * 30)
@given(VALUES, st.sampled_from(("s", "1/s", "\u202e<b>語語語語")), st.text(max_size=60))
def test_whatever_was_measured_is_drawn_inside_and_labels_do_not_collide(
    values: list[float | None], unit: str, night: str
) -> None:
    drawn = trends.draw(Trend(night, night, unit, tuple(values)), [night] * len(values), "t")
    if not drawn:
        assert not trends.measured(values)
        return
    parsed = ET.fromstring(str(drawn))
    points = [p for stretch in strokes(parsed) for p in stretch]
    assert len(points) == len(trends.measured(values))
    assert all(trends.LEFT_PX - 1 <= x <= trends.RIGHT_PX + 1 for x, _ in points)
    assert all(trends.TOP_PX - 1 <= y <= trends.BOTTOM_PX + 1 for _, y in points)
    boxes = []
    for label in parsed.iter("text"):
        wide = width_px(label.text or "", SMALL_CHARACTER_PX)
        x, y = float(label.attrib["x"]), float(label.attrib["y"])
        left = x - wide if label.attrib.get("text-anchor") == "end" else x
        boxes.append((left, left + wide, y - 9, y + 3))
        assert left >= -0.5
        assert left + wide <= trends.WIDTH_PX + 0.5
        assert y <= trends.HEIGHT_PX
    for n, a in enumerate(boxes):
        for b in boxes[:n]:
            assert min(a[1], b[1]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[2], b[2])


def test_charts_of_a_system_stand_together_and_those_never_measured_are_left_out() -> None:
    made = trends.systems(samples.eventful())
    assert [(one.of, len(one.charts)) for one in made] == [
        ("raft @ local", 4),
        ("primary-backup @ local", 4),
    ]
    assert len(trends.systems(hostile())) == 1
    ids = re.findall(r' id="([^"]+)"', "".join(c.picture for one in made for c in one.charts))
    assert len(ids) == len(set(ids)) == 16


def test_many_nights_do_not_make_a_large_chart() -> None:
    assert len(trends.draw(Trend("x", "y", "s", (1.0, 2.0) * 500), ["night"] * 1000, "t")) < 20_000
