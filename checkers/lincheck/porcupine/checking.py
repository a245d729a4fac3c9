"""Porcupine's six questions about a history, answered by `checkers.lincheck.check`.

Invariants: any illegal partition makes the history illegal; undecided is never Ok; where the partial
linearizations contradict the search, neither is believed.
"""

from __future__ import annotations

from collections.abc import Iterable

from checkers.lincheck.partials import Partials, along, search
from checkers.lincheck.porcupine.deciding import decide
from checkers.lincheck.porcupine.histories import CheckResult, Event, Operation
from checkers.lincheck.porcupine.info import LinearizationInfo, PartitionInfo
from checkers.lincheck.porcupine.model import Model
from checkers.lincheck.porcupine.reading import Read, event_parts_of, parts_of, read
from checkers.lincheck.states import Item

PARTIAL_STEPS = 200_000  # placements tried for the partial linearizations of all partitions, ...
PARTIAL_STEPS_EACH = 4  # ... and this many more for each operation


class Undecided(RuntimeError):
    """A check without a timeout ended without an answer, for the reason given."""


def check_operations(model: Model, history: Iterable[Operation]) -> bool:
    """Whether `history` is linearizable. Raises ValueError for a history that is none, ModelError for a model
    that fails, Undecided if memory or steps ran out.
    """
    return _boolean(model, parts_of(model, history))


def check_operations_timeout(model: Model, history: Iterable[Operation], timeout_s: float) -> CheckResult:
    """The same within `timeout_s` seconds (0: no limit); then UNKNOWN, unless an illegal partition was
    found.
    """
    return _timed(model, parts_of(model, history), timeout_s)


def check_operations_verbose(
    model: Model, history: Iterable[Operation], timeout_s: float = 0
) -> tuple[CheckResult, LinearizationInfo]:
    """The same for every partition, whatever the others are, with the partial linearizations to be drawn.

    `timeout_s` limits the decision; the partial linearizations have a budget of steps (`PARTIAL_STEPS`).
    """
    return _verbose(model, parts_of(model, history), timeout_s)


def check_events(model: Model, history: Iterable[Event]) -> bool:
    """See `check_operations`; only the order of the events counts."""
    return _boolean(model, event_parts_of(model, history))


def check_events_timeout(model: Model, history: Iterable[Event], timeout_s: float) -> CheckResult:
    """See `check_operations_timeout`."""
    return _timed(model, event_parts_of(model, history), timeout_s)


def check_events_verbose(
    model: Model, history: Iterable[Event], timeout_s: float = 0
) -> tuple[CheckResult, LinearizationInfo]:
    """See `check_operations_verbose`."""
    return _verbose(model, event_parts_of(model, history), timeout_s)


def _boolean(model: Model, parts: list[list[Operation]]) -> bool:
    decision = decide(read(model, parts), 0, everything=False)
    if decision.reason and not decision.illegal:
        raise Undecided(decision.reason)
    return not decision.illegal


def _timed(model: Model, parts: list[list[Operation]], timeout_s: float) -> CheckResult:
    decision = decide(read(model, parts), timeout_s, everything=False)
    if decision.illegal:
        return CheckResult.ILLEGAL
    return CheckResult.UNKNOWN if decision.reason else CheckResult.OK


def _verbose(
    model: Model, parts: list[list[Operation]], timeout_s: float
) -> tuple[CheckResult, LinearizationInfo]:
    given = read(model, parts)
    decision = decide(given, timeout_s, everything=True)
    items = _items(given, decision.reads_only)
    found: dict[int, PartitionInfo] = {}
    budget = PARTIAL_STEPS
    for p in sorted(range(len(parts)), key=lambda p: p not in decision.illegal):
        order = decision.orders.get(p)
        if order is not None:
            partials = along([given.rows[row].position for row in order], items[p], given.moves)
        else:
            partials = search(items[p], given.moves, budget + PARTIAL_STEPS_EACH * len(parts[p]))
            budget = max(0, budget - partials.steps)
        result = _settled(p in decision.illegal, order is not None, partials)
        found[p] = PartitionInfo(tuple(parts[p]), result, partials)
    partitions = tuple(found[p] for p in range(len(parts)))
    result = _worst([partition.result for partition in partitions])
    return result, LinearizationInfo(model, given.moves, partitions, result)


def _items(given: Read, reads_only: list[bool]) -> list[list[Item]]:
    """By partition, in the order of its operations."""
    items: list[dict[int, Item]] = [{} for _ in given.partitions]
    calls, returns = given.history.call_ns.tolist(), given.history.return_ns.tolist()
    for row, call, end in zip(given.rows, calls, returns, strict=True):
        items[row.partition][row.position] = Item(row.op, call, end, True, reads_only[row.op])
    return [[part[i] for i in range(len(part))] for part in items]


def _settled(illegal: bool, legal: bool, partials: Partials) -> CheckResult:
    """A full order decides what the search could not; it can never be found where the search says that none
    exists.
    """
    if illegal and partials.full:
        raise RuntimeError(
            "the search calls a partition illegal for which there is an order: this is a bug in it"
        )
    if illegal:
        return CheckResult.ILLEGAL
    return CheckResult.OK if legal or partials.full else CheckResult.UNKNOWN


def _worst(results: list[CheckResult]) -> CheckResult:
    for one in (CheckResult.ILLEGAL, CheckResult.UNKNOWN):
        if one in results:
            return one
    return CheckResult.OK
