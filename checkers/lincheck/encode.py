"""Operations of a model as a `Question`: values become numbers, guards become rows, the rest a table.

If the model gives a `Guard` for every operation, the search needs nothing else. Otherwise it runs on the
machine of `checkers.lincheck.states`, whose states are sets of states of the model, and asks it as it goes;
what is known of some operations (that they only read, that they are resets) still helps. A model that is
`Closed` lays out all transitions beforehand: then there is a second question about the same operations, with
the same answer, which is decided without the model.

Invariants: the model is asked once for each different operation, and once for each transition that the search
looks at; the answers are shared by all keys. Both questions of a part number its operations alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checkers.history import History, Op, Outcome
from checkers.lincheck.ghosts import Haunted
from checkers.lincheck.kernel.memory import NONE, OBSERVER, OTHER, READER, RESET, TABLE
from checkers.lincheck.model import (
    ANY,
    UNKNOWN,
    Closed,
    Closure,
    Guard,
    Guarded,
    Model,
    ModelError,
    Moves,
    State,
)
from checkers.lincheck.question import Column, Guards, Question, Tabled, guard_question
from checkers.lincheck.states import Machine, StateTable


class MachineAlphabet:
    """The types of some operations of a machine; `ops`: their numbers there."""

    states = 0

    def __init__(self, machine: Machine, ops: Sequence[int], guards: Sequence[Guard | None]) -> None:
        self.machine = machine
        self.ops = list(ops)
        self.initial = machine.initial
        self.guards = np.full((5, len(self.ops)), NONE, np.int64)
        self.guards[4] = 0
        self.guarded = any(guard is not None and guard.expect is not ANY for guard in guards)
        self.guards[0] = OTHER
        self.guards[3] = TABLE
        for kind, (op, guard) in enumerate(zip(self.ops, guards, strict=True)):
            if machine.table.reads_only[op]:
                self.guards[0, kind] = READER
            elif (
                guard is not None and guard.expect is ANY and guard.forbid is ANY and guard.assign is not ANY
            ):
                self.guards[0, kind] = RESET
                self.guards[3, kind] = machine.step(machine.initial, op)
            if guard is not None and guard.assign is ANY and guard.expect is not ANY and guard.forbid is ANY:
                self.guards[:4, kind] = OBSERVER, machine.number(guard.expect), NONE, NONE

    def step(self, state: int, kind: int) -> int:
        """See `question.Alphabet`."""
        after = self.machine.step(state, self.ops[kind])
        if self.guarded and after >= 0 and len(self.machine.members(after)) > 1:
            name = self.machine.table.model.name
            raise ModelError(f"the model {name} offers guards, but what it does is not deterministic")
        return after


@dataclass(frozen=True, slots=True)
class Part:
    """One key: its operations without the failed ones, by call; their numbers in the table; its question.

    quick: the question of a closed model, None if there is none. The same orders are legal, and no transition
    is asked of the model; but its states are not those of the machine.
    """

    history: History
    ops: Sequence[Op]
    numbers: Column
    question: Question
    quick: Question | None

    @property
    def asked(self) -> Question:
        """The question that is decided sooner."""
        return self.question if self.quick is None else self.quick


class Encoder:
    """All keys of one history under one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.closed = model if isinstance(model, Closed) else None
        self.table = StateTable(model)
        self.machine = Machine(self.table)
        self.guards: list[Guard | None] = []
        self._rows: list[tuple[int, int, int]] = []  # of the guards, as numbers of states
        self._values: dict[object, int] = {}

    def part(self, history: History) -> Part:
        """One key. Raises ModelError for an operation that the model does not know."""
        rows = np.nonzero(history.outcome != Outcome.FAIL)[0]
        ops = _Rows(history, rows)
        numbers = np.fromiter((self._number(op) for op in ops), np.int64, len(rows))
        call, ret = history.call_ns[rows], history.return_ns[rows]
        kinds, types = np.unique(numbers, return_inverse=True)
        question = self._question(call, ret, kinds, types)
        quick = None
        if self.closed is not None and isinstance(question.alphabet, MachineAlphabet):
            closure = self.closed.closure([self.table.ops[k] for k in kinds])
            quick = None if closure is None else closed_question(call, ret, types, closure)
        return Part(history, ops, numbers, question, quick)

    def _question(self, call: Column, ret: Column, kinds: Column, types: Column) -> Question:
        """The question about operations of the table, whose numbers there are `kinds[types]`."""
        guards = [self.guards[k] for k in kinds]
        if any(guard is None for guard in guards):
            alphabet = MachineAlphabet(self.machine, kinds.tolist(), guards)
            return Question(call, ret, types.astype(np.int64), alphabet)
        rows = np.array([self._row(k) for k in kinds.tolist()], np.int64).reshape(-1, 3)[types]
        start = self._value(self.table.states[self.table.initial])
        return guard_question(call, ret, rows[:, 0], rows[:, 1], rows[:, 2].copy(), start)

    def states_of(self, question: Question, state: int) -> tuple[State, ...]:
        """What a state of `question` stands for: one state of the model, several that are possible, or none
        (some value that only operations left out have written).
        """
        alphabet = question.alphabet.alphabet if isinstance(question.alphabet, Haunted) else question.alphabet
        if isinstance(alphabet, MachineAlphabet):
            return tuple(self.table.states[s] for s in sorted(self.machine.members(state)))
        codes = alphabet.codes if isinstance(alphabet, Guards) else None
        code = state if codes is None else int(codes[state])
        values = list(self._values)
        return (values[code],) if 0 <= code < len(values) else ()

    def _number(self, op: Op) -> int:
        output = op.output if op.outcome == Outcome.OK else UNKNOWN
        try:
            number = self.table.op(op.f, op.input, output)
            if number == len(self.guards):
                known = isinstance(self.model, Guarded)
                self.guards.append(self.model.guard(op.f, op.input, output) if known else None)  # type: ignore[attr-defined]
        except ModelError as error:
            where = f"operation {op.index} (process {op.process}, key {op.key!r})"
            raise ModelError(f"{where}: {error}") from error
        return number

    def _row(self, number: int) -> tuple[int, int, int]:
        for k in range(len(self._rows), len(self.guards)):
            guard = self.guards[k] or Guard()
            expect, forbid, assign = guard.expect, guard.forbid, guard.assign
            self._rows.append((self._value(expect), self._value(forbid), self._value(assign)))
        return self._rows[number]

    def _value(self, state: object) -> int:
        return NONE if state is ANY else self._values.setdefault(state, len(self._values))


