"""The few SVG elements that the pictures are made of, and how wide a text will be.

Laws: a plain `str` given as child or attribute is made visible and escaped, only `Markup` goes in as it is;
numbers are written with at most one decimal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from markupsafe import Markup, escape

from reports.words import clip, one_line, visible

CHARACTER_PX = 7.4  # one character of the 12 px monospace face, with some slack for fallback fonts
SMALL_CHARACTER_PX = 6.8  # the same at 11 px
TOOLTIP_LIMIT = 600
LARGE_PX = 1100.0  # a wider picture is scrolled rather than shrunk until nobody can read it


def tag(name: str, *children: str, **attributes: str | float) -> Markup:
    """`<name a="..">children</name>`; in attribute names "_" stands for "-" and a trailing "_" is dropped."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _attribute(value))
        for key, value in attributes.items()
    )
    opening = Markup("<") + Markup(name) + written
    if not children:
        return opening + Markup("/>")
    return opening + Markup(">") + join(children) + Markup("</") + Markup(name) + Markup(">")


def join(children: Iterable[str]) -> Markup:
    """The children one after another, plain text escaped."""
    return Markup("").join(c if isinstance(c, Markup) else escape(visible(c)) for c in children)


def _attribute(value: str | float) -> str:
    return visible(value) if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """`value` with at most one decimal: 12, 12.5."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def width_px(text: str, per_character: float = CHARACTER_PX) -> float:
    """How wide `text` will be in the monospace face; East Asian wide characters count twice."""
    return per_character * sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in visible(text))


def tooltip(words: str) -> Markup:
    """A title, which browsers show on hover; clipped, since a stranger's words may be long."""
    return tag("title", clip(one_line(words), TOOLTIP_LIMIT))


def text(x: float, y: float, content: str, class_: str, anchor: str = "start") -> Markup:
    """A text whose baseline is at `y`."""
    if anchor == "start":
        return tag("text", content, x=x, y=y, class_=class_)
    return tag("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def rect(
    x: float, y: float, width: float, height: float, class_: str, title: str = "", rx: float = 0
) -> Markup:
    """A rectangle, with a tooltip if `title` is given."""
    children = (tooltip(title),) if title else ()
    corner: dict[str, float] = {"rx": rx} if rx else {}
    return tag("rect", *children, x=x, y=y, width=max(width, 0.5), height=height, class_=class_, **corner)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Iterable[tuple[str, float, float]], class_: str) -> Markup:
    """A path of absolute commands, e.g. ("M", x, y), ("L", x, y); an "Z" closes."""
    return tag(
        "path",
        d=" ".join(c if c == "Z" else f"{c}{number(x)} {number(y)}" for c, x, y in points),
        class_=class_,
    )


def picture(
    name: str, width: float, height: float, title: str, description: str, body: Iterable[str]
) -> Markup:
    """A whole picture with an accessible name and description; `name` must be unique in the page."""
    return tag(
        "svg",
        tag("title", clip(title, TOOLTIP_LIMIT), id=f"{name}-title"),
        tag("desc", clip(description, TOOLTIP_LIMIT), id=f"{name}-desc"),
        *body,
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        class_="large" if width > LARGE_PX else "fitting",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
