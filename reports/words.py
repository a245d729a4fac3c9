"""Values, times and strangers' text as short, harmless words.

Laws: `visible` leaves no character that is invisible or changes the direction of writing; nothing here
escapes HTML (the template engine and `reports.svg.elements` do); a clipped text always says how much of it
is missing.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import msgspec

NS_PER_S = 1_000_000_000
_KEPT = frozenset("\n\t")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def visible(text: str) -> str:
    """`text` with control, bidirectional, zero-width and unpaired surrogate characters written as \\uXXXX."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible_character(c) for c in text)


def _visible_character(c: str) -> str:
    if c in _KEPT or unicodedata.category(c) not in _HIDDEN_CATEGORIES:
        return c
    return f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}"


def one_line(text: str) -> str:
    """`visible` text with every run of white space made one space."""
    return " ".join(visible(text).split())


def clip(text: str, limit: int) -> str:
    """At most about `limit` characters of `text`; what is cut is counted: "abcd… (96 more)"."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more)"


def shorten(text: str, limit: int) -> str:
    """Exactly at most `limit` characters, an ellipsis included; for labels whose full text stands in a
    title.
    """
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def value(thing: Any) -> str:
    """A key, value or option in words: text as it is, None as "nil", everything else as JSON (or repr)."""
    if isinstance(thing, str):
        return visible(thing)
    if thing is None:
        return "nil"
    try:
        return visible(msgspec.json.encode(thing).decode())
    except (TypeError, ValueError, OverflowError):
        return visible(repr(thing))


def seconds(ns: int, origin_ns: int = 0) -> str:
    """`ns` after `origin_ns` in seconds with milliseconds, e.g. "12.345"."""
    return f"{(ns - origin_ns) / NS_PER_S:.3f}"


def duration(s: float) -> str:
    """A duration in the unit that suits it: "350 µs", "12 ms", "1.25 s", "3 min 20 s", "2 h 05 min"."""
    if s < 0:
        return "−" + duration(-s)
    if s < 0.9995e-3:
        return f"{s * 1e6:.0f} µs"
    if s < 0.9995:
        return f"{s * 1e3:.0f} ms"
    if s < 59.995:
        return f"{s:.2f} s"
    whole = round(s)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(n: int, noun: str, plural: str | None = None) -> str:
    """ "1 fault", "1,234 faults"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """A share in per cent that never rounds something to nothing or nearly all to all."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"
