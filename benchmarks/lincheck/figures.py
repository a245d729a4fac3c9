"""Ratios, goals and tables: what measurements come to, as values and as text.

Invariants: pure. A ratio is their time over ours, so more is better; nothing measured is no ratio (None), and
no goal is met by it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """What was hoped for: `seen` at most, or at least, `bound`. seen: None if it could not be measured."""

    what: str
    seen: float | None
    bound: float
    at_most: bool
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        if self.seen is None or math.isnan(self.seen):
            return False
        return self.seen <= self.bound if self.at_most else self.seen >= self.bound

    def line(self) -> str:
        """One line, e.g. "met     geometric mean of the ratios: 12.5x (goal: at least 4x)"."""
        seen = "not measured" if self.seen is None else f"{number(self.seen)}{self.unit}"
        side = "at most" if self.at_most else "at least"
        word = "met   " if self.met else "MISSED"
        return f"{word}  {self.what}: {seen} (goal: {side} {self.bound:g}{self.unit})"


@dataclass(frozen=True, slots=True)
class Report:
    """One part of the benchmark. notes: what a reader must know to read the table. wrong: verdicts that
    contradict the known ones; a single one makes all other figures worthless.
    """

    title: str
    notes: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = ()
    wrong: Sequence[str] = ()
    data: Sequence[Any] = field(default=())

    def text(self) -> str:
        """All of it, to print."""
        wrong = [f"WRONG VERDICT: {where}" for where in self.wrong]
        parts = [f"== {self.title}", *self.notes, "", *table(self.head, self.rows), ""]
        return "\n".join([*parts, *(goal.line() for goal in self.goals), *wrong]) + "\n"


def ratio(theirs: float | None, ours: float | None) -> float | None:
    """How many times faster we are; None if one of the two is not known."""
    return None if theirs is None or ours is None or ours <= 0 else theirs / ours


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """Of those that are known; None if none is. All must be positive."""
    known = [math.log(value) for value in values if value is not None]
    return math.exp(math.fsum(known) / len(known)) if known else None


def least(values: Iterable[float | None]) -> float | None:
    """The smallest that is known."""
    return min((value for value in values if value is not None), default=None)


def most(values: Iterable[float | None]) -> float | None:
    """The largest; None if there is none or one is not known: what has no end has no maximum."""
    found = list(values)
    known = [value for value in found if value is not None]
    return max(known) if found and len(known) == len(found) else None


def number(value: float | None, digits: int = 3) -> str:
    """With about so many significant digits, never in powers of ten; "-" for None."""
    if value is None:
        return "-"
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    after = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(after, 6)}f}"


def times(value: float | None, *, more: bool = False) -> str:
    """A ratio, e.g. "12.3x". more: theirs never came to an end, so it is a lower bound."""
    return "-" if value is None else f"{'> ' if more else ''}{number(value)}x"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns of equal width, the first to the left and the others to the right."""
    if not rows:
        return ["(nothing measured)"]
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
