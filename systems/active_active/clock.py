"""Hybrid logical clocks (Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks", OPODIS
2014, figure 5).

A reading is (wall, counter). Wall is the highest time of day met so far, here or in what was seen of others;
the counter tells apart what happens while that does not move.

Laws:
- Readings only rise, whatever the time of day does: a reading is above all that were given or observed
  before (theorem 1: if e happened before f, then e's reading is below f's).
- Without faults of clocks, wall is near the time of day, so that the last writer of two is the one that
  people would call so.
"""

from __future__ import annotations


class HybridClock:
    """One node's. reading: the highest (wall in ns, counter) met so far."""

    __slots__ = ("reading",)

    def __init__(self) -> None:
        self.reading = (0, 0)

    def observe(self, seen: tuple[int, int]) -> None:
        """A reading of another clock has come in.

        Nothing is stamped here, so the counter's step of the paper's receive event is left to the next
        `stamp`, which is above `seen` all the same.
        """
        self.reading = max(self.reading, seen)

    def stamp(self, wall_ns: int) -> tuple[int, int]:
        """The reading of an event of this node, at the time of day `wall_ns`."""
        wall, counter = self.reading
        self.reading = (wall_ns, 0) if wall_ns > wall else (wall, counter + 1)
        return self.reading
