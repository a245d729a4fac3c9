"""Operation maps, as Knossos has them, to a history and back.

A map has the keys process, type, f, value, and perhaps index, time, error; names may carry Clojure's colon.
As in Knossos the order of the list is the order of the events, whatever their times say.

Invariants: `Recorded.events` has every invocation and every :ok in order, and nothing of operations that
failed; a wrong map is a HistoryError whose line is its place in the list, from 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from checkers.assembly import HistoryError
from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.identity import identity
from checkers.interop.edn_events import TYPES, Event, Pairing

OpMap = dict[str, Any]

_SHAPE = 'an operation is a map like {"process": 0, "type": "invoke", "f": "read", "value": None}'


@dataclass(frozen=True, slots=True)
class Recorded:
    """A history of one object, and its events: (row in `ops`, whether it is the invocation, the map to
    show).
    """

    history: History
    ops: tuple[Op, ...]
    events: tuple[tuple[int, bool, OpMap], ...]


class _Places:
    """A list of maps; `at` is a place in it."""

    def line_of(self, at: int) -> int:
        """The place, from 1."""
        return at + 1

    def refuse(self, at: int, problem: str, fix: str) -> NoReturn:
        """Raise the error."""
        raise HistoryError("history", at + 1, problem, fix)


def of_maps(maps: Iterable[Mapping[str, Any]]) -> Recorded:
    """The history of a list of maps. Raises HistoryError."""
    places, shown, events = _Places(), [], []
    seen: dict[int, int] = {}
    for at, given in enumerate(maps):
        if not isinstance(given, Mapping):
            places.refuse(at, f"no operation but {given!r:.60}", _SHAPE)
        found = {str(key).lstrip(":"): value for key, value in given.items()}
        index = found.get("index")
        if index is not None and index != -1 and seen.setdefault(index, at) != at:
            places.refuse(at, f"index {index} is that of place {seen[index] + 1} too", "indices differ")
        event = _event(found, at, places)
        shown.append({**found, "index": at if index in (None, -1) else index})
        if event is not None:
            events.append(event)
    history = History.of(Pairing(places).ops(events))
    ops = tuple(op for op in history if op.outcome != Outcome.FAIL)
    return Recorded(history, ops, _timeline(ops, [shown[event.at] for event in events]))


def of_history(history: History) -> Recorded:
    """A history of one key; two events at one time are concurrent, so invocations come first."""
    ops = tuple(op for op in history if op.outcome != Outcome.FAIL)
    return Recorded(history, ops, _timeline(ops, None))


def _event(found: Mapping[str, Any], at: int, places: _Places) -> Event | None:
    """The event in a map; None for one of a nemesis."""
    for needed in ("process", "type", "f"):
        if needed not in found:
            near = difflib.get_close_matches(needed, list(found), 1)
            hint = f" (is {near[0]} meant?)" if near else ""
            places.refuse(at, f"an operation without {needed}{hint}", _SHAPE)
    process, kind, f = found["process"], str(found["type"]).lstrip(":"), found["f"]
    if kind not in TYPES:
        near = difflib.get_close_matches(kind, list(TYPES), 1)
        fix = f"did you mean {near[0]}?" if near else f"the types are {', '.join(TYPES)}"
        places.refuse(at, f"unknown type {found['type']!r:.60}", fix)
    if isinstance(process, str):
        return None
    if type(process) is not int or not 0 <= process < OPEN_NS:
        places.refuse(at, f"process {process!r:.60}", "a client's process is a whole number from 0")
    if not isinstance(f, str):
        places.refuse(at, f"f {f!r:.60}", 'a function is a name, like "read"')
    value = _plain(found.get("value"))
    try:
        identity(value)
    except (TypeError, RecursionError) as error:
        places.refuse(at, f"value {value!r:.60}", f"values are JSON values ({error})")
    told, output = found.get("error"), (_plain(found["output"]),) if "output" in found else ()
    return Event(
        at=at, process=process, type=kind, f=f.lstrip(":"), key=None, value=value, output=output,
        observed=found.get("observed") is True, index=None, time=None, node=None,
        error=None if told is None else str(told),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    """Sets and tuples as lists, which is how a history holds them."""
    if isinstance(value, frozenset | set):
        return sorted(map(_plain, value), key=lambda member: repr(identity(member)))
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _timeline(ops: Sequence[Op], given: Sequence[OpMap] | None) -> tuple[tuple[int, bool, OpMap], ...]:
    """The events in order: at one time invocations before ends. `given`: the maps, where times are places."""
    ends = [(op.call_ns, 0, row) for row, op in enumerate(ops)]
    ends += [(op.return_ns, 1, row) for row, op in enumerate(ops) if op.outcome == Outcome.OK]
    events = []
    for place, (time, end, row) in enumerate(sorted(ends)):
        op = ops[row]
        shown = _map(op, bool(end), place, time) if given is None else given[time]
        if op.outcome == Outcome.OK:
            shown = {**shown, "value": _value(op)}  # Knossos fills in what became known later
        events.append((row, not end, shown))
    return tuple(events)


def _map(op: Op, end: bool, index: int, time: int) -> OpMap:
    kind = "ok" if end else "invoke"
    return {"process": op.process, "type": kind, "f": op.f, "value": op.input, "index": index, "time": time}


def _value(op: Op) -> Any:
    """What Knossos has as the value of a completed operation."""
    return op.input if op.output is None or op.f in ("cas", "write", "add", "enqueue") else op.output
