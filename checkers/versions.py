"""The graph of what sessions say about the order of versions of one register: has it a cycle, and which is a
shortest one?

A session is a sequence of steps, each at a version. An edge leads from a step's version to that of every
later step of the same session, if it is another; and from `INITIAL` to all. The edges of a long session are
too many to write down: `entangled` looks at those between neighbours, which have the same closure, and the
search for a shortest cycle walks along sessions instead.

Invariants: pure; versions are numbers from 0 (INITIAL) on; whatever a cycle is found by, it is one of edges.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

INITIAL = 0
SHORTEST = 2  # no cycle has fewer edges


class Step(NamedTuple):
    """`process` was at `version`, which it wrote or read with the operation in row `row` of the history."""

    version: int
    wrote: bool
    process: int
    row: int


class Hop(NamedTuple):
    """An edge of a cycle: two steps of one session."""

    before: Step
    after: Step


Session = Sequence[Step]


def entangled(sessions: Sequence[Session]) -> list[int]:
    """The versions that are on a cycle or after one, the first of them surely on one; empty if there is no
    cycle. Kahn's algorithm, linear in the number of steps.
    """
    after: dict[int, set[int]] = defaultdict(set)
    for session in sessions:
        for step in session:
            if step.version != INITIAL:
                after[INITIAL].add(step.version)
        for one, other in pairwise(session):
            if one.version != other.version:
                after[one.version].add(other.version)
    waiting: dict[int, int] = dict.fromkeys(after, 0)
    for versions in after.values():
        for version in versions:
            waiting[version] = waiting.get(version, 0) + 1
    free = [version for version, number in waiting.items() if not number]
    while free:
        version = free.pop()
        del waiting[version]
        for later in after.get(version, ()):
            waiting[later] -= 1
            if not waiting[later]:
                free.append(later)
    if not waiting:
        return []
    # Everything left has something left before it, so a walk backwards meets a version twice.
    before = {later: one for one in sorted(waiting) for later in after.get(one, ()) if later in waiting}
    at, met = min(waiting), set[int]()
    while at not in met:
        met.add(at)
        at = before[at]
    return [at, *sorted(waiting.keys() - {at})]


class Cycles:
    """Looks for a shortest cycle among all edges, within a budget of steps looked at."""

    def __init__(self, sessions: Sequence[Session], budget: int) -> None:
        self.sessions = sessions
        self.budget = budget
        self.exhausted = False
        self.places: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, session in enumerate(sessions):
            for place, step in enumerate(session):
                self.places[step.version].append((number, place))

    def shortest(self, sources: Sequence[int]) -> list[int]:
        """The versions of a shortest cycle through any of `sources` (the first must be on one); the shortest
        found so far once the budget is spent, which `exhausted` then says.
        """
        best: list[int] = []
        for source in sources:
            if best and self.budget <= 0:
                self.exhausted = True
                break
            found = self._through(source, len(best) or None)
            best = found or best
            if len(best) == SHORTEST:
                break
        return best

    def _through(self, source: int, limit: int | None) -> list[int]:
        """A shortest cycle through `source` that is shorter than `limit`; empty if there is none.

        Breadth first. Of each session, the steps behind one that was looked from need no second look, so
        `seen_from` only ever falls and each step is met once.
        """
        last = dict(self.places[source])  # per session, where it was at the source last
        parent = {source: source}
        depth = {source: 0}
        seen_from: dict[int, int] = {}
        queue = deque([source])
        while queue:
            at = queue.popleft()
            if limit is not None and depth[at] + 1 >= limit:
                return []
            if at != source and self._leads_back(at, last):
                return _path(parent, source, at)
            for later in self._after(at, seen_from):
                if later not in parent:
                    parent[later], depth[later] = at, depth[at] + 1
                    queue.append(later)
        return []

    def _leads_back(self, at: int, last: dict[int, int]) -> bool:
        return at == INITIAL or any(place < last.get(number, -1) for number, place in self.places[at])

    def _after(self, at: int, seen_from: dict[int, int]) -> list[int]:
        if at == INITIAL:
            self.budget -= len(self.places)
            return list(self.places)
        found: list[int] = []
        for number, place in self.places[at]:
            session = self.sessions[number]
            end = seen_from.get(number, len(session))
            if place + 1 < end:
                found += [step.version for step in session[place + 1 : end]]
                seen_from[number] = place + 1
        self.budget -= len(found) + 1
        return found

    def hop(self, one: int, other: int) -> Hop | None:
        """Two steps that make the edge, read rather than written where there is a choice; None for the edge
        from `INITIAL`, which needs none.
        """
        if one == INITIAL:
            return None
        ends: dict[int, list[int]] = defaultdict(list)
        for number, place in self.places[other]:
            ends[number].append(place)
        hops = []
        for written in (False, True):
            first: dict[int, int] = {}
            for number, place in self.places[one]:
                if self.sessions[number][place].wrote == written:
                    first.setdefault(number, place)
            hops += [
                Hop(self.sessions[number][place], self.sessions[number][end])
                for number, place in first.items()
                for end in ends.get(number, ())
                if place < end
            ]
        return min(hops, key=lambda hop: (hop.before.wrote + hop.after.wrote, hop.after.wrote))


def _path(parent: dict[int, int], source: int, at: int) -> list[int]:
    path = [at]
    while at != source:
        at = parent[at]
        path.append(at)
    return path[::-1]
