"""The logs in Porcupine's test data (anishathalye/porcupine, `test_data/`), read into histories.

Two forms: etcd runs recorded by Jepsen (one compare-and-set register; `parse_etcd`) and key-value runs
(`parse_kv`). Neither has times: the number of a line stands for its time in ns, as only the order counts.

Invariants: a failed cas is an observation there, so it becomes an operation that returned false; an operation
that timed out, or never ended, is INFO. Every line is an event in one of the forms below or `HistoryError` is
raised, also if an end contradicts its invocation. The last line needs its newline: ":write 12" that was cut
to ":write 1" would be an event as well, only another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from checkers.codec import HistoryError
from checkers.history import OPEN_NS, History, Op, Outcome

_ETCD = re.compile(
    r"INFO[ \t]+jepsen\.util[ \t]+-[ \t]+([0-9]{1,18})"
    r"[ \t]+:(invoke|ok|fail|info)[ \t]+:(read|write|cas)"
    r"[ \t]+(nil|:timed-out|[0-9]{1,18}|\[[0-9]{1,18} [0-9]{1,18}\])"
    r"[ \t]*\r?"
)
# Possessive: nothing is kept to go back to, however long a string is.
_STRING = r'"([^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+)"'
_KV = re.compile(
    r"\{:process ([0-9]{1,18}), :type :(invoke|ok), :f :(get|put|append), "
    rf":key {_STRING}, :value (nil|{_STRING})\}}[ \t]*\r?"
)
_TIMED_OUT = object()
_ENDS_OTHERWISE = "ends with another value than it was invoked with"


@dataclass(frozen=True, slots=True)
class _Event:
    """One line. `value` is None for nil and _TIMED_OUT for :timed-out."""

    number: int
    process: int
    kind: str
    f: str
    key: Any
    value: Any


def is_kv_line(line: str) -> bool:
    """Whether `line` is an event of a key-value log."""
    return _KV.fullmatch(line) is not None


def parse_etcd(text: str, source: str) -> History:
    """One register, key None: `read`, `write` and `cas` with input [old, new] and output True or False.

    Raises HistoryError.
    """
    return _paired(_events(text, source, _etcd_event), source, _etcd_fault)


def parse_kv(text: str, source: str) -> History:
    """Strings by key: `get`, `put` and `append`. Raises HistoryError."""
    return _paired(_events(text, source, _kv_event), source, _kv_fault)


def _events(text: str, source: str, parse: Callable[[str, str, int], _Event]) -> list[_Event]:
    """The events of all lines. Only a newline ends a line: a value may hold what else Unicode calls one."""
    *whole, rest = text.split("\n")
    events = [parse(line, source, number) for number, line in enumerate(whole, start=1) if line.strip()]
    if rest.strip():
        problem = f"the last line has no newline, so it may be cut: {_shown(rest)}"
        fix = "take the whole file; if the line is whole, end it with a newline"
        raise HistoryError(source, len(whole) + 1, problem, fix)
    return events


def _shown(text: str) -> str:
    return repr(text[:80]) + ("..." if len(text) > 80 else "")


def _etcd_event(line: str, source: str, number: int) -> _Event:
    found = _ETCD.fullmatch(line)
    if found is None:
        fix = "a line is like INFO  jepsen.util - 0 :invoke :cas [1 2]; numbers have at most 18 digits"
        raise HistoryError(source, number, f"no event of an etcd log: {_shown(line)}", fix)
    process, kind, f, value = found.groups()
    return _Event(number, int(process), kind, f, None, _etcd_value(value))


def _etcd_value(text: str) -> Any:
    if text[0] == "[":
        return [int(part) for part in text[1:-1].split()]
    return {"nil": None, ":timed-out": _TIMED_OUT}[text] if text[0] in "n:" else int(text)


def _kv_event(line: str, source: str, number: int) -> _Event:
    found = _KV.fullmatch(line)
    if found is None:
        fix = 'a line is like {:process 0, :type :invoke, :f :put, :key "a", :value "b"}'
        raise HistoryError(source, number, f"no event of a kv log: {_shown(line)}", fix)
    process, kind, f, key, value, inner = found.groups()
    text = None if value == "nil" else _unescaped(inner, source, number)
    return _Event(number, int(process), kind, f, _unescaped(key, source, number), text)


def _unescaped(text: str, source: str, number: int) -> str:
    if "\\" not in text:
        return text
    try:
        plain = str(json.loads(f'"{text}"'))
        plain.encode()  # an escape may name half a character
    except ValueError as error:
        problem = f"no string of a kv log: {_shown(text)}"
        raise HistoryError(source, number, problem, "escapes are those of JSON") from error
    return plain


def _paired(events: list[_Event], source: str, fault: Callable[[_Event, _Event], str | None]) -> History:
    """Operations out of invocations and completions of the same process.

    `fault(call, end)` says what is wrong with such a pair, with an invocation alone if both are the same.
    """
    open_calls: dict[int, _Event] = {}
    ops = []
    for event in events:
        process = event.process
        if event.kind == "invoke":
            if process in open_calls:
                problem = f"process {process} invokes while its operation is open"
                raise HistoryError(source, event.number, problem, "a process has one operation at a time")
            _refuse_if(fault(event, event), event, source)
            open_calls[process] = event
            continue
        call = open_calls.pop(process, None)
        if call is None or call.f != event.f or call.key != event.key:
            problem = f"process {process} ends a {event.f} that it never invoked"
            fix = "an end follows an invocation of the same process, with the same operation and key"
            raise HistoryError(source, event.number, problem, fix)
        _refuse_if(fault(call, event), event, source)
        ops.append(_ended(call, event))
    for call in open_calls.values():
        ops.append(_operation(call, None, Outcome.INFO, OPEN_NS, None))
    return History.of(ops)


def _refuse_if(problem: str | None, event: _Event, source: str) -> None:
    if problem is not None:
        fix = "take the log as it was written"
        raise HistoryError(source, event.number, f"process {event.process}: {problem}", fix)


def _etcd_fault(call: _Event, end: _Event) -> str | None:
    kind = {"read": type(None), "write": int, "cas": list}[call.f]
    if type(call.value) is not kind:
        return f"a {call.f} is invoked with {'nil' if call.f == 'read' else 'its value'} only"
    if call is end or (end.kind == "info" and end.value in (_TIMED_OUT, call.value)):
        return None
    if call.f == "read":
        fitting = isinstance(end.value, int | None) if end.kind == "ok" else end.value in (_TIMED_OUT, None)
        return None if fitting else "a read ends :ok with a number or nil, else with nil or :timed-out"
    if end.value is _TIMED_OUT:
        return f"a {call.f} that timed out may have happened: it ends :info, not :{end.kind}"
    return None if end.value == call.value else f"the {call.f} {_ENDS_OTHERWISE}"


def _kv_fault(call: _Event, end: _Event) -> str | None:
    if call is end:
        if (call.value is None) is (call.f == "get"):
            return None
        return f"a {call.f} is invoked with {'nil' if call.f == 'get' else 'a string'} only"
    if call.f == "get":
        return None if end.value is not None else "a get answers with a string, not nil"
    return None if end.value == call.value else f"the {call.f} {_ENDS_OTHERWISE}"


def _ended(call: _Event, end: _Event) -> Op:
    if end.kind == "info":
        return _operation(call, None, Outcome.INFO, OPEN_NS, end.number)
    if call.f == "cas":
        return _operation(call, end.kind == "ok", Outcome.OK, end.number, end.number)
    if end.kind == "fail":
        return _operation(call, None, Outcome.FAIL, end.number, end.number)
    output = end.value if call.f in ("read", "get") else None
    return _operation(call, output, Outcome.OK, end.number, end.number)


def _operation(call: _Event, output: Any, outcome: Outcome, return_ns: int, given_up_ns: int | None) -> Op:
    return Op(
        0, call.process, call.f, call.key, call.value, output, outcome, call.number, return_ns, given_up_ns
    )
