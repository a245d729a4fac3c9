"""The minimal counter-example: the fewest operations that contradict each other, whatever the others did.

Simply removing operations lies: without the write of 1, a read of 1 is illegal by itself, though it never was
the fault. So an operation that is left out becomes a *ghost* (`checkers.lincheck.ghosts`). A set S of
operations contradicts if no order of S is legal with all others as ghosts; then the whole history is
illegal. A larger set has fewer ghosts, so whatever contains a contradictory set is contradictory (monotone).

S is minimal: with any one operation of it made a ghost, the rest no longer contradicts. Method: what is
called after the return that no order survives is left out, and what was pending then can only be a ghost;
of the rest the last few operations, or as many as it takes, with everything before them as summarised
ghosts; then the shortest contradictory prefix and suffix, by bisection; then chunks of falling size (Zeller &
Hildebrandt, "Simplifying and isolating failure-inducing input", 2002) down to single operations. One pass
over single operations is a fixed point: an operation that was needed in a larger set is needed in every
smaller one, by monotony.

Invariants: deterministic; the result always contradicts; a question that could not be decided (a budget ran
out) keeps its operations, and `minimal` is then False.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.engine import Tick
from checkers.lincheck.ghosts import haunted, nothing, origin, summary
from checkers.lincheck.question import Question
from checkers.lincheck.solve import Found, always, solve

WINDOW = 64  # operations that are tried first
ALONE_STEPS = 1_000_000
SMALL = 300  # up to here all of them are taken at once


@dataclass(frozen=True, slots=True)
class Minimal:
    """`kept`: positions of the operations of S, rising. haunted: the question about them; `rows`: for each of
    its operations the position in the original question, -1 for a ghost. found: its answer.
    """

    kept: tuple[int, ...]
    haunted: Question
    rows: tuple[int, ...]
    found: Found
    minimal: bool


class Minimizer:
    """Reduces a question without a legal order within `max_steps` in all.

    events: how many returns an order survives (`solve.Found.events`). core: positions that are likely enough.
    """

    def __init__(
        self,
        question: Question,
        events: int,
        max_steps: int,
        *,
        core: Sequence[int] = (),
        tick: Tick = always,
    ) -> None:
        returns = np.sort(question.ret[question.required()])
        self.cut = returns[min(events, len(returns) - 1)]
        returned = (question.ret <= self.cut) | (question.ret == OPEN_NS)
        self.everything = np.nonzero((question.call <= self.cut) & returned)[0]
        # Pending when no order survived: what they answered later cannot have been the reason.
        self.pending = np.nonzero((question.call <= self.cut) & ~returned)[0].tolist()
        self.whole = self.question = question
        self.ghosts = nothing(question)
        self.base: Sequence[int] = [*self.everything.tolist(), *self.pending]
        self.core = core
        self.tick = tick
        self.steps_left = max_steps
        self.undecided = False
        self._best: Minimal | None = None

    def run(self) -> Minimal | None:
        """The minimal set; None if not even all operations could be shown to contradict within the budget."""
        kept = self._start()
        if kept is None:
            return None
        self.undecided = False
        kept = self._shortest_prefix(kept)
        kept = self._shortest_suffix(kept)
        size = max(1, len(kept) // 2)
        while size > 1:
            kept = self._without_chunks(kept, size)
            size //= 2
        self.undecided = False  # only the last pass decides whether the result is minimal
        kept = self._without_chunks(kept, 1)
        assert self._best is not None
        assert self._best.kept == kept
        best = self._best
        return Minimal(best.kept, best.haunted, best.rows, best.found, not self.undecided)

    def _start(self) -> tuple[int, ...] | None:
        """A contradictory set to start from, with what comes before it as ghosts."""
        every = tuple(self.everything.tolist())
        if self.core and len(self.core) <= SMALL and self._from_core(tuple(sorted(self.core)), every):
            return tuple(sorted(self.core))
        size = WINDOW
        while self.whole.alphabet.states and len(every) > SMALL and size < len(every):
            if self._begin_with(every[-size:], self.everything[:-size]):
                return every[-size:]
            size *= 4
        self._begin_with((), self.everything[:0])
        if self._contradicts(every):
            return every
        # Ghosts of what was pending may be too much of a relaxation: then everything is required.
        self.everything, self.pending = np.arange(len(self.whole.call)), []
        self._begin_with((), self.everything[:0])
        every = tuple(self.everything.tolist())
        return every if self._contradicts(every) else None

    def _from_core(self, core: tuple[int, ...], every: tuple[int, ...]) -> bool:
        """Whether the core contradicts, with everything else as ghosts, if that can be asked at all."""
        if len(every) > SMALL and self.whole.alphabet.states:
            rest = np.setdiff1d(self.everything, core)
            self.pending = [i for i in self.pending if i not in core]
            self.question, self.ghosts = summary(self.whole, core, rest, precise=True)
            self.base = [*core, *self.pending]
        return self._contradicts(core)

    def _begin_with(self, kept: tuple[int, ...], before: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bool:
        """Take `before` as summarised ghosts from now on; whether `kept` contradicts then."""
        self.question, self.ghosts = self.whole, nothing(self.whole)
        if len(before):
            self.question, self.ghosts = summary(self.whole, kept, before)
        self.base = [*(kept or self.everything.tolist()), *self.pending]
        return bool(kept) and self._contradicts(kept)

    def _contradicts(self, kept: tuple[int, ...]) -> bool:
        """Whether these contradict with all others as ghosts; False also if undecided. Remembers what
        does."""
        inside = set(kept)
        ghosts = [i for i in self.base if i not in inside]
        rest = haunted(self.question, kept, ghosts, self.ghosts)
        found = solve(
            rest, algorithm="bfs", max_steps=max(self.steps_left, 1), tick=self.tick, want_order=False
        )
        self.steps_left -= found.steps
        if found.legal is None:
            self.undecided = True
        if found.legal is not False:
            return False
        self._best = Minimal(kept, rest, self._rows(kept, ghosts, inside), found, False)
        return True

    def _rows(self, kept: tuple[int, ...], ghosts: list[int], inside: set[int]) -> tuple[int, ...]:
        rows = origin(self.question, kept, ghosts)
        call = np.concatenate((self.question.call[rows], self.ghosts.call))
        named = [int(i) if int(i) in inside else -1 for i in rows] + [-1] * len(self.ghosts.call)
        return tuple(named[i] for i in np.argsort(call, kind="stable"))

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


def alone(question: Question, core: Sequence[int]) -> Minimal | None:
    """A set that a lane knows to contradict, as it is, if it does so even without ghosts: then it can be
    shown."""
    kept = tuple(sorted(core))
    if len(kept) > SMALL:
        return None
    rest = haunted(question, kept, (), nothing(question))
    found = solve(rest, algorithm="bfs", max_steps=ALONE_STEPS, want_order=False)
    return Minimal(kept, rest, kept, found, False) if found.legal is False else None
