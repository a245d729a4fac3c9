"""One object of a stream: what is remembered of it, when it is judged, and which completion is to blame.

Invariants: `later` and the base's `carried` are in order of call; the operations of the base can neither
fail nor return anything that is not known (see `checkers.lincheck.stream`); an object that is dead or
undecided stays so and remembers nothing.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from checkers.history import OPEN_NS, Outcome
from checkers.lincheck import jit
from checkers.lincheck.engine import DEAD, DONE, OUT_OF_MEMORY, STOPPED, Engine
from checkers.lincheck.evidence import any_key
from checkers.lincheck.model import UNKNOWN, Model
from checkers.lincheck.segment import Base, Judged, Placeable, Segment, Word, start

PLAIN_STEPS = 20_000  # a segment starts uncompiled and goes on so for that many steps
Status = Literal["open", "ok", "fail", "info", "given up"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one key may cost. window: operations remembered beside crashed ones. exact: crashed operations
    that are told apart. steps: of one judgement. memory_mb: of the search, all keys together.
    """

    window: int = 4_096
    exact: int = 48
    steps: int = 200_000
    memory_mb: int = 256


@dataclass(slots=True, eq=False)
class Item:
    """One operation. asked: what it says while its answer is unknown; word: what it says now.

    return_ns: OPEN_NS unless it must happen. ended_ns: when it returned, failed or was given up. event:
    the number of the event that said so.
    """

    process: int
    asked: Word
    call_ns: int
    word: Word
    return_ns: int = OPEN_NS
    status: Status = "open"
    ended_ns: int = OPEN_NS
    event: int = 0

    def text(self, model: Model) -> str:
        """In words, e.g. "read → 4 by process 3"."""
        outcome = {"ok": Outcome.OK, "fail": Outcome.FAIL}.get(self.status, Outcome.INFO)
        word = self.word
        return f"{model.describe_op(word.f, word.input, word.output, outcome)} by process {self.process}"


class Judges:
    """Engines for segments; the compiled one is made when it is first needed."""

    def __init__(self, model: Model, bounds: Bounds) -> None:
        self.model = model
        self.bounds = bounds
        self._plain = Engine(jit.plain(), True)
        self._compiled: Engine | None = None

    def judge(
        self, base: Base, later: Sequence[Any], times: tuple[int, int], *, guarded: bool, relaxed: bool
    ) -> Judged:
        """See `Segment.judge`; times: until when to forget, and to judge."""
        most = self.bounds.steps
        steps = min(most, PLAIN_STEPS) if jit.setting() != "off" else most
        if self._compiled is None:
            judged = self._with(self._plain, Segment(self.model, base, later, guarded, relaxed), times, steps)
            if judged.code != STOPPED or steps == most:
                return judged
            self._compiled = Engine(jit.compiled(), False)
        return self._with(self._compiled, Segment(self.model, base, later, guarded, relaxed), times, most)

    def _with(self, engine: Engine, segment: Segment, times: tuple[int, int], steps: int) -> Judged:
        engine.limit = self.bounds.memory_mb << 20
        return segment.judge(engine, *times, steps)

    def held(self) -> int:
        """Bytes in use by the engines."""
        return sum(engine.held() for engine in (self._plain, self._compiled) if engine is not None)


