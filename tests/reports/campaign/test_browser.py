"""The page of a night in a real browser with scripts switched off: nothing overflows, overlaps or is too
pale, at phone and desk width, in light and dark, offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.campaign.page import render
from tests.e2e.test_report_browser import BOXES, CONTRAST, browser, overlapping
from tests.reports.campaign.extremes import ALL

__all__ = ["browser"]  # a fixture

NAMES = ("eventful", "quiet", "empty", "hostile")


@pytest.fixture
def page(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page of the test's `name` at its `width` in its `scheme`, everything unfolded."""
    asked: list[str] = []
    parameters = request.node.callspec.params
    file = tmp_path / "night.html"
    written = render(ALL[parameters["name"]]())
    file.write_text(written.replace("<details", "<details open"), encoding="utf-8")
    context = browser.new_context(
        viewport={"width": parameters["width"], "height": 900},
        color_scheme=parameters.get("scheme", "light"),
        java_script_enabled=False,
    )
    opened = context.new_page()
    opened.on("request", lambda r: asked.append(r.url))
    opened.goto(file.as_uri())
    yield opened
    assert asked == [file.as_uri()], "the page asks for something else"
    context.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_overflows_sideways_and_sections_stand_one_below_the_other(
    page: Any, name: str, width: int
) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for parts in ("main section", ".group", ".matrix tbody tr", ".looks tbody tr", ".chart"):
        boxes = page.evaluate(BOXES, parts)
        assert overlapping(boxes) == [], parts
        assert all(box[0] >= 0 and (box[2] <= width or parts.endswith("tr")) for box in boxes), parts


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["eventful", "hostile"])
def test_no_two_labels_of_a_picture_overlap_and_none_is_clipped(page: Any, name: str, width: int) -> None:
    for figure in (".chart", ".group figure"):
        for svg in page.locator(f"{figure} svg").all():
            frame = svg.bounding_box()
            labels = svg.evaluate(
                "s => [...s.querySelectorAll('text')].map(t => t.getBoundingClientRect())"
                ".map(b => [b.left, b.top, b.right, b.bottom])"
            )
            right = frame["x"] + frame["width"]
            assert all(frame["x"] - 1 <= box[0] and box[2] <= right + 1 for box in labels)
            assert overlapping(labels) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280])
@pytest.mark.parametrize("name", NAMES)
def test_text_has_the_contrast_of_wcag_aa(page: Any, name: str, width: int, scheme: str) -> None:
    assert page.evaluate(CONTRAST) == []
