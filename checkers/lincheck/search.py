"""Two ways to look for a legal order, each of which may be stopped and continued.

`Depth` follows one configuration at a time (`kernel.dive`). `Breadth` takes all of them together
(`kernel.layers`), and if operations never returned, begins with a *relaxed* question, in which of operations
of one type that never return one stands for any number (it is *endless*). Then they cost nothing in the
configurations. More orders are legal in it, so if there is none, the history is illegal. If there is one, the
one that uses the fewest is looked at: if there were enough of each, called early enough, it is an order of
the history. Otherwise the types that were short become exact, and again.

Invariants: a search has its engine for itself; `advance` gives DONE only with an order, DEAD only if there is
none, and STOPPED if it may be asked again.
"""

from __future__ import annotations

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck import jit
from checkers.lincheck.engine import CHUNK, DEAD, DONE, INTERRUPTED, NO_LIMIT, Engine, Tick
from checkers.lincheck.kernel import memory as at
from checkers.lincheck.kernel.decide import BREADTH, DEPTH, EXACT, LOAD
from checkers.lincheck.path import dived, layered, order
from checkers.lincheck.question import Column, Question


class Depth:
    """One configuration at a time. slack: see `kernel.dive.allowed`."""

    name = "dfs"

    def __init__(self, engine: Engine, question: Question, slack: int, max_steps: int) -> None:
        self.engine = engine
        self.slack = slack
        self._code = engine.load(question, None, DEPTH, slack, min(max_steps, CHUNK[engine.plain]))

    @property
    def steps(self) -> int:
        """Steps so far."""
        return self.engine.steps

    @property
    def events(self) -> int:
        """Events handled in the present configuration."""
        return self.engine.events

    @property
    def dead_at(self) -> int:
        """The first event that no order survives, after DEAD."""
        return int(self.engine.f[at.F_DEEPEST])

    def advance(self, until: int, tick: Tick) -> int:
        """Go on until so many steps have been spent, or as long as it makes progress."""
        if self._code in (DONE, DEAD):  # at once, as the history is small
            return self._code
        self._code = self.engine.dive(self._code, self.slack, until, tick)
        return self._code

    def order(self, tick: Tick) -> Column | None:
        """The order that was found, if `tick` allows to write it down."""
        return order(self.engine, dived(self.engine), self.engine.events, tick)


class Breadth:
    """All configurations of an event before any of the next."""

    name = "bfs"

    def __init__(self, engine: Engine, question: Question, max_steps: int, like: Engine | None) -> None:
        self.engine = engine
        self._question = question
        self._before = 0  # steps of earlier questions
        self._written: Column | None = None
        self._endless: Column | None = None
        few = min(max_steps, CHUNK[engine.plain])
        self._code = engine.load(question, None, BREADTH, 0, few, like)
        if engine.p[at.CRASHED]:
            self._endless = crashed_types(question)
            self._code = engine.load(question, self._endless, EXACT, 0, few)

    @property
    def steps(self) -> int:
        """Steps so far."""
        return self._before + self.engine.steps

    @property
    def events(self) -> int:
        """Events handled."""
        return self.engine.events

    @property
    def dead_at(self) -> int:
        """The first event that no order survives, after DEAD."""
        return int(self.engine.p[at.EVENT])

    def advance(self, until: int, tick: Tick) -> int:
        """Go on until so many steps have been spent."""
        while True:
            left = until - self._before
            self._code = self.engine.layers(self._code, left, tick)
            endless = self._endless
            if self._code != DONE or endless is None or not np.any(endless):
                return self._code
            relaxed = self._path(tick)
            if relaxed is None:
                return INTERRUPTED
            exact, short = assign_twins(self._question, relaxed, endless)
            if not np.any(short):
                self._written = exact
                return DONE
            self._endless = endless & ~short
            self._before += self.engine.steps
            few = max(0, min(until - self._before, CHUNK[self.engine.plain]))
            self._code = self.engine.load(self._question, self._endless, EXACT, 0, few)

    def order(self, tick: Tick) -> Column | None:
        """The order that was found, if `tick` allows to write it down."""
        return self._path(tick) if self._written is None else self._written

    def _path(self, tick: Tick) -> Column | None:
        events = self.engine.events
        return order(self.engine, layered(self.engine, events), events, tick)


def survivors(question: Question, events: int) -> Column:
    """An order of what must have happened before return number `events` of a small question that gets so
    far."""
    engine = Engine(jit.plain(), True)
    engine.load(question, None, LOAD, 0, NO_LIMIT)
    engine.begin_layers()
    engine.layers_until(events)
    written = order(engine, layered(engine, events), events, lambda _steps, _events: True)
    assert written is not None
    return written


def crashed_types(question: Question) -> Column:
    """(T) 1 for types of which an operation never returned and might matter; guards only, as a table may
    lead to states without end.
    """
    rows = question.alphabet.guards
    found = np.zeros(rows.shape[1], np.int64)
    found[question.types[~question.required()]] = 1
    known = (rows[at.KIND_ROW] == at.OBSERVER) | (rows[at.KIND_ROW] == at.READER)
    found[known | (rows[at.TWINS_ROW] > 0) | (rows[at.ASSIGN_ROW] == at.TABLE)] = 0
    return found


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
