"""A stretch of one object's history, judged from the configurations that the stretch before it left.

The breadth-first kernel needs no more of the past than its last layer. So a history without end is judged
in segments: a `Base` is a moment, the operations open there, and every configuration that is possible
there; a segment is the question about those operations and later ones, laid out anew with the layer of the
base in place of one initial configuration. An operation without any condition, which returns at the moment
of the base, stands before the segment: it makes that moment event 0, so that the kernel can be put behind
it as if it had come there by itself.

Everything in the kernel that looks into the future of a finished history must know nothing here, as the
future is not known: the question says that it has no numbered states (`states` is 0), and then no state is
junk and no crashed operation is dropped but those that only read.

Relaxed, an operation that never returns may have happened any number of times, one for all of its type.
More orders are legal then, so a contradiction is one all the same; surviving proves nothing.

Invariants: a `Base` names states and operations themselves, no numbers of any segment; it is replaced,
never changed. Masks: bit i is operation i of `carried`; covered is within open, as in `kernel.moves`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.engine import DEAD, DONE, NO_LIMIT, OUT_OF_MEMORY, Engine, OutOfMemory
from checkers.lincheck.kernel import memory as at
from checkers.lincheck.model import ANY, Guard, Guarded, Model, ModelError, State, op_identity
from checkers.lincheck.question import Column, Question

States = frozenset[State]


@dataclass(frozen=True, slots=True)
class Word:
    """What an operation says: equal `identity`, equal meaning. guard: None if the model gives none."""

    f: str
    input: Any
    output: Any
    identity: Any
    reads_only: bool
    guard: Guard | None

    @classmethod
    def of(cls, model: Model, f: str, input: Any, output: Any) -> Word:
        """Ask the model. Raises ModelError for an operation that it does not know."""
        reads_only = model.reads_only(f, input, output)
        guard = model.guard(f, input, output) if isinstance(model, Guarded) else None
        return cls(f, input, output, op_identity(f, input, output), reads_only, guard)


@dataclass(slots=True, eq=False)
class Placeable:
    """One operation of a segment. `return_ns` is OPEN_NS if it need not happen."""

    word: Word
    call_ns: int
    return_ns: int = OPEN_NS


Configuration = tuple[States, int, int]  # possible states, mask of open operations, mask of covered ones


@dataclass(frozen=True, slots=True)
class Base:
    """What is possible at `time_ns`, just after the last return handled. carried: in order of call."""

    time_ns: int
    carried: tuple[Any, ...]
    configurations: tuple[Configuration, ...]

    def relaxed(self) -> Base:
        """The same with every operation that never returned open again (and covered, which allows most)."""
        free = sum(1 << i for i, op in enumerate(self.carried) if op.return_ns == OPEN_NS)
        found = {(states, open | free, covered | free) for states, open, covered in self.configurations}
        return Base(self.time_ns, self.carried, _sorted(found))


def _sorted(found: set[Configuration]) -> tuple[Configuration, ...]:
    """In an order that does not depend on hashes."""
    return tuple(sorted(found, key=lambda c: (c[1:], repr(sorted(map(repr, c[0]))))))


def start(model: Model) -> Base:
    """Before everything."""
    return Base(-1, (), ((frozenset({model.initial()}), 0, 0),))


class Meanings:
    """The alphabet (`question.Alphabet`) of one segment: the kernel's numbers for states and words.

    A state is a number for a set of states of the model, of one state each if `guarded`: then every type
    is a guard. Raises ModelError if an operation that only reads changes the state.
    """

    states = 0  # nothing is known about which states later operations want

    def __init__(self, model: Model, first: States, words: Sequence[Word], guarded: bool) -> None:
        self.model = model
        self.initial = 0  # `first`
        self._numbers: dict[States, int] = {}
        self._sets: list[States] = []
        self._next: dict[tuple[int, int], int] = {}
        self.number(first)
        numbers: dict[Any, int] = {}
        self.types = np.array([numbers.setdefault(word.identity, len(numbers)) for word in words], np.int64)
        firsts = {word.identity: word for word in reversed(words)}
        self._words = [firsts[identity] for identity in numbers]
        rows = [self._guarded(word) if guarded else self._tabled(word) for word in self._words]
        self.guards: Column = np.array(rows, np.int64).reshape(-1, 5).T.copy()

    def number(self, states: States) -> int:
        """The number of a set of states."""
        found = self._numbers.setdefault(states, len(self._sets))
        if found == len(self._sets):
            self._sets.append(states)
        return found

    def meaning(self, number: int) -> States:
        """The set of states that has this number."""
        return self._sets[number]

    def step(self, state: int, kind: int) -> int:
        """See `question.Alphabet`."""
        found = self._next.get((state, kind))
        if found is None:
            word, before = self._words[kind], self._sets[state]
            steps = [self.model.step(one, word.f, word.input, word.output) for one in before]
            after = frozenset(then for one in steps for then in one)
            if word.reads_only and not after <= before:
                said = (word.f, word.input, word.output)
                raise ModelError(
                    f"the model {self.model.name} says that {said} only reads, but it changes the state"
                )
            found = self._next[state, kind] = self.number(after) if after else at.ILLEGAL
        return found

    def _value(self, state: object) -> int:
        return at.NONE if state is ANY else self.number(frozenset({state}))

    def _guarded(self, word: Word) -> tuple[int, ...]:
        guard = word.guard or Guard()
        expect, forbid, assign = map(self._value, (guard.expect, guard.forbid, guard.assign))
        free = expect == at.NONE and forbid == at.NONE
        kind = at.OBSERVER if assign == at.NONE else at.RESET if free else at.OTHER
        return kind, expect, forbid, assign, 0

    def _tabled(self, word: Word) -> tuple[int, ...]:
        guard = word.guard
        if word.reads_only:
            return at.READER, at.NONE, at.NONE, at.TABLE, 0
        if guard is not None and guard.expect is ANY and guard.forbid is ANY and guard.assign is not ANY:
            return at.RESET, at.NONE, at.NONE, self._value(guard.assign), 0
        return at.OTHER, at.NONE, at.NONE, at.TABLE, 0


@dataclass(slots=True)
class Judged:
    """code: DONE (possible so far), DEAD (impossible), or the engine's code for why it was not decided.

    base: what is possible at the last return that may be forgotten; the base given, if there is none or it
    died before. died: the operation that no order survives.
    """

    code: int
    base: Base
    died: Any = None


@dataclass(slots=True)
class Segment:
    """One question: `base`, and the operations `later` (called after it, in order of call).

    relaxed: see above; the base must be relaxed, too. guarded: whether all operations ever seen are
    guards.
    """

    model: Model
    base: Base
    later: Sequence[Any]
    guarded: bool
    relaxed: bool
    ops: list[Any] = field(init=False)
    meanings: Meanings = field(init=False)

    def __post_init__(self) -> None:
        self.ops = [*self.base.carried, None, *self.later]  # None: the operation that makes event 0
        self.meanings = Meanings(
            self.model,
            self.base.configurations[0][0],
            [op.word for op in self.ops if op is not None],
            self.guarded,
        )

    def judge(self, engine: Engine, forget_ns: int, until_ns: int, max_steps: int) -> Judged:
        """Handle all returns up to `until_ns`; what happened up to `forget_ns` (not later) is summed up in
        a new base.
        """
        ends = [op.return_ns for op in self.ops if op is not None]
        engine.segments = []
        code = engine.load(self._question(), None, 0, 0, NO_LIMIT)
        result = Judged(code, self.base)
        try:
            self._put_base(engine)
            result.code = self._go(engine, 1 + sum(end <= forget_ns for end in ends), max_steps)
            if result.code == DONE:
                result.base = self._sum_up(engine)
                result.code = self._go(engine, 1 + sum(end <= until_ns for end in ends), max_steps)
        except OutOfMemory:
            result.code = OUT_OF_MEMORY
        if result.code == DEAD:
            result.died = self.ops[int(engine.p[int(engine.p[at.ENDS]) + int(engine.p[at.EVENT])])]
        return result

    def _question(self) -> Question:
        now, kinds = self.base.time_ns, self.meanings.guards.shape[1]
        call = np.array([now if op is None else op.call_ns for op in self.ops], np.int64)
        ret = np.array([now if op is None else op.return_ns for op in self.ops], np.int64)
        types = np.insert(self.meanings.types, len(self.base.carried), kinds)
        if self.relaxed:
            open_types = np.unique(types[ret == OPEN_NS])
            self.meanings.guards[at.TWINS_ROW, open_types] = 1
        nothing = np.array([[at.OBSERVER], [at.NONE], [at.NONE], [at.NONE], [0]], np.int64)
        self.meanings.guards = np.concatenate((self.meanings.guards, nothing), axis=1)
        return Question(call, ret, types, self.meanings)

    def _put_base(self, engine: Engine) -> None:
        """Behind event 0, with the configurations of the base as its layer."""
        engine.kernel.begin(engine.p, engine.a)
        self._go(engine, 1, NO_LIMIT)
        count = len(self.base.configurations)
        while count >= int(engine.a[at.LIMIT]) // 2:
            engine.a = engine.grown(engine.a, 0, arena=True)
        words = int(engine.p[at.WORDS])
        slots = self._slots(engine, range(len(self.base.carried)))
        for i, (states, still_open, covered) in enumerate(self.base.configurations):
            b = int(engine.kernel.place(engine.p, engine.a, i))
            record = [at.NONE, 0, 0, self.meanings.number(states)]
            record += _words(_moved(still_open, slots), words) + _words(_moved(covered, slots), words)
            for j, value in enumerate(record):
                engine.a[b + j] = value
        engine.a[at.COUNT], engine.a[at.LAYER] = count, 0

    def _slots(self, engine: Engine, positions: Sequence[int]) -> list[int]:
        first = int(engine.p[at.SLOTS])
        return [int(engine.p[first + i]) for i in positions]

    def _go(self, engine: Engine, events: int, max_steps: int) -> int:
        def call() -> int:
            p, t, r, a = engine.p, engine.t, engine.r, engine.a
            return int(engine.kernel.run_layers(p, t, r, a, events, engine.chunk(max_steps), False))

        return engine.run(call(), call, lambda: engine.steps >= max_steps, lambda _steps, _events: True)

    def _sum_up(self, engine: Engine) -> Base:
        """The present layer as a base."""
        p, e = engine.p, int(engine.p[at.EVENT])
        if e == 0:
            return self.base
        now = self.ops[int(p[int(p[at.ENDS]) + e])].return_ns
        rows = [
            i for i, op in enumerate(self.ops[: int(p[at.CALLED])]) if op is not None and op.return_ns > now
        ]
        slots = self._slots(engine, rows)
        rows = [i for i, slot in zip(rows, slots, strict=True) if slot != at.NONE]
        slots = [slot for slot in slots if slot != at.NONE]
        found = [
            self._configuration(engine, i) for i in range(int(engine.a[at.LAYER]), int(engine.a[at.COUNT]))
        ]
        somewhere = 0
        for _, still_open, _ in found:
            somewhere |= still_open
        kept = [j for j, slot in enumerate(slots) if somewhere >> slot & 1]
        slots = [slots[j] for j in kept]
        configurations = tuple(
            (states, _back(open, slots), _back(cover, slots)) for states, open, cover in found
        )
        return Base(now, tuple(self.ops[rows[j]] for j in kept), configurations)

    def _configuration(self, engine: Engine, i: int) -> Configuration:
        """Entry `i` of the arena; masks by slot."""
        words = int(engine.p[at.WORDS])
        b = int(engine.kernel.place(engine.p, engine.a, i)) + at.A_RECORD
        record = [int(engine.a[b + j]) for j in range(1 + 2 * words)]
        open_mask = sum(word << (k << at.SHIFT) for k, word in enumerate(record[1 : 1 + words]))
        covered = sum(word << (k << at.SHIFT) for k, word in enumerate(record[1 + words :]))
        return self.meanings.meaning(record[0]), open_mask, covered


def _words(mask: int, count: int) -> list[int]:
    return [mask >> (k << at.SHIFT) & at.WORD for k in range(count)]


def _moved(mask: int, slots: Sequence[int]) -> int:
    """A mask by position as a mask by slot; what has no slot is left out."""
    return sum(1 << slot for i, slot in enumerate(slots) if slot != at.NONE and mask >> i & 1)


def _back(mask: int, slots: Sequence[int]) -> int:
    """A mask by slot as a mask by position."""
    return sum((mask >> slot & 1) << i for i, slot in enumerate(slots))
