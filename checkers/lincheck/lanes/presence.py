"""When the values of a queue are certainly in it.

Invariants: a value is there throughout the open interval (er, dc) of its times, see `queues`;
open, because at er the enqueue may still come after, and at dc the dequeue before, whatever else happens at
that moment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.result import Bools, Ints
from checkers.lincheck.lanes.sources import NOBODY

NEVER = OPEN_NS


@dataclass(frozen=True, slots=True)
class Values:
    """Values with their times (ns), each of shape (values,): enqueued in [ec, er], dequeued in [dc, dr].

    made_at, taken_at: positions of the two operations. dc is at least ec. A value that nobody took has
    NOBODY, dc = dr = NEVER.
    """

    made_at: Ints
    taken_at: Ints
    ec: Ints
    er: Ints
    dc: Ints
    dr: Ints

    def where(self, mask: Bools) -> Values:
        """Only some of the values."""
        columns = (self.made_at, self.taken_at, self.ec, self.er, self.dc, self.dr)
        return Values(*(column[mask] for column in columns))

    def rows(self, number: int) -> list[int]:
        """Positions of the operations of one value."""
        taken = int(self.taken_at[number])
        return [int(self.made_at[number])] + ([] if taken == NOBODY else [taken])


def running_max(column: Ints) -> tuple[Ints, Ints]:
    """The largest entry up to each row, and a row that holds it."""
    largest = np.maximum.accumulate(column)
    return largest, np.maximum.accumulate(np.where(column == largest, np.arange(len(column)), 0))


class Presence:
    """The intervals (er, dc) that are not empty, sorted by er, and their union."""

    def __init__(self, values: Values) -> None:
        there = np.flatnonzero(values.er < values.dc)
        self.numbers = there[np.argsort(values.er[there], kind="stable")]
        self.begins = values.er[self.numbers]
        self.farthest, self.holder = running_max(values.dc[self.numbers])
        # Intervals that only touch leave a gap of one moment, so the next part of the union begins there.
        last_of_part = np.append(self.begins[1:] >= self.farthest[:-1], True)[: len(self.begins)]
        ends = np.flatnonzero(last_of_part)
        self.part_end = self.farthest[ends[np.searchsorted(ends, np.arange(len(self.begins)))]]

    def first_gap(self, moments: Ints) -> Ints:
        """For each moment the first one from it on at which nothing need be there (NEVER: none)."""
        if not len(self.begins):
            return moments
        last = np.searchsorted(self.begins, moments, side="left") - 1
        covered = (last >= 0) & (moments < self.farthest[last])
        return np.where(covered, self.part_end[last], moments)

    def cover(self, begin: int, end: int) -> list[int]:
        """Values whose intervals together cover [begin, end], which the union covers: as few as possible."""
        found = []
        while begin <= end:
            last = int(np.searchsorted(self.begins, begin, side="left")) - 1
            found.append(int(self.numbers[self.holder[last]]))
            begin = int(self.farthest[last])
        return found
