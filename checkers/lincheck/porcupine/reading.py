"""Reads a user's history: events paired to operations, times checked and ranked, partitions taken.

Invariants: ranks keep the order and the ties of the times given, of any size and of integers and floats
mixed; what is wrong with a history is a ValueError that names the place and the fix.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from checkers.history import History, Op, Outcome
from checkers.lincheck.porcupine.histories import Event, EventKind, Operation, Time
from checkers.lincheck.porcupine.model import Model
from checkers.lincheck.porcupine.moves import Moves
from checkers.lincheck.porcupine.spec import Spec


class Row(NamedTuple):
    """Where a row of the whole history comes from, and the number of its operation for `Moves`."""

    partition: int
    position: int
    op: int


class Read(NamedTuple):
    """A history for the checker, its rows' origins, and its partitions as the user gave them."""

    history: History
    rows: list[Row]
    partitions: list[list[Operation]]
    moves: Moves


def parts_of(model: Model, history: Iterable[Operation]) -> list[list[Operation]]:
    """The partitions of `history`. Raises ValueError for operations that are wrong or get lost."""
    operations = list(history)
    for i, operation in enumerate(operations):
        if not isinstance(operation, Operation):
            raise ValueError(f"item {i} of the history is no Operation but {operation!r:.80}")
        _check(operation, f"operation {i} (client {operation.client_id})")
    if model.partition is None:
        return [operations] if operations else []
    parts = [list(part) for part in model.partition(operations)]
    _check_sum("partition", sum(map(len, parts)), len(operations), "operations")
    return parts


def event_parts_of(model: Model, history: Iterable[Event]) -> list[list[Operation]]:
    """The partitions of a history of events, as operations whose times are the numbers of the events.

    Without `partition_event` the operations are cut by `partition`. Raises ValueError for events that do not
    pair.
    """
    events = list(history)
    if model.partition_event is None:
        return parts_of(model, paired(events))
    paired(events)
    parts = [list(part) for part in model.partition_event(events)]
    _check_sum("partition_event", sum(map(len, parts)), len(events), "events")
    return [paired(part) for part in parts]


def paired(events: Sequence[Event]) -> list[Operation]:
    """Operations in order of call. Raises ValueError for an id called or returned twice, or not both."""
    calls: dict[Hashable, int] = {}
    returns: dict[Hashable, int] = {}
    for i, event in enumerate(events):
        if not isinstance(event, Event) or not isinstance(event.kind, EventKind):
            raise ValueError(
                f"item {i} of the history is no Event with a kind of EventKind but {event!r:.80}"
            )
        seen, word = (calls, "called") if event.kind is EventKind.CALL else (returns, "returned")
        if event.id in seen:
            problem = f"event {i}: id {event.id!r} is {word} twice (first by event {seen[event.id]})"
            raise ValueError(f"{problem}; give every operation an id of its own")
        if event.kind is EventKind.RETURN and event.id not in calls:
            raise ValueError(
                f"event {i}: id {event.id!r} returns before it is called; events are in order of time"
            )
        seen[event.id] = i
    for name, i in calls.items():
        if name not in returns:
            fix = "end the history with a return whose value says that the output is unknown"
            raise ValueError(f"event {i}: id {name!r} is called and never returns; {fix}")
    return [_operation(events, i, returns[name]) for name, i in calls.items()]


def read(model: Model, parts: list[list[Operation]]) -> Read:
    """The history for the checker: key = number of the partition, input = number of the kind of operation."""
    moves = Moves(model)
    rank = {
        time: n for n, time in enumerate(sorted({t for p in parts for o in p for t in (o.call, o.return_)}))
    }
    clients: dict[Hashable, int] = {}
    ops: list[Op] = []
    rows: list[Row] = []
    for p, part in enumerate(parts):
        for i, one in enumerate(part):
            where = f"operation {i} of partition {p}" if len(parts) > 1 else f"operation {i}"
            number = moves.op(one, f"{where} (client {one.client_id})")
            process = clients.setdefault(one.client_id, len(clients))
            call, end = rank[one.call], rank[one.return_]
            ops.append(Op(len(ops), process, Spec.f, p, number, None, Outcome.OK, call, end))
            rows.append(Row(p, i, number))
    order = sorted(range(len(ops)), key=lambda n: ops[n].call_ns)
    return Read(History.of(ops[n] for n in order), [rows[n] for n in order], parts, moves)


def _operation(events: Sequence[Event], call: int, end: int) -> Operation:
    first, last = events[call], events[end]
    metadata = first.metadata if last.metadata is None else last.metadata
    return Operation(first.client_id, first.value, call, last.value, end, metadata)


def _check(operation: Operation, where: str) -> None:
    for name, time in (("call", operation.call), ("return_", operation.return_)):
        _check_time(time, f"{where}: {name}")
    if operation.return_ < operation.call:
        raise ValueError(f"{where} returns at {operation.return_}, before its call at {operation.call}")


def _check_time(time: Time, where: str) -> None:
    given: Any = time
    if isinstance(given, bool) or not isinstance(given, numbers.Real):
        raise ValueError(f"{where} is {given!r:.60}; times are integers or finite floats on one clock")
    if not isinstance(given, numbers.Integral) and not math.isfinite(given):
        fix = "give what never returned a time after all others"
        raise ValueError(f"{where} is {given}; times are integers or finite floats ({fix})")


def _check_sum(name: str, found: int, given: int, what: str) -> None:
    if found != given:
        fix = "take out before the check what is not to be judged"
        raise ValueError(
            f"{name} gives {found} {what} of {given}; every one belongs to one partition ({fix})"
        )
