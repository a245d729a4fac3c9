"""A minimal set of operations, made into the data that a report draws.

Invariants: every step's state is one that the operation can leave when placed there, ghosts having moved the
state before it or not; it is named without what ghosts may do to it afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from checkers.history import OPEN_NS, Op, Outcome
from checkers.lincheck.encode import Encoder, Part
from checkers.lincheck.kernel.memory import ASSIGN_ROW, EXPECT_ROW, FORBID_ROW, NONE, TABLE
from checkers.lincheck.minimize import Minimal
from checkers.lincheck.model import UNKNOWN, Model
from checkers.lincheck.question import Question
from checkers.lincheck.search import survivors
from checkers.verdict import CounterExample, EvidenceOp, PlacedStep, StuckOp


def counter_example(part: Part, reduced: Minimal, encoder: Encoder) -> CounterExample:
    """The evidence for `reduced`, the minimal set of the question of `part`."""
    model, question = encoder.model, reduced.haunted
    order, states = _replayed(question, survivors(question, reduced.found.events).tolist())
    order, states = _extended(question, reduced.rows, order, states)
    placed = [
        PlacedStep(part.ops[reduced.rows[i]].index, _text(encoder, question, state))
        for i, state in zip(order, states[1:], strict=True)
        if reduced.rows[i] >= 0
    ]
    stuck = []
    for i in _next(question, reduced.rows, order):
        op = part.ops[reduced.rows[i]]
        stuck.append(StuckOp(op.index, _why(op, question, states[-1], reduced, encoder)))
    return CounterExample(
        key=part.history[0].key,
        model=model.name,
        initial=model.describe_state(model.initial()),
        ops=tuple(evidence_of(part.ops[i], model) for i in reduced.kept),
        order=tuple(placed),
        stuck=tuple(stuck),
        left_out=len(part.ops) - len(reduced.kept),
    )


def _step(question: Question, state: int, kind: int) -> int:
    """The state after an operation, negative if it is illegal."""
    guards = question.alphabet.guards
    if guards[ASSIGN_ROW, kind] == TABLE:
        return question.alphabet.step(state, kind)
    if guards[EXPECT_ROW, kind] not in (NONE, state) or guards[FORBID_ROW, kind] == state:
        return -1
    return state if guards[ASSIGN_ROW, kind] == NONE else int(guards[ASSIGN_ROW, kind])


def _replayed(question: Question, order: Sequence[int]) -> tuple[list[int], list[int]]:
    """The order, and the states: before it and after each."""
    states = [question.alphabet.initial]
    for i in order:
        states.append(_step(question, states[-1], int(question.types[i])))
    return [int(i) for i in order], states


def _extended(
    question: Question, rows: Sequence[int], order: list[int], states: list[int]
) -> tuple[list[int], list[int]]:
    """Longer by whatever may follow without more ado: the search linearizes nothing before it must."""
    while True:
        for i in _next(question, rows, order):
            after = _step(question, states[-1], int(question.types[i]))
            if after >= 0:
                order, states = [*order, i], [*states, after]
                break
        else:
            return order, states


def _next(question: Question, rows: Sequence[int], order: Sequence[int]) -> list[int]:
    """The operations that returned, are not in `order`, and may come next in real time; no ghosts."""
    left = [
        i for i, row in enumerate(rows) if row >= 0 and question.ret[i] != OPEN_NS and i not in set(order)
    ]
    bound = min((int(question.ret[i]) for i in left), default=0)
    return [i for i in left if question.call[i] <= bound]


def _text(encoder: Encoder, question: Question, state: int) -> str:
    """One state, or several that are possible."""
    found = sorted({encoder.model.describe_state(s) for s in encoder.states_of(question, state)})
    return " or ".join(found) or "a value of an operation left out"


def _why(op: Op, question: Question, state: int, reduced: Minimal, encoder: Encoder) -> str:
    """Why `op` cannot follow; the ghosts cannot help it either, which is said if there are any that could
    write.
    """
    output = op.output if op.outcome == Outcome.OK else UNKNOWN
    possible = encoder.states_of(question, state)
    why = "needs a state that nothing leads to"
    if possible:
        why = encoder.model.why_not(possible[0], op.f, op.input, output)
    if len(possible) > 1:
        why += f" (or any of {len(possible)} that are possible)"
    if np.any(np.asarray(reduced.rows) < 0):
        why += ", and no operation left out leads to one that allows it"
    return why


def evidence_of(op: Op, model: Model) -> EvidenceOp:
    """`op` as a report shows it."""
    happened = op.outcome == Outcome.OK
    return EvidenceOp(
        index=op.index,
        process=op.process,
        f=op.f,
        key=op.key,
        input=op.input,
        output=op.output,
        outcome=op.outcome.name.lower(),
        call_ns=op.call_ns,
        return_ns=op.return_ns if happened else None,
        node=op.node,
        error=op.error,
        text=model.describe_op(op.f, op.input, op.output if happened else UNKNOWN, op.outcome),
    )


def any_key(value: Any) -> str:
    """A key in a sentence."""
    return "" if value is None else f"key {value}: "