def closed_question(call: Column, ret: Column, types: Column, closure: Closure) -> Question:
    """The question about operations of a closed model; `types`: which of those in the closure each is.

    Operations with equal guards, or with the same moves, become one type.
    """
    names = [what if isinstance(what, Guard) else id(what) for what in closure.does]
    distinct = dict(zip(names, closure.does, strict=True))
    numbers = {name: i for i, name in enumerate(distinct)}
    entries = [
        x
        for i, what in enumerate(distinct.values())
        if not isinstance(what, Guard)
        for before, after in what
        for x in (before * len(distinct) + i + 1, after)
    ]
    guards = np.array([_closed_row(what) for what in distinct.values()], np.int64).T.copy()
    alphabet = Tabled(guards, closure.initial, np.array(entries, np.int64), closure.rest)
    merged = np.array([numbers[name] for name in names], np.int64)
    return Question(call, ret, merged[types], alphabet)


def _closed_row(what: Guard | Moves) -> tuple[int, int, int, int, int]:
    """The column of `question.Alphabet.guards` for a guard between numbers, or for moves."""
    if not isinstance(what, Guard):
        return OTHER, NONE, NONE, TABLE, 0
    expect, forbid, assign = (
        part if isinstance(part, int) else NONE for part in (what.expect, what.forbid, what.assign)
    )
    free = expect == NONE and forbid == NONE
    return (OBSERVER if assign == NONE else RESET if free else OTHER), expect, forbid, assign, 0


class _Rows(Sequence[Op]):
    """Rows of a history as operations, made when asked for."""

    def __init__(self, history: History, rows: Column) -> None:
        self.history = history
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i):  # type: ignore[no-untyped-def]
        return self.history[int(self.rows[i])]
