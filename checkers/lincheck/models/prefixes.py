"""Strings that grow: what gets that returned can tell of a string to which things are appended.

A string is *live* if it is a prefix of one that was observed. Whatever is appended to another string, no
observation fits what comes of that; so all others are one state, *dead*. Let h give every live string itself
and all others the dead state. Then h is a bisimulation, functional and for observations both ways:
- a get that observed w is legal in s exactly if s = w, and w is live: exactly if h(s) = h(w), not dead; a get
  whose answer never came is legal everywhere; both leave s;
- an append of x leads from s to s + x, and h(s + x) depends on h(s) alone: if s is live, s is known; if s is
  dead, s + x is dead too, as the prefixes of a live string are live;
- a put of x leads to h(x) from everywhere.
So an order of puts, appends and gets is legal from s exactly if it is from h(s): nothing illegal is allowed
(sound), nothing legal is lost (complete). A live string that no put and no append leads to needs no number: a
get that observed it is legal nowhere.

The live strings that are reached are the positions where appends end (*boundaries*) in the *ends*: those
observed strings that are no prefix of another. In alphabetical order, ends that share a prefix stand side by
side, so each needs to know only what it shares with the one before it.

Invariants: numbers depend on nothing but the strings; the work and what is kept are bounded by PIECES and
CHARACTERS.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Set
from itertools import pairwise

PIECES = 1 << 18  # of ends that are looked at: one for each boundary and each length of an append
CHARACTERS = 1 << 24  # in these pieces, and in the ends


class Prefixes:
    """The live strings that `appends` reach from "" and from `puts`, numbered from 0.

    `moves` are, for what is appended, live strings and those after; `dead` is the number of all other
    strings, `nowhere` one that no string has. complete: False if it was too much work; then nothing else here
    is of use.
    """

    def __init__(self, observed: Iterable[str], puts: Iterable[str], appends: Set[str]) -> None:
        strings = sorted(set(observed))
        self.ends = [s for s, after in pairwise(strings) if not after.startswith(s)] + strings[-1:]
        self.moves: dict[str, list[tuple[int, int]]] = {}
        self.dead = 0
        self.complete = True
        self._appends = appends
        self._lengths = sorted({len(x) for x in appends})
        self._numbers: list[dict[int, int]] = []  # by end: positions, shared ones as well
        self._pieces, self._characters = PIECES, CHARACTERS - sum(map(len, self.ends))
        self._walk_all(["", *puts])

    @property
    def nowhere(self) -> int:
        """A number that no string has."""
        return self.dead + 1

    def number(self, string: str) -> int:
        """The number of a string; `nowhere` if it is live, but nothing leads to it."""
        i = self._home(string)
        return self.dead if i is None else self._numbers[i].get(len(string), self.nowhere)

    def _home(self, string: str) -> int | None:
        """The first end that begins with `string`; None if it is dead."""
        i = bisect_left(self.ends, string)
        return i if i < len(self.ends) and self.ends[i].startswith(string) else None

    def _walk_all(self, starts: Iterable[str]) -> None:
        entered: list[set[int]] = [set() for _ in self.ends]
        for string in starts:
            i = self._home(string)
            if i is not None:
                entered[i].add(len(string))
        before = None
        for end, positions in zip(self.ends, entered, strict=True):
            shared = -1 if before is None else _shared(before, end)
            known = {at: n for at, n in self._numbers[-1].items() if at <= shared} if self._numbers else {}
            self._numbers.append(known)
            if not self._walk(end, shared, known, positions):
                self.complete = False
                return
            before = end

    def _walk(self, end: str, shared: int, numbers: dict[int, int], entered: set[int]) -> bool:
        """Number the boundaries of one end, and note the moves that go beyond what it shares with the end
        before; False if that is too much work.
        """
        for at in sorted(entered):
            self._reach(numbers, at)
        waiting = sorted(numbers)
        while waiting:
            start = heapq.heappop(waiting)
            self._pieces -= 1
            for length in self._lengths:
                stop = start + length
                if stop > len(end):
                    break
                if stop <= shared:
                    continue
                self._pieces -= 1
                self._characters -= length
                added = end[start:stop]
                if added in self._appends:
                    if stop not in numbers:
                        heapq.heappush(waiting, stop)
                    self.moves.setdefault(added, []).append((numbers[start], self._reach(numbers, stop)))
            if self._pieces < 0 or self._characters < 0:
                return False
        return True

    def _reach(self, numbers: dict[int, int], at: int) -> int:
        """The number of a boundary, which may be new."""
        found = numbers.setdefault(at, self.dead)
        if found == self.dead:
            self.dead += 1
        return found


def _shared(a: str, b: str) -> int:
    """How long the longest common prefix of two strings is."""
    return bisect_left(range(1, len(a) + 1), True, key=lambda count: not b.startswith(a[:count]))
