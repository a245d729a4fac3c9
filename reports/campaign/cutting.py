"""A text of sections that has to stay below a number of bytes.

Laws: the text has at most that many bytes of UTF-8; rows are told whole or not at all; what is left out is at
the end, and a last line counts it by section; if not even the first row of the first section fits, the text
is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.words import count

NOTE_BYTES = 500  # kept free for the line that says what is missing
MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Section:
    """`name`, short, for the line that says what is missing; heading; lines before the rows (a table's head);
    rows.
    """

    name: str
    heading: str
    before: tuple[str, ...]
    rows: tuple[str, ...]

    def lines(self, most: int | None = None) -> str:
        """The section with its first `most` rows."""
        return "\n".join([self.heading, "", *self.before, *self.rows[:most]]) + "\n\n"

    def fits(self, room: int) -> int:
        """How many rows have room."""
        room -= size(self.lines(0))
        for n, row in enumerate(self.rows):
            room -= size(row) + 1
            if room < 0:
                return n
        return len(self.rows)


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def fitted(sections: Sequence[Section], limit: int) -> str:
    """The sections as far as `limit` bytes allow, the first ones first."""
    whole = "".join(section.lines() for section in sections)
    if size(whole) <= limit:
        return whole
    room = limit - NOTE_BYTES
    kept: list[str] = []
    missing: list[tuple[str, int]] = []
    for section in sections:
        fits = 0 if missing else section.fits(room)
        if fits:
            kept.append(section.lines(fits))
            room -= size(kept[-1])
        if fits < len(section.rows):
            missing.append((section.name, len(section.rows) - fits))
    return "".join(kept) + _note(missing, limit) if kept else ""


def _note(missing: Sequence[tuple[str, int]], limit: int) -> str:
    named = [f"{name} ({n:,})" for name, n in missing[:MOST_NAMED]]
    rows = count(sum(n for _, n in missing), "row")
    return f"Cut at {limit:,} bytes; {rows} left out of: {', '.join(named)}.\n"
