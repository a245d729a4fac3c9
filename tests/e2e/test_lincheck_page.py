"""The page of a history in a real browser, from a file, offline: what is seen, hovered, clicked and typed."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from checkers.lincheck.porcupine import (
    Annotation,
    Model,
    Operation,
    check_operations_verbose,
    deciding,
    visualize_path,
)
from checkers.lincheck.porcupine.presuming import Presumed
from checkers.verdict import Valid
from tests.checkers.porcupine.samples import GET, REGISTER, Put, illegal, legal
from tests.checkers.porcupine.test_page import HOSTILE
from tests.e2e.test_report_browser import CONTRAST

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

Open = Callable[..., Any]
PIXELS = """
name => {
  const canvas = document.getElementById('canvas'), probe = document.createElement('canvas').getContext('2d');
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name);
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let found = 0;
  for (let i = 0; i < all.length; i += 4) found += all[i] === r && all[i + 1] === g && all[i + 2] === b;
  return found;
}
"""
OPTIONS = "document.querySelector('#part').options.length"


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
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a history; no request may leave it and no script may fail."""
    file = tmp_path / "page.html"
    contexts, asked, failed = [], [], []

    def opened(
        history: list[Operation],
        model: Model = REGISTER,
        annotations: tuple[Annotation, ...] = (),
        width: int = 1280,
        **options: Any,
    ) -> Any:
        _, info = check_operations_verbose(model, history)
        info.add_annotations(annotations)
        visualize_path(model, info, file)
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("dialog", lambda dialog: failed.append(dialog.message))
        page.goto(file.as_uri())
        if options.get("java_script_enabled", True) and history:
            page.locator("#canvas[data-ready]").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert set(asked) == {file.as_uri()}, "the page asks for something else"
    assert failed == []


