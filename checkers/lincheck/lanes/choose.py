"""Which lane takes a history, if any: by the class of the model, or by what its guards are.

Invariants: a lane that is chosen has decided; None means that the search must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from checkers.history import OPEN_NS, Op
from checkers.lincheck.kernel.memory import ASSIGN_ROW, EXPECT_ROW, FORBID_ROW, KIND_ROW, NONE, OTHER
from checkers.lincheck.lanes import counters, queues, sets, zones
from checkers.lincheck.lanes.result import Decided
from checkers.lincheck.model import Model, State
from checkers.lincheck.models import Counter, FifoQueue, Set, UnorderedQueue, canonical
from checkers.lincheck.question import Question

ZONES_FROM = 1_000  # operations from which the zones of a register are quicker than a search
Ints = NDArray[np.int64]


def lane_for(
    ops: Sequence[Op], question: Question, model: Model, *, wanted: bool
) -> tuple[str, Decided] | None:
    """The name of the lane and what it decided. wanted: even where a search is likely to be quicker."""
    chosen: dict[type, tuple[str, Callable[[Sequence[Op], Question, Model], Decided | None]]] = {
        FifoQueue: ("fifo-queue", _fifo),
        UnorderedQueue: ("unordered-queue", _bag),
        Set: ("set", _set),
        Counter: ("counter", _counter),
    }
    if type(model) in chosen:
        name, lane = chosen[type(model)]
        found = lane(ops, question, model)
        return None if found is None else (name, found)
    if len(question.call) < ZONES_FROM and not wanted:
        return None
    zone = decided_by_zones(question)
    return None if zone is None else ("zones", zone)


def decided_by_zones(question: Question) -> Decided | None:
    """Registers whose written values differ: all operations are reads and writes, as guards."""
    guards = question.alphabet.guards
    if (
        question.alphabet.states == 0
        or np.any(guards[KIND_ROW] == OTHER)
        or np.any(guards[FORBID_ROW] != NONE)
    ):
        return None
    writes = guards[ASSIGN_ROW] != NONE
    if np.any(guards[EXPECT_ROW][~writes] == NONE):
        return None
    value = np.where(writes, guards[ASSIGN_ROW], guards[EXPECT_ROW])
    of = question.types
    return zones.registers(question.call, question.ret, writes[of], value[of], question.alphabet.initial)


def _codes(values: Iterable[State]) -> Ints:
    """Equal numbers for equal values."""
    known: dict[State, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.int64)


def _queue(ops: Sequence[Op]) -> tuple[NDArray[np.bool_], Ints, NDArray[np.bool_]]:
    """Enqueues, values, and dequeues that found nothing."""
    enqueues = np.array([op.f == "enqueue" for op in ops], np.bool_)
    given = [op.input if op.f == "enqueue" else op.output for op in ops]
    empty = np.array(
        [op.f == "dequeue" and op.return_ns != OPEN_NS and op.output is None for op in ops], np.bool_
    )
    return enqueues, _codes(map(canonical, given)), empty


def _fifo(ops: Sequence[Op], question: Question, _: Model) -> Decided | None:
    enqueues, value, empty = _queue(ops)
    return queues.fifo(question.call, question.ret, enqueues, value, empty)


def _bag(ops: Sequence[Op], question: Question, _: Model) -> Decided | None:
    enqueues, value, empty = _queue(ops)
    return queues.unordered(question.call, question.ret, enqueues, value, empty)


def _set(ops: Sequence[Op], question: Question, _: Model) -> Decided | None:
    names = {op.f for op in ops}
    if names <= {"add", "remove", "contains"}:
        f = np.array([("add", "remove", "contains").index(op.f) for op in ops], np.int64)
        answer = [sets.NO_ANSWER if op.output is None else int(op.output) for op in ops]
        value = _codes(canonical(op.input) for op in ops)
        return sets.unordered_set(question.call, question.ret, f, value, np.array(answer, np.int64))
    if names <= {"add", "read"} and all(op.output is None for op in ops if op.f == "add"):
        return _grow_only(ops, question)
    return None


def _grow_only(ops: Sequence[Op], question: Question) -> Decided | None:
    known: dict[State, int] = {}
    value = np.zeros(len(ops), np.int64)
    reads: list[frozenset[int] | None] = []
    for i, op in enumerate(ops):
        seen = None
        if op.f == "add":
            value[i] = known.setdefault(canonical(op.input), len(known))
        elif op.return_ns != OPEN_NS:
            members = [known.setdefault(canonical(v), len(known)) for v in op.output]
            seen = frozenset(members)
            if len(seen) < len(members):
                return None  # a member twice: no state reads so, which the search says better
        reads.append(seen)
    adds = np.array([op.f == "add" for op in ops], np.bool_)
    return sets.grow_only(question.call, question.ret, adds, value, reads)


def _counter(ops: Sequence[Op], question: Question, model: Model) -> Decided | None:
    adds = np.array([op.f == "add" for op in ops], np.bool_)
    answered = [op.return_ns != OPEN_NS and op.output is not None for op in ops]
    silent = not any(done for op, done in zip(ops, answered, strict=True) if op.f == "add")
    numbers = [
        op.input if op.f == "add" else op.output if done else 0
        for op, done in zip(ops, answered, strict=True)
    ]
    if model.initial() != 0 or not silent or any(type(n) is not int or abs(n) >= 2**62 for n in numbers):
        return None
    column = np.array(numbers, np.int64)
    return counters.counter(question.call, question.ret, adds, column, column)
