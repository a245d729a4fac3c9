"""Is there a legal order? Which search, with what budget, and what it comes to.

1. Depth first (`kernel.dive`) while it makes good progress: legal histories are mostly decided so.
2. If operations never returned: breadth first on a *relaxed* question, in which of operations of one type
that
   never return one stands for any number (it is *endless*). Then they cost nothing in the configurations.
   More orders are legal in it, so if there is none, the history is illegal. If there is one, the one that
   uses the fewest is looked at: if there were enough of each, called early enough, it is an order of the
   history. Otherwise the types that were short become exact, and again.
3. Breadth first (`kernel.layers`), exact.

Budgets are steps, so the same question always gets the same answer; a `Tick` may stop it (deadline, memory).

Invariants: `legal` is True with an order, False only if no order exists, None if a budget ended it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck import jit
from checkers.lincheck.engine import (
    CHUNK,
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
from checkers.lincheck.kernel.decide import BREADTH, DEPTH, DIVING, EXACT, LAYERING
from checkers.lincheck.limits import Algorithm
from checkers.lincheck.path import dived, layered, order
from checkers.lincheck.question import Column, Question

SLACK = 300  # steps of the depth-first search, beside some for each event that it reaches
PLAIN_OPS, PLAIN_STEPS = (
    1_000,
    6_000,
)  # up to so many operations, and so long, a question is searched uncompiled
FIRST_OPS, FIRST_STEPS = 50_000, 250_000  # the same where the compiler, never used before, would take longer
PHASES = {DIVING: "dfs", LAYERING: "bfs"}


@dataclass(frozen=True, slots=True)
class Found:
    """`legal` is None if a budget ended the search (`why`: "steps", "stopped" or "memory").

    order: positions; a legal order if `legal`, else one of the events up to `events`, which is how far the
    search came: in an illegal question the return number `events` is the first that no order survives.
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
    if not len(question.call) or not np.any(question.required()):
        return Found(True, np.zeros(0, np.int64), 0, 0, "dfs")
    budget = _plain_steps(len(question.call), max_steps)
    if budget:
        found = _with(Engine(jit.plain(), True), question, algorithm, budget, tick, memory, want_order)
        if found.why != "steps" or budget == max_steps:
            return found
    try:
        engine = _POOL.pop()
    except IndexError:
        engine = Engine(jit.compiled(), False)
    found = _with(engine, question, algorithm, max_steps, tick, memory, want_order)
    _POOL.append(engine)
    return found


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


def _with(
    engine: Engine,
    question: Question,
    algorithm: Algorithm,
    max_steps: int,
    tick: Tick,
    memory: int,
    want_order: bool,
) -> Found:
    engine.limit = memory
    run = _Run(engine, question, algorithm, max_steps, tick, want_order)
    try:
        return run.decide()
    except OutOfMemory:
        return run.found(OUT_OF_MEMORY)


def survivors(question: Question, events: int) -> Column:
    """An order of what must have happened before return number `events` of a small question that gets so
    far."""
    engine = Engine(jit.plain(), True)
    engine.load(question, None, 0, 0, NO_LIMIT)
    engine.begin_layers()
    engine.layers_until(events)
    written = order(engine, layered(engine, events), events, always)
    assert written is not None
    return written


