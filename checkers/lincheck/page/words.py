"""Strangers' text made harmless to the eye, and numbers with their nouns.

Invariants: `visible` leaves no character that is invisible, unpaired or changes the direction of writing;
nothing here escapes HTML (the template engine does).
"""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
LONGEST = 2_000


def visible(text: str) -> str:
    """`text` of at most about `LONGEST` characters, hidden ones written as \\uXXXX; line ends stay."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text) - LONGEST:,} more)"
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c == "\n" or unicodedata.category(c) not in _HIDDEN else _written(c) for c in text)


def _written(c: str) -> str:
    return f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}"


def one_line(text: str, limit: int = 300) -> str:
    """The same on one line, cut after `limit` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def count(n: int, noun: str) -> str:
    """ "1 operation", "1,234 operations"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
