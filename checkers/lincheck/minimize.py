"""The minimal counter-example: the fewest operations that contradict each other, whatever the others did.

Simply removing operations lies: without the write of 1, a read of 1 is illegal by itself, though it never was
the fault. So an operation that is left out becomes a *ghost*: it may have happened any number of times, at
any time, or never. A set S of operations contradicts if no order of S is legal even though, between any two
steps, ghosts may move the state wherever the operations left out can move it. Every legal order of all
operations gives one of S with ghosts (drop the others, let them be ghosts at their places), hence: if S
contradicts, the whole history is illegal. A larger set has fewer ghosts, so whatever contains a contradictory
set is contradictory (monotone).

S is minimal: with any one operation of it made a ghost, the rest no longer contradicts. Method: the shortest
contradictory prefix in order of call, then the shortest suffix of that, by bisection; then chunks of falling
size (Zeller & Hildebrandt, "Simplifying and isolating failure-inducing input", 2002) down to single
operations. One pass over single operations is a fixed point: an operation that was needed in a larger set is
needed in every smaller one, by monotony.

Invariants: deterministic; the result always contradicts; a question that could not be decided (steps ran out,
or the ghosts reach more states than the machine holds) keeps its operations, and `minimal` is then False.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checkers.lincheck.search import Found, Item, Search
from checkers.lincheck.states import Machine, StateTable, TooManyStates


@dataclass(frozen=True, slots=True)
class Minimal:
    """`kept`: positions of the operations of S, rising. found: the search over S with the rest as ghosts; its
    positions point into the items given at first. machine: with those ghosts. minimal: proved so, see the
    module.
    """

    kept: tuple[int, ...]
    found: Found
    machine: Machine
    minimal: bool


class Minimizer:
    """Reduces `items` (in order of call; of one key; with no legal order) within `max_steps` placements in
    all.
    """

    def __init__(self, items: Sequence[Item], table: StateTable, max_steps: int) -> None:
        self.items = items
        self.table = table
        self.steps_left = max_steps
        self.undecided = False
        self._best: tuple[tuple[int, ...], Found, Machine] | None = None

    def run(self) -> Minimal:
        """The minimal set. Raises ValueError if the items have a legal order, or if that cannot be
        decided.
        """
        everything = tuple(range(len(self.items)))
        if not self._contradicts(everything):
            raise ValueError("only operations without a legal order have a counter-example")
        kept = self._shortest_prefix(everything)
        kept = self._shortest_suffix(kept)
        size = max(1, len(kept) // 2)
        while size > 1:
            kept = self._without_chunks(kept, size)
            size //= 2
        self.undecided = False  # only the last pass decides whether the result is minimal
        kept = self._without_chunks(kept, 1)
        assert self._best is not None
        assert self._best[0] == kept
        return Minimal(kept, self._best[1], self._best[2], not self.undecided)

    def _contradicts(self, kept: tuple[int, ...]) -> bool:
        """Whether these contradict with all others as ghosts; False also if undecided. Remembers what
        does.
        """
        inside = set(kept)
        ghosts = {item.op for i, item in enumerate(self.items) if i not in inside}
        try:
            machine = Machine(self.table, ghosts)
            found = Search([self.items[i] for i in kept], machine, self.steps_left).run()
        except TooManyStates:
            self.undecided = True
            return False
        self.steps_left -= found.steps
        if found.legal is None:
            self.undecided = True
        if found.legal is not False:
            return False
        order, stuck = (tuple(kept[i] for i in part) for part in (found.order, found.stuck))
        self._best = (kept, Found(False, order, stuck, found.placed, found.steps), machine)
        return True

    def _shortest_prefix(self, kept: tuple[int, ...]) -> tuple[int, ...]:
        """By bisection: contradiction is monotone, so the prefixes that contradict are the long ones."""
        low, high = 0, len(kept)  # kept[:high] contradicts, kept[:low] does not
        while high - low > 1:
            middle = (low + high) // 2
            if self._contradicts(kept[:middle]):
                high = middle
            else:
                low = middle
        return kept[:high]

    def _shortest_suffix(self, kept: tuple[int, ...]) -> tuple[int, ...]:
        low, high = 0, len(kept)  # kept[low:] contradicts, kept[high:] does not
        while high - low > 1:
            middle = (low + high) // 2
            if self._contradicts(kept[middle:]):
                low = middle
            else:
                high = middle
        return kept[low:]

    def _without_chunks(self, kept: tuple[int, ...], size: int) -> tuple[int, ...]:
        """One pass over `kept`, latest chunks first, leaving out every chunk that is not needed."""
        end = len(kept)
        while end > 0:
            start = max(0, end - size)
            rest = kept[:start] + kept[end:]
            if rest and self._contradicts(rest):
                kept = rest
            end = start
        return kept