class _Run:
    """One question on one engine."""

    def __init__(
        self, engine: Engine, question: Question, algorithm: Algorithm, max_steps: int, tick: Tick, want: bool
    ) -> None:
        self.engine = engine
        self.question = question
        self.algorithm = algorithm
        self.max_steps = max_steps
        self.tick = tick
        self.want = want
        self.before = 0  # steps of earlier attempts

    def decide(self) -> Found:
        """The searches, one after the other."""
        searches = {"dfs": DEPTH, "bfs": BREADTH}.get(self.algorithm, DEPTH + BREADTH)
        slack = NO_LIMIT if self.algorithm == "dfs" else SLACK
        engine = self.engine
        code = engine.load(self.question, None, searches, slack, self._chunk())
        if engine.p[at.PHASE] == DIVING:
            code = engine.dive(code, slack, self.max_steps, self.tick)
            if code != STOPPED or engine.steps >= self.max_steps:
                return self.found(code)
        if engine.p[at.CRASHED]:
            return self._relaxed(self._crashed())
        if engine.p[at.PHASE] != LAYERING:
            engine.begin_layers()
            code = STOPPED
        return self.found(engine.layers(code, self.max_steps, self.tick))

    def _chunk(self) -> int:
        return min(self.max_steps, CHUNK[self.engine.plain])

    def _crashed(self) -> Column:
        """(T) 1 for types of which an operation never returned and might matter; guards only, as a table may
        lead to states without end.
        """
        rows = self.question.alphabet.guards
        found = np.zeros(rows.shape[1], np.int64)
        found[self.question.types[~self.question.required()]] = 1
        known = (rows[at.KIND_ROW] == at.OBSERVER) | (rows[at.KIND_ROW] == at.READER)
        found[known | (rows[at.TWINS_ROW] > 0) | (rows[at.ASSIGN_ROW] == at.TABLE)] = 0
        return found

    def _relaxed(self, endless: Column) -> Found:
        while True:
            self.before += self.engine.steps
            left = self.max_steps - self.before
            if left <= 0:
                return self.found(STOPPED, counted=True)
            code = self.engine.load(self.question, endless, BREADTH + EXACT, 0, min(left, self._chunk()))
            code = self.engine.layers(code, left, self.tick)
            if code != DONE or not np.any(endless):
                return self.found(code)
            relaxed = self._order()
            if relaxed is None:
                return self.found(INTERRUPTED)
            exact, short = assign_twins(self.question, relaxed, endless)
            if not np.any(short):
                return self._result(True, exact)
            endless = endless & ~short

    def _order(self) -> Column | None:
        """The order that the search has found, if the limits allow to write it down."""
        engine = self.engine
        events = engine.events
        records = dived(engine) if engine.p[at.PHASE] == DIVING else layered(engine, events)
        return order(engine, records, events, self.tick)

    def found(self, code: int, *, counted: bool = False) -> Found:
        """What a code of the kernel comes to."""
        if code == DONE:
            written = self._order() if self.want else None
            if self.want and written is None:
                return self.found(INTERRUPTED)
            return self._result(True, written)
        if code == DEAD:
            return self._result(False, None)
        why = {STOPPED: "steps", INTERRUPTED: "stopped", OUT_OF_MEMORY: "memory"}[code]
        steps = self.before + (0 if counted else self.engine.steps)
        return Found(None, None, self.engine.events, steps, self._name(), why)

    def _name(self) -> str:
        return PHASES.get(int(self.engine.p[at.PHASE]), "dfs")

    def _result(self, legal: bool, written: Column | None) -> Found:
        events = int(self.engine.p[at.EVENTS])
        if not legal:
            depth = self.engine.p[at.PHASE] == DIVING
            events = int(self.engine.f[at.F_DEEPEST] if depth else self.engine.p[at.EVENT])
        return Found(legal, written, events, self.before + self.engine.steps, self._name())


def assign_twins(question: Question, relaxed: Column, endless: Column) -> tuple[Column, Column]:
    """Give every use of an endless type in `relaxed` an operation of its own, in order of call.

    Returns the order and, for each type, 1 if its operations do not suffice: there are too few, or one is
    called after something that must come later had returned.
    """
    types, call, ret = question.types, question.call, question.ret
    short = np.zeros(len(endless), np.int64)
    written = relaxed.copy()
    uses = np.nonzero((ret[relaxed] == OPEN_NS) & (endless[types[relaxed]] > 0))[0]
    earliest = np.minimum.accumulate(ret[relaxed][::-1])[::-1]  # of what comes here or later
    for kind in np.unique(types[relaxed[uses]]):
        places = uses[types[relaxed[uses]] == kind]
        twins = np.nonzero((types == kind) & (ret == OPEN_NS))[0]
        count = min(len(places), len(twins))
        written[places[:count]] = twins[:count]
        late = call[twins[:count]] > earliest[places[:count]]
        if len(places) > len(twins) or np.any(late):
            short[kind] = 1
    return written, short