def detail(page: Any) -> str:
    """The words about one operation."""
    return " | ".join(page.locator("#detail").inner_text().split("\n")).replace(" →  ", " → ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1280])
def test_a_violation_is_seen_at_once(show: Open, scheme: str, width: int) -> None:
    page = show(illegal(), width=width, color_scheme=scheme)
    assert page.locator("h1").inner_text() == "Not linearizable"
    assert detail(page).startswith(
        "get() -> 0 | client 2 · called 40 · returned 90 | not legal in the state 200"
    )
    assert page.evaluate(PIXELS, "--stuck") > 500
    assert page.evaluate(PIXELS, "--bar") > 1_000
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []


def test_a_legal_history_has_nothing_red(show: Open) -> None:
    page = show(legal())
    assert "The order shown holds 3 of 3 operations" in detail(page)
    assert page.evaluate(PIXELS, "--stuck") == 0
    assert not page.locator("#goto").is_visible()


def test_the_keys_walk_and_hold(show: Open) -> None:
    page = show(legal())
    page.focus("#canvas")
    seen = []
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        seen.append(detail(page).split(" | ")[0])
    assert seen == ["put(100)", "get() -> 100", "get() -> 0", "get() -> 0"]
    assert "0 → 0 | number 1 of 3 in a legal order" in detail(page)
    page.keyboard.press("ArrowUp")
    assert detail(page).startswith(
        "get() -> 100 | client 1 · called 25 · returned 75 | 100 → 100 | number 3 of 3"
    )
    page.keyboard.press("Home")
    assert "0 → 100 | number 2 of 3" in detail(page)
    page.keyboard.press("Escape")
    assert "Point at an operation" in detail(page)


def test_hovering_shows_the_longest_order_that_contains_an_operation(show: Open) -> None:
    """Two gets that exclude each other: the order follows the mouse, and a click holds it."""
    history = [
        Operation(0, Put(1), 0, None, 10),
        Operation(1, Put(2), 0, None, 10),
        Operation(2, GET, 20, 1, 30),
        Operation(3, GET, 21, 2, 31),
        Operation(4, GET, 22, 2, 32),
    ]
    page = show(history)
    row, top = 36, 26

    def at(client: int) -> dict[str, float]:
        box = page.locator("#canvas").bounding_box()
        gutter = page.evaluate("Math.min(8 * 6.7 + 20, 400)")
        return {"x": box["x"] + gutter + at_x[client], "y": box["y"] + top + row * client + row / 2}

    page.locator("#canvas[data-placed='4']").wait_for()
    assert detail(page).startswith(
        "get() -> 1 | client 2 · called 20 · returned 30 | not legal in the state 2"
    )
    at_x = dict.fromkeys(range(5), 0)
    found = {}
    for client in (2, 3):
        for x in range(100, 1100, 25):
            at_x[client] = x
            page.mouse.move(**at(client))
            if page.evaluate("document.getElementById('canvas').style.cursor") == "pointer":
                found[client] = detail(page)
                break
    assert "number 3 of 3 in the longest order found" in found[2]
    assert "number 3 of 4 in the longest order found" in found[3]
    page.mouse.click(**at(2))
    page.mouse.move(5, 5)
    page.locator("#canvas[data-placed='3']").wait_for()
    assert detail(page).startswith("get() -> 1")
    page.focus("#canvas")
    page.keyboard.press("Escape")
    page.locator("#canvas[data-placed='4']").wait_for()


def test_partitions_can_be_chosen(show: Open) -> None:
    model = dataclasses.replace(REGISTER, partition=lambda h: [h[:3], h[3:]])
    page = show([*legal(), *illegal()], model)
    assert page.evaluate(OPTIONS) == 2
    assert "partition 1: NOT linearizable, 3 operations" in page.locator("#part option").first.inner_text()
    assert "not legal" in detail(page)
    page.select_option("#part", "1")
    assert "The order shown holds 3 of 3" in detail(page)
    assert page.evaluate(PIXELS, "--stuck") == 0


def test_annotations_are_drawn_in_their_colours(show: Open) -> None:
    notes = (
        Annotation(
            tag="net", start=20, end=60, description="cut", details="n1 | n2", background_color="#efaefc"
        ),
        Annotation(client_id=1, start=40, description="again", background_color="no colour; }"),
    )
    without = show(legal()).evaluate(PIXELS, "--note")
    page = show(legal(), annotations=notes)
    assert without == 0
    assert page.evaluate(PIXELS, "--note") > 100
    page.evaluate("document.documentElement.style.setProperty('--probe', '#efaefc')")
    assert page.evaluate(PIXELS, "--probe") > 1_000


def test_without_javascript_the_answer_and_the_table_are_there(show: Open) -> None:
    page = show(illegal(), java_script_enabled=False)
    assert "longest order found holds 2 of 3" in page.locator(".sentence").inner_text()
    assert page.locator("tr.stuck").inner_text().split("\t")[-1] == "not legal in the state 200"
    assert "The picture needs JavaScript" in page.locator("#picture").inner_text()
    assert not page.locator("#scroller").is_visible()


def test_hostile_text_does_nothing(show: Open) -> None:
    model = Model(
        init=lambda: 0,
        step=lambda state, input, output: (output == state, HOSTILE),
        describe_operation=lambda input, output: HOSTILE,
        describe_state=lambda state: HOSTILE,
        describe_operation_metadata=lambda metadata: HOSTILE,
    )
    history = [Operation(HOSTILE, GET, 0, 0, 1), Operation(HOSTILE, GET, 2, 9, 3)]
    page = show(history, model, (Annotation(tag=HOSTILE, start=0, description=HOSTILE, details=HOSTILE),))
    page.focus("#canvas")
    for key in ("ArrowRight", "ArrowLeft", "Enter", "+", "-"):
        page.keyboard.press(key)
    assert "</script><script>alert(1)</script>" in detail(page)
    assert page.evaluate("document.images.length") == 0


def test_an_empty_history_opens(show: Open) -> None:
    page = show([])
    assert "The history has no operations" in page.locator("#table").inner_text()


def test_forty_thousand_operations_open(show: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search is spared: the history is sequential in the order in which it is written down."""
    history = [
        Operation(n % 10, *((Put(n // 2), 3 * n, None) if n % 2 == 0 else (GET, 3 * n, n // 2)), 3 * n + 2)
        for n in range(40_000)
    ]
    monkeypatch.setattr(deciding, "presume", lambda given: Presumed({}, []))
    monkeypatch.setattr(deciding, "check", lambda h, m, **_: Valid(len(h), ((0, tuple(range(len(h)))),)))
    page = show(history)
    assert "holds 40,000 of 40,000" in detail(page)
    assert len(page.content()) < 2_000_000
    page.click("#fit")
    page.locator("#canvas[data-placed='40000']").wait_for()
    assert page.evaluate(PIXELS, "--bar-edge") > 1_000
    page.focus("#canvas")
    page.keyboard.press("End")
    assert detail(page).startswith("get() -> 19999 | client 9 · called 119997")
