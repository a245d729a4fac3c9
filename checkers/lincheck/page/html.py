"""A `Page` as HTML.

Invariants: every printed text goes through the template engine's escaping; the script and the style are this
package's own files; the only thing marked as safe besides them is base64.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from checkers.lincheck.page.drawing import Bar, Page, Part, Unit
from checkers.lincheck.page.packing import pack
from checkers.lincheck.page.words import count, one_line, visible

SHOWN = 8  # operations of the order in the table
STUCK = 12
RANK = {"illegal": 0, "unknown": 1, "legal": 2}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    mark: str
    lane: str
    text: str
    called: str
    returned: str
    told: str
    stuck: bool


def render(page: Page) -> str:
    """The whole page as text, to be written as UTF-8."""
    parts = sorted(page.parts, key=lambda part: RANK[part.answer])
    first = parts[0] if parts else None
    ordered = Page(
        page.title, page.answer, page.heading, page.sentence, page.facts, parts, page.notes, page.unit
    )
    text: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=ordered,
            first=first,
            rows=_rows(first, page.unit) if first else [],
            caption=_caption(first) if first else "",
            data=pack(ordered),
        )
    )
    return text


@functools.cache
def _environment() -> Any:
    """jinja2 is loaded with the first page only: it takes longer than most checks."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(thing: Any) -> Any:
        return visible(thing) if isinstance(thing, str) and not isinstance(thing, Markup) else thing

    loader = PackageLoader("checkers.lincheck.page", "assets")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.globals["asset"] = lambda name: Markup(loader.get_source(environment, name)[0])
    environment.globals["count"] = count
    environment.filters["line"] = one_line
    environment.filters["base64"] = Markup
    return environment


def _caption(part: Part) -> str:
    """What the table holds."""
    placed = len(part.orders.path(part.orders.best))
    where = f"{part.name}: " if part.name else ""
    if not placed and not part.stuck:
        return f"{where}no order to show; the first of {count(len(part.bars), 'operation')}"
    if part.stuck:
        last = f"the last {SHOWN} of {placed:,}" if placed > SHOWN else f"all {placed:,}"
        return f"{where}{last} operations in the longest order found, and what cannot follow"
    first = f"the first {SHOWN} of {placed:,}" if placed > SHOWN else f"all {placed:,}"
    return f"{where}{first} operations in an order that is legal"


def _rows(part: Part, unit: Unit) -> list[Row]:
    nodes = []
    node = part.orders.best
    while node >= 0:
        nodes.append(node)
        node = part.orders.parents[node]
    nodes.reverse()
    skipped = max(0, len(nodes) - SHOWN) if part.stuck else 0
    origin = min((bar.call for bar in part.bars), default=0)

    def row(mark: str, bar: Bar, told: str, stuck: bool) -> Row:
        called, returned = _time(bar.call, origin, unit), _time(bar.end, origin, unit)
        return Row(mark, bar.lane, one_line(bar.text), called, returned, one_line(told), stuck)

    if not nodes and not part.stuck:
        return [row("", bar, "", False) for bar in part.bars[:SHOWN]]
    rows = [
        row(str(n), part.bars[part.orders.items[k]], f"then {part.words[part.orders.states[k]]}", False)
        for n, k in list(enumerate(nodes, 1))[skipped : skipped + SHOWN]
    ]
    return rows + [row("×", part.bars[i], why, True) for i, why in list(part.stuck.items())[:STUCK]]


def _time(time: int | float | None, origin: int | float, unit: Unit) -> str:
    if time is None:
        return "never"
    return f"{(time - origin) / 1e9:.6f} s" if unit == "ns" else f"{time}"
