"""Is there a legal order? Which search, with what budget, and what it comes to.

1. Depth first while it makes good progress: legal histories are mostly decided so.
2. Then a race: breadth first and depth first by turns, each with twice the steps of its turn before. So what
   one of them can decide takes no more than a few times its steps, however long the other would take.

Budgets are steps, so the same question always gets the same answer; a `Tick` may stop it (deadline, memory).

Invariants: `legal` is True with an order, False only if no order exists, None if a budget ended it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck import jit
from checkers.lincheck.engine import (
    DEAD,
    DONE,
    INTERRUPTED,
    NO_LIMIT,
    OUT_OF_MEMORY,
    STOPPED,
    Engine,
    OutOfMemory,
    Tick,
)
from checkers.lincheck.kernel import memory as at
from checkers.lincheck.limits import Algorithm
from checkers.lincheck.question import Column, Question
from checkers.lincheck.search import Breadth, Depth

SLACK = 300  # steps of the depth-first search, beside some for each event that it reaches
TURN, TURN_PER_EVENT = 1_000, 4  # steps of the first turn of the race
PLAIN_OPS, PLAIN_STEPS = (
    1_000,
    6_000,
)  # up to so many operations, and so long, a question is searched uncompiled
FIRST_OPS, FIRST_STEPS = 50_000, 250_000  # the same where the compiler, never used before, would take longer


@dataclass(frozen=True, slots=True)
class Found:
    """`legal` is None if a budget ended the search (`why`: "steps", "stopped" or "memory").

    order: positions; a legal order if `legal`, else None. events: how far the search came; in an illegal
    question the return number `events` is the first that no order survives.
    """

    legal: bool | None
    order: Column | None
    events: int
    steps: int
    algorithm: str
    why: str = ""


def always(steps: int, events: int) -> bool:  # noqa: ARG001
    """A `Tick` that never stops."""
    return True


def solve(
    question: Question,
    *,
    algorithm: Algorithm = "auto",
    max_steps: int = NO_LIMIT,
    tick: Tick = always,
    memory: int = NO_LIMIT,
    want_order: bool = True,
) -> Found:
    """Decide `question`. memory: bytes that the search may hold. want_order: whether to find an order."""
    if not _any_returned(question):
        return Found(True, np.zeros(0, np.int64), 0, 0, "dfs")
    budget = _plain_steps(len(question.call), max_steps)
    if budget:
        # A long question that is difficult is worth compiling for.
        race = budget == max_steps or len(question.call) <= PLAIN_OPS
        found = _Run(question, budget, tick, memory, plain=True).decide(algorithm, want_order, race=race)
        if found.why != "steps" or budget == max_steps:
            return found
    return _Run(question, max_steps, tick, memory, plain=False).decide(algorithm, want_order)


def _any_returned(question: Question) -> bool:
    """Whether there is anything to decide; nearly always the first operation says so, and soonest."""
    return bool(len(question.ret) and (question.ret[0] != OPEN_NS or question.required().any()))


def _plain_steps(count: int, max_steps: int) -> int:
    """How many steps to search uncompiled: that starts at once, and the answer is the same."""
    if jit.setting() == "off":
        return max_steps
    if jit.is_compiled() or jit.setting() == "always":
        return 0
    if count <= PLAIN_OPS:
        return min(max_steps, PLAIN_STEPS)
    return min(max_steps, FIRST_STEPS) if count <= FIRST_OPS and not jit.is_kept() else 0


_POOL: list[Engine] = []


class _Run:
    """One question, plain or compiled."""

    def __init__(self, question: Question, max_steps: int, tick: Tick, memory: int, *, plain: bool) -> None:
        self.question = question
        self.max_steps = max_steps
        self.tick = tick
        self.memory = memory
        self.plain = plain
        self.engines: list[Engine] = []
        self.searches: list[Depth | Breadth] = []

    def decide(self, algorithm: Algorithm, want_order: bool, *, race: bool = True) -> Found:
        """The searches, by turns; the engines go back where they are kept. race: whether to go on when depth
        first has met a difficulty.
        """
        try:
            code = self._depth(NO_LIMIT) if algorithm == "dfs" else STOPPED
            if algorithm == "bfs":
                code = self._breadth(self.max_steps)
            elif algorithm == "auto":
                code = self._depth(SLACK)
                if code == STOPPED and self.steps < self.max_steps and race:
                    code = self._race()
            return self._found(code, want_order)
        except OutOfMemory:
            return self._found(OUT_OF_MEMORY, want_order)
        finally:
            if not self.plain:
                _POOL.extend(self.engines)

    def _engine(self) -> Engine:
        """One more; what the others hold is not for it."""
        if self.plain:
            engine = Engine(jit.plain(), True)
        else:
            try:
                engine = _POOL.pop()
            except IndexError:
                engine = Engine(jit.compiled(), False)
        self.engines.append(engine)
        return engine

    def _depth(self, slack: int) -> int:
        self.searches.append(Depth(self._engine(), self.question, slack, self.max_steps))
        return self._turn(0, self.max_steps)

    def _breadth(self, steps: int) -> int:
        like = self.engines[0] if self.engines else None
        first = min(steps, self.max_steps - self.steps)
        self.searches.append(Breadth(self._engine(), self.question, first, like))
        return self._turn(len(self.searches) - 1, steps)

    def _race(self) -> int:
        """Depth first has met a difficulty."""
        depth = self.searches[0]
        assert isinstance(depth, Depth)
        depth.slack = NO_LIMIT
        turn = TURN + TURN_PER_EVENT * int(self.engines[0].p[at.EVENTS])
        code, favour = STOPPED, 1
        if self.engines[0].p[at.CRASHED]:  # breadth first is expensive then
            favour = 2
            code = self._turn(0, depth.steps + turn // 4)
        if code == STOPPED:
            code = self._breadth(turn)
        while code == STOPPED and self.steps < self.max_steps:
            code = self._turn(0, depth.steps + favour * turn)
            turn *= 2
            if code == STOPPED and self.steps < self.max_steps:
                code = self._turn(1, self.searches[1].steps + turn)
        return code

    def _turn(self, number: int, until: int) -> int:
        """Let one search go on until it has spent so many steps."""
        search = self.last = self.searches[number]
        if len(self.searches) == 1:
            search.engine.limit = self.memory
            return search.advance(min(until, self.max_steps), self.tick)
        others = self.steps - search.steps
        held = sum(engine.held() for engine in self.engines if engine is not search.engine)
        search.engine.limit = self.memory - held

        def tick(steps: int, events: int) -> bool:
            return self.tick(others + steps, events)

        return search.advance(min(until, self.max_steps - others), tick)

    @property
    def steps(self) -> int:
        """Steps of all searches."""
        total = 0
        for search in self.searches:
            total += search.steps
        return total

    def _found(self, code: int, want_order: bool) -> Found:
        """What a code of the kernel comes to."""
        search = self.last
        if code == DONE:
            written = search.order(self.tick) if want_order else None
            if want_order and written is None:
                return self._found(INTERRUPTED, want_order)
            return Found(True, written, search.events, self.steps, search.name)
        if code == DEAD:
            return Found(False, None, search.dead_at, self.steps, search.name)
        why = {STOPPED: "steps", INTERRUPTED: "stopped", OUT_OF_MEMORY: "memory"}[code]
        return Found(None, None, self.searches[-1].events, self.steps, self.searches[-1].name, why)
