"""A minimal set of operations, made into the data that a report draws.

Invariants: every step's state is one that the operation can leave when placed there, ghosts having moved the
state before it or not; it is named without what ghosts may do to it afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checkers.history import Op, Outcome
from checkers.lincheck.minimize import Minimal
from checkers.lincheck.model import UNKNOWN, Model
from checkers.lincheck.states import Machine
from checkers.verdict import CounterExample, EvidenceOp, PlacedStep, StuckOp


def counter_example(key: Any, ops: Sequence[Op], reduced: Minimal, model: Model) -> CounterExample:
    """The evidence for `reduced`, whose positions point into `ops` (of one key, without failed ones, by
    call).
    """
    table = reduced.machine.table
    states = frozenset({table.initial})
    placed = []
    for i in reduced.found.order:
        states = table.image(reduced.machine.closure(states), _number(ops[i], reduced.machine))
        placed.append(PlacedStep(ops[i].index, _states_text(states, reduced.machine)))
    stuck = tuple(StuckOp(ops[i].index, _why(ops[i], states, reduced, model)) for i in reduced.found.stuck)
    return CounterExample(
        key=key,
        model=model.name,
        initial=model.describe_state(model.initial()),
        ops=tuple(_evidence(ops[i], model) for i in reduced.kept),
        order=tuple(placed),
        stuck=stuck,
        left_out=len(ops) - len(reduced.kept),
    )


def _number(op: Op, machine: Machine) -> int:
    return machine.table.op(op.f, op.input, op.output if op.outcome == Outcome.OK else UNKNOWN)


def _states_text(states: frozenset[int], machine: Machine) -> str:
    """One state, or several that are possible."""
    table = machine.table
    return " or ".join(sorted(table.model.describe_state(table.states[s]) for s in states))


def _why(op: Op, states: frozenset[int], reduced: Minimal, model: Model) -> str:
    """Why `op` cannot follow; the ghosts cannot help it either, which is said if there are any that could
    write.
    """
    table = reduced.machine.table
    one = min(states)
    output = op.output if op.outcome == Outcome.OK else UNKNOWN
    why = model.why_not(table.states[one], op.f, op.input, output)
    if len(states) > 1:
        why += f" (or any of {len(states)} that are possible)"
    if reduced.machine.ghosts:
        why += ", and no operation left out leads to one that allows it"
    return why


def _evidence(op: Op, model: Model) -> EvidenceOp:
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
