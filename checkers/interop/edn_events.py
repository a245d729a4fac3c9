"""Operations out of invocations and their ends, as Jepsen and Knossos write them; whatever they stand in.

Invariants: a process has one operation open at a time and none after one that ended :info; the times of one
process never go back; what breaks this is refused with the place of the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from checkers.history import OPEN_NS, Op, Outcome
from checkers.identity import identity
from checkers.interop.edn_values import edn

TYPES = {"invoke": None, "ok": Outcome.OK, "fail": Outcome.FAIL, "info": Outcome.INFO}
ANSWERED = frozenset({"read", "get", "dequeue", "contains", "txn", "pop", "peek", "poll", "take"})
ECHOED = frozenset({"write", "put", "append", "enqueue", "cas"})


class Places(Protocol):
    """Where events stand, for messages."""

    def line_of(self, at: int) -> int:
        """The line of place `at`, from 1."""

    def refuse(self, at: int, problem: str, fix: str) -> NoReturn:
        """Raise the error for what stands at `at`."""


@dataclass(slots=True)
class Event:
    """One line of one client. `at`: its place in the text. `output`: () if the line has none, else one value.
    `index`, `time`: as they stand there; None if they do not.
    """

    at: int
    process: int
    type: str
    f: str
    key: Any
    value: Any
    output: tuple[Any, ...]
    observed: bool
    index: int | None
    time: int | None
    node: str | None
    error: str | None


def output_of(f: str, given: Any, said: Any) -> Any:
    """What an :ok whose :value is `said` answered to `given`."""
    if f == "cas":
        return said is not False
    if f not in ANSWERED and (said is None or identity(said) == identity(given)):
        return None
    return said


class Pairing:
    """Events, in order, to operations."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def ops(self, events: Sequence[Event]) -> list[Op]:
        """The operations in order of invocation. Times are those of the events if all have one, else the
        order of their indices if all have one, else their order.
        """
        return self._paired(self._ordered(events))

    def _ordered(self, events: Sequence[Event]) -> list[tuple[int, Event]]:
        """The events with their times, those of one process in their order."""
        if all(event.index is not None for event in events):
            events = sorted(events, key=lambda event: event.index or 0)
        if all(event.time is not None for event in events):
            return [(event.time or 0, event) for event in events]
        return list(enumerate(events))

    def _paired(self, events: list[tuple[int, Event]]) -> list[Op]:
        """Operations out of invocations and ends of the same process."""
        calls: dict[int, tuple[int, int, Event]] = {}  # process -> row, time, event
        free: dict[int, int] = {}  # process -> since when
        lost: dict[int, int] = {}  # process whose operation ended :info -> where
        rows: dict[int, Op] = {}
        for row, (when, event) in enumerate(events):
            process = event.process
            if process in lost:
                problem = (
                    f"process {process} goes on after its :info of line {self._places.line_of(lost[process])}"
                )
                self._places.refuse(
                    event.at, problem, "after :info a process is retired: its successor has a new number"
                )
            if event.type == "invoke":
                if process in calls:
                    line = self._places.line_of(calls[process][2].at)
                    problem = f"process {process} invokes while its operation of line {line} is open"
                    self._places.refuse(event.at, problem, "a process has one operation at a time")
                self._forward(event, when, free.get(process, 0))
                calls[process] = (row, when, event)
                continue
            if process not in calls:
                problem = f":{event.type} of process {process}, which has no operation open"
                self._places.refuse(event.at, problem, "an end follows an :invoke of the same process")
            called_row, called, call = calls.pop(process)
            self._forward(event, when, called)
            rows[called_row] = self._op(called, call, when, event)
            free[process] = when
            if event.type == "info":
                lost[process] = event.at
        for row, when, call in calls.values():
            rows[row] = _open(call, when)
        return [rows[row] for row in sorted(rows)]

    def _forward(self, event: Event, when: int, least: int) -> None:
        if when < least:
            problem = f"process {event.process} goes back in time, from {least} to {when}"
            self._places.refuse(event.at, problem, "without :time the order counts")

    def _op(self, called: int, call: Event, when: int, end: Event) -> Op:
        if end.f != call.f:
            problem = f"process {end.process} ends a {end.f}, but it invoked a {call.f}"
            self._places.refuse(end.at, problem, "an end has the :f of its :invoke")
        untold = end.type != "ok" and end.key is None and end.value is None
        if identity(end.key) != identity(call.key) and not untold:
            problem = f"an end for key {edn(end.key):.60}, but its :invoke is for {edn(call.key):.60}"
            self._places.refuse(end.at, problem, "an end has the key of its :invoke")
        outcome = Outcome.OK if end.observed and end.type == "fail" else TYPES[end.type]
        assert outcome is not None
        output = None
        if end.output:
            output = end.output[0]
        elif outcome == Outcome.OK:
            output = False if end.type == "fail" else self._answer(call, end)
        returned = OPEN_NS if outcome == Outcome.INFO else when
        return Op(0, call.process, call.f, call.key, call.value, output, outcome, called, returned, when,
                  call.node, end.error)  # fmt: skip

    def _answer(self, call: Event, end: Event) -> Any:
        """What an :ok says; one that repeats its invocation's value must not change it."""
        said = end.value
        differs = said is not None and identity(said) != identity(call.value)
        if differs and call.f in ECHOED and not (call.f == "cas" and isinstance(said, bool)):
            problem = (
                f"the :ok of a {call.f} has the value {edn(said):.60}, its :invoke {edn(call.value):.60}"
            )
            self._places.refuse(
                end.at, problem, "an :ok repeats the value of its :invoke; an answer is its :output"
            )
        return output_of(call.f, call.value, said)


def _open(call: Event, when: int) -> Op:
    """The operation that no line ends."""
    return Op(
        0, call.process, call.f, call.key, call.value, None, Outcome.INFO, when, OPEN_NS, node=call.node
    )
