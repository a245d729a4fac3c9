"""The page in a real browser with scripts switched off: what a reader sees, at phone and desk width,
offline.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.html import render
from tests.reports import samples
from tests.reports.hostile import hostile

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

RECORDS = {**samples.ALL, "hostile": hostile}
WIDTHS = (360, 768, 1280)
BOXES = """
selector => [...document.querySelectorAll(selector)].filter(e => e.checkVisibility()).map(e => {
  const b = e.getBoundingClientRect();
  return [b.left, b.top, b.right, b.bottom, (e.textContent || '').slice(0, 40)];
})
"""
CONTRAST = """
() => {
  const linear = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const parse = s => s.match(/[\\d.]+/g).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = 'main :is(p, th, td, h1, h2, h3, li, dt, dd, span, code, pre, a, figcaption)';
  for (const e of document.querySelectorAll(texts)) {
    if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push([e.tagName, e.className, e.textContent.slice(0, 30), ratio]);
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium of the system; skipped where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page of the record named by the test's `name`, at its `width`, with scripts off; no request may
    leave it.
    """
    parameters = request.node.callspec.params
    file = tmp_path / "report.html"
    file.write_text(render(RECORDS[parameters["name"]]()), encoding="utf-8")
    context = browser.new_context(
        viewport={"width": parameters["width"], "height": 900},
        color_scheme=parameters.get("scheme", "light"),
        java_script_enabled=False,
    )
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda r: asked.append(r.url))
    opened.goto(file.as_uri())
    yield opened
    assert asked == [file.as_uri()], "the page asks for something else"
    context.close()


def overlapping(boxes: list[Any]) -> list[Any]:
    """Pairs of boxes that share more than a pixel both ways."""
    return [
        (a, b)
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 2
    ]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", RECORDS)
def test_nothing_overflows_sideways_and_sections_stand_one_below_the_other(
    page: Any, name: str, width: int
) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sections = page.evaluate(BOXES, "main section")
    assert len(sections) >= 8
    assert all(right - left > 100 and bottom - top > 40 for left, top, right, bottom, _ in sections)
    assert overlapping(sections) == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["anomaly-expected", "anomaly-unexpected"])
def test_sentence_counter_example_and_table_can_be_seen(page: Any, name: str, width: int) -> None:
    assert "process 2 read 3 from n1" in page.locator(".sentence").inner_text()
    assert page.locator(".sentence").is_visible()
    pictures = page.evaluate(BOXES, "#counter-example svg")
    assert len(pictures) == 1
    left, top, right, bottom, _ = pictures[0]
    assert right - left > 250
    assert bottom - top > 200
    rows = page.evaluate(BOXES, "#counter-example tbody tr")
    assert len(rows) == 5
    assert overlapping(rows) == []
    assert "reads 3, but the state is 7" in page.locator("#counter-example table").inner_text()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["anomaly-expected", "valid", "interrupted", "inconclusive", "hostile"])
def test_no_two_labels_of_a_picture_overlap_and_none_is_clipped(page: Any, name: str, width: int) -> None:
    for figure in ("#counter-example", "#run"):
        labels = page.evaluate(BOXES, f"{figure} svg text")
        for svg in page.evaluate(BOXES, f"{figure} svg"):
            assert all(svg[0] - 1 <= box[0] and box[2] <= svg[2] + 1 for box in labels)
        assert overlapping(labels) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280])
@pytest.mark.parametrize("name", RECORDS)
def test_text_has_the_contrast_of_wcag_aa(page: Any, name: str, width: int, scheme: str) -> None:
    assert page.evaluate(CONTRAST) == []
