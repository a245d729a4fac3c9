"""The logs in Porcupine's test data (anishathalye/porcupine, `test_data/`), read into histories.

Two forms: etcd runs recorded by Jepsen (one compare-and-set register; `parse_etcd`) and key-value runs
(`parse_kv`). Neither has times: the number of a line stands for its time in ns, as only the order counts.

Invariants: a failed cas is an observation there, so it becomes an operation that returned false; an operation
that timed out, or never ended, is INFO. Raises `HistoryError` for a line that is neither an event nor known
chatter.
"""

from __future__ import annotations

import re
from typing import Any

from checkers.codec import HistoryError
from checkers.history import OPEN_NS, History, Op, Outcome

_ETCD = re.compile(r"^INFO\s+jepsen\.util - (\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.+?)\s*$")
_PAIR = re.compile(r"^\[(\d+) (\d+)\]$")
_KV = re.compile(
    r'^\{:process (\d+), :type :(invoke|ok), :f :(get|put|append), :key "(.*)", :value (nil|"(.*)")\}$'
)


def parse_etcd(text: str, source: str) -> History:
    """One register, key None: `read`, `write` and `cas` with input [old, new] and output True or False."""
    events = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _ETCD.match(line)
        if found is None:
            raise HistoryError(
                source, number, f"no event of an etcd log: {line!r:.80}", "see checkers.interop"
            )
        process, kind, f, value = found.groups()
        given = _etcd_value(value, source, number)
        events.append((number, int(process), kind, f, None, given))
    return _paired(events, source)


def parse_kv(text: str, source: str) -> History:
    """Strings by key: `get`, `put` and `append`."""
    events = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = _KV.match(line)
        if found is None:
            raise HistoryError(source, number, f"no event of a kv log: {line!r:.80}", "see checkers.interop")
        process, kind, f, key, _, value = found.groups()
        events.append((number, int(process), kind, f, key, value))
    return _paired(events, source)


def _etcd_value(text: str, source: str, number: int) -> Any:
    if text in ("nil", ":timed-out"):
        return None
    pair = _PAIR.match(text)
    if pair:
        return [int(pair[1]), int(pair[2])]
    if text.isdecimal():
        return int(text)
    raise HistoryError(source, number, f"no value of an etcd log: {text!r:.80}", "a number, nil or [old new]")


def _paired(events: list[tuple[int, int, str, str, Any, Any]], source: str) -> History:
    """Operations out of invocations and completions of the same process."""
    open_calls: dict[int, tuple[int, str, Any, Any]] = {}
    ops = []
    for number, process, kind, f, key, value in events:
        if kind == "invoke":
            if process in open_calls:
                problem = f"process {process} invokes while its operation is open"
                raise HistoryError(source, number, problem, "a process has one operation at a time")
            open_calls[process] = (number, f, key, value)
            continue
        called = open_calls.pop(process, None)
        if called is None or called[1] != f:
            problem = f"process {process} ends a {f} that it never invoked"
            raise HistoryError(source, number, problem, "an end follows an invocation of the same process")
        ops.append(_ended(process, called, number, kind, value))
    for process, (number, f, key, value) in open_calls.items():
        ops.append(Op(0, process, f, key, value, None, Outcome.INFO, number, OPEN_NS))
    return History.of(ops)


def _ended(process: int, called: tuple[int, str, Any, Any], number: int, kind: str, value: Any) -> Op:
    call_ns, f, key, given = called
    if kind == "info":
        return Op(0, process, f, key, given, None, Outcome.INFO, call_ns, OPEN_NS, number)
    if f == "cas":
        return Op(0, process, f, key, given, kind == "ok", Outcome.OK, call_ns, number)
    outcome = Outcome.OK if kind == "ok" else Outcome.FAIL
    output = value if f in ("read", "get") else None
    return Op(0, process, f, key, given, output, outcome, call_ns, number)