class Object:
    """The object of one key."""

    def __init__(self, key: Any, judges: Judges) -> None:
        self.key = key
        self.judges = judges
        self.base = start(judges.model)
        self.later: list[Item] = []
        self.ended: list[Item] = []  # not judged yet, in the order in which they were fed
        self.fresh = 0  # how many of them were fed since the last judgement
        self.judged_ns = -1
        self.latest_ns = -1  # of the returns
        self.guarded = True  # all operations so far are guards; never again once one was none
        self.relaxed = False
        self.given_up = 0
        self.dead = False
        self.undecided = ""

    @property
    def over(self) -> bool:
        """Whether nothing more can be found out."""
        return self.dead or bool(self.undecided)

    @property
    def proven(self) -> bool:
        """Whether surviving means that there is a legal order."""
        return not (self.undecided or self.relaxed or self.given_up)

    def call(self, item: Item) -> None:
        """It begins."""
        if not self.over:
            self.guarded = self.guarded and item.word.guard is not None
            bisect.insort(self.later, item, key=lambda one: one.call_ns)

    def end(self, item: Item, status: Status, word: Word, time_ns: int, event: int) -> None:
        """It is known what became of it."""
        before, item.ended_ns, item.event = item.status, time_ns, event
        if self.over or before == "given up":
            return
        item.status, item.word = status, word
        self.guarded = self.guarded and word.guard is not None
        if status == "ok":
            item.return_ns = time_ns
            self.latest_ns = max(self.latest_ns, time_ns)
        if status == "fail":
            self.later.remove(item)
        if status != "info":
            self.ended.append(item)
            self.fresh += 1

    def is_due(self, batch: int) -> bool:
        """Whether so much has ended that it is worth a judgement."""
        return self.fresh >= max(batch, len(self.later) // 8)

    def judge(self, until_ns: int) -> tuple[Item, str] | None:
        """Judge all returns up to `until_ns`: the operation whose end has made it impossible, and why."""
        if self.over:
            return None
        if len(self.later) > self.judges.bounds.window:
            self._give_up()
        judged = self._judged((self._forget_until(until_ns), until_ns))
        found = self._blame(judged, until_ns) if judged.code == DEAD else None
        self.judged_ns = until_ns
        self.ended = self._unjudged(until_ns)
        self.fresh = 0
        if judged.code == DONE:
            if judged.base is not self.base:
                self.later = [item for item in self.later if item.call_ns > judged.base.time_ns]
            self.base = judged.base
        elif judged.code == DEAD:
            self.dead = True
        else:
            why = "memory was used up" if judged.code == OUT_OF_MEMORY else "too many orders are possible"
            self.undecided = f"{any_key(self.key)}{why} after {self.base.time_ns} ns"
        if self.over:
            self.base, self.later, self.ended = start(self.judges.model), [], []
        return found

    def _forget_until(self, until_ns: int) -> int:
        """Before the call of all that is open, and of what ended later than is judged now (that it did may
        turn out to be what makes it impossible).
        """
        calls = [item.call_ns for item in self.later if item.status == "open"]
        calls += [item.call_ns for item in self._unjudged(until_ns)]
        return min(until_ns, min(calls, default=OPEN_NS) - 1)

    def _unjudged(self, until_ns: int) -> list[Item]:
        """Those of `ended` from the first on that ended later."""
        return list(itertools.dropwhile(lambda item: item.ended_ns <= until_ns, self.ended))

    def _judged(self, times: tuple[int, int]) -> Judged:
        crashed = sum(item.return_ns == OPEN_NS for item in self.base.carried)
        if crashed > self.judges.bounds.exact:
            self._relax()
        judged = self._ask(self.later, times)
        optional = any(item.return_ns == OPEN_NS for item in (*self.base.carried, *self.later))
        if judged.code not in (DONE, DEAD) and optional and not self.relaxed:
            self._relax()
            judged = self._ask(self.later, times)
        return judged

    def _ask(self, later: Sequence[Any], times: tuple[int, int]) -> Judged:
        return self.judges.judge(self.base, later, times, guarded=self.guarded, relaxed=self.relaxed)

    def _relax(self) -> None:
        if not self.relaxed:
            self.relaxed = True
            self.base = self.base.relaxed()

    def _give_up(self) -> None:
        """The oldest open operations stand in the way of forgetting the rest."""
        middle = self.later[len(self.later) // 2].call_ns
        for item in self.later:
            if item.status == "open" and item.call_ns <= middle:
                item.status = "given up"
                self.given_up += 1

    def _blame(self, judged: Judged, until_ns: int) -> tuple[Item, str]:
        """The first of those ended that makes it impossible, the rest taken as still open (bisection: what is
        impossible stays so).
        """
        low, high = 0, len(self.ended)  # with the first `high` it is impossible
        stuck = judged.died
        while low < high:
            middle = (low + high) // 2
            tried = self._ask(self._as_of(middle), (self.base.time_ns, until_ns))
            if tried.code == DEAD:
                high, stuck = middle, tried.died
            else:
                low = middle + 1
        item = self.ended[high - 1] if high > 0 else stuck
        return item, self._sentence(item, stuck)

    def _as_of(self, count: int) -> list[Any]:
        """The operations as they were when `count` of `ended` had ended."""
        still_open = {id(item): Placeable(item.asked, item.call_ns) for item in self.ended[count:]}
        known = [still_open.pop(id(item), item) for item in self.later]
        return sorted([*known, *still_open.values()], key=lambda item: item.call_ns)  # failed ones come back

    def _sentence(self, item: Item, stuck: Item) -> str:
        model = self.judges.model
        how = "had failed" if item.status == "fail" else "had returned"
        text = f"{any_key(self.key)}no order of the operations so far is legal once {item.text(model)} {how}"
        if stuck is not item:
            text += f": {stuck.text(model)} finds no place"
        if self.relaxed:
            text += ", however often those that never returned happened"
        return text


def called(model: Model, process: int, f: str, input: Any, call_ns: int) -> Item:
    """An operation that begins. Raises ModelError for one that the model does not know."""
    asked = Word.of(model, f, input, UNKNOWN)
    return Item(process, asked, call_ns, asked)
