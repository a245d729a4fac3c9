"""What a page shows, as values: parts with bars and orders through them, and notes beside them.

Invariants: nothing here knows HTML; positions point into `Part.bars`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from checkers.lincheck.partials import Partials

Time = int | float
Answer = Literal["legal", "illegal", "unknown"]
Unit = Literal["ns", ""]


@dataclass(frozen=True, slots=True)
class Bar:
    """One operation: a bar from `call` to `end` (None: it never returned) in the row `lane`.

    details: more words, one fact a line. sure: False if it may not have happened at all.
    """

    lane: str
    call: Time
    end: Time | None
    text: str
    details: str = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """Operations that are judged together. words: state numbers of `orders` in words. stuck: operations that
    cannot come after the best order, and why. marked: operations to be seen among many, a counter-example
    say.
    """

    name: str
    answer: Answer
    bars: Sequence[Bar]
    orders: Partials
    words: Mapping[int, str]
    initial: str
    stuck: Mapping[int, str]
    marked: frozenset[int] = frozenset()
    note: str = ""
    gaps: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Note:
    """Something beside the operations, in the row `lane`; colours are CSS, empty for the page's own."""

    lane: str
    start: Time
    end: Time
    text: str
    details: str = ""
    color: str = ""
    background: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page. unit "ns": times are shown in seconds since the first one; "": as they are."""

    title: str
    answer: Answer
    heading: str
    sentence: str
    facts: Sequence[str]
    parts: Sequence[Part]
    notes: Sequence[Note] = ()
    unit: Unit = ""


def stuck_after(ops: Sequence[tuple[Time, Time]], order: Collection[int]) -> list[int]:
    """The operations, given as (call, return), that may come next in real time after those of `order`; the
    one that returns first in front.
    """
    placed = set(order)
    left = [i for i in range(len(ops)) if i not in placed]
    bound = min((ops[i][1] for i in left), default=0)
    return sorted((i for i in left if ops[i][0] <= bound), key=lambda i: (ops[i][1], ops[i][0], i))
