"""Histories of Jepsen and Knossos: EDN maps such as {:process 0, :type :invoke, :f :read, :value nil}.

`parse_edn` reads one operation per line, or one vector of them; `write_edn` writes the former. What an
operation means is Knossos' meaning: :ok happened; :fail did not; after :info, or with no end at all, it may
happen at any later time, and its process is retired. Lines of processes that are no numbers (:nemesis) are no
operations and are skipped. Times are :time if every operation has it, else the order of :index, else that of
the text.

A pair #jepsen.independent/tuple [k v] (or a MapEntry) as :value is the value v for the key k.

Beyond Knossos: :output in an end says what the operation answered where :value does not; a :fail with
:observed true is an observation (a cas that answered false), not an operation that did not happen.

Invariants: `parse_edn` gives the history that is in the text or raises `HistoryError`; the operations of
`parse_edn(write_edn(h))` are those of h.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from checkers.assembly import HistoryError
from checkers.codec import lines_of
from checkers.events import Complete, Invoke
from checkers.history import OPEN_NS, History
from checkers.identity import identity
from checkers.interop.edn_events import ANSWERED, TYPES, Event, Pairing, output_of
from checkers.interop.edn_reader import Atom, Map, Reader, Tagged
from checkers.interop.edn_values import Values, bare, edn, shown

_TUPLE = "#jepsen.independent/tuple"
_SHAPE = "an operation is a map like {:process 0, :type :invoke, :f :read, :value nil}"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_*+!?.-]*")  # what can be a keyword


def parse_edn(text: str, source: str, *, independent: bool = False) -> History:
    """The history in `text`; `source` names it in messages.

    independent: whether each :value is a pair [key value], which Jepsen's `independent` writes without a tag.
    Raises HistoryError for whatever is no such history, a text without any form among it.
    """
    return _Parser(text, source, independent).history()


def write_edn(history: History) -> str:
    """One map per line, in order of time, with :index and :time; disturbances are left out.

    Raises ValueError for what the form cannot carry: a process that invokes while its last operation is open,
    negative process numbers, or values that are no JSON.
    """
    lines: list[str] = []
    calls: dict[int, Invoke] = {}
    for event in lines_of(history):
        if isinstance(event, Invoke):
            if event.process < 0:
                raise ValueError(f"a process is a number from 0, not {event.process}")
            calls[event.process] = event
            lines.append(
                _line(len(lines), event.process, "invoke", event, event.value, event.time, event.node)
            )
        elif isinstance(event, Complete):
            call = calls[event.process]
            kind, value, more = _said(call, event)
            more += f", :error {edn(event.error)}" if event.error is not None else ""
            lines.append(_line(len(lines), event.process, kind, call, value, event.time, None, more))
    return "".join(lines)


def _line(
    index: int, process: int, type: str, call: Invoke, value: Any, time: int, node: str | None, more: str = ""
) -> str:
    said = edn(value) if call.key is None else f"{_TUPLE} [{edn(call.key)} {edn(value)}]"
    name = f":{call.f}" if _PLAIN.fullmatch(call.f) else edn(call.f)
    where = f", :node {edn(node)}" if node is not None else ""
    head = f"{{:index {index}, :time {time}, :process {process}, :type :{type}, :f {name}"
    return f"{head}, :value {said}{where}{more}}}\n"


def _said(call: Invoke, done: Complete) -> tuple[str, Any, str]:
    """The :type and the :value of an end, and an :output where the other two would mean another answer."""
    if call.f == "cas" and done.outcome == "ok" and done.value is False:
        return "fail", call.value, ", :output false, :observed true"
    value = done.value if done.outcome == "ok" and call.f in ANSWERED else call.value
    meant = output_of(call.f, call.value, value) if done.outcome == "ok" else None
    same = identity(meant) == identity(done.value)
    return done.outcome, value, "" if same else f", :output {edn(done.value)}"


class _Parser:
    """One text, from forms to operations."""

    def __init__(self, text: str, source: str, independent: bool) -> None:
        self._reader = Reader(text, source)
        self._source = source
        self._independent = independent
        self._values = Values()
        self._keys = Values()
        self._names: dict[str, str] = {}
        self._seen: dict[int, int] = {}  # :index -> where

    def history(self) -> History:
        """See `parse_edn`."""
        forms = self._operations()
        events = [event for form in forms if (event := self._event(form)) is not None]
        return History.of(Pairing(self._reader).ops(events))

    def _refuse(self, at: int, problem: str, fix: str) -> NoReturn:
        self._reader.refuse(at, problem, fix)

    def _operations(self) -> list[Map]:
        forms = self._reader.forms()
        if not forms:
            raise HistoryError(self._source, 1, "nothing but space and comments", _SHAPE)
        behind = 0
        if len(forms) == 1 and isinstance(forms[0], list):
            forms = forms[0]
            behind = self._reader.after(0) + 1
        maps = []
        for form in forms:
            found = form.value if isinstance(form, Tagged) and form.tag.endswith("Op") else form
            if not isinstance(found, Map):
                self._refuse(self._reader.after(behind), f"no operation but {shown(form):.60}", _SHAPE)
            behind = found.end + 1
            maps.append(found)
        return maps

    def _event(self, form: Map) -> Event | None:
        """The event in a map; None for one of a nemesis."""
        at = form.at
        for needed in (":process", ":type", ":f"):
            if needed not in form:
                self._refuse(at, f"an operation without {needed}{self._near(needed, form)}", _SHAPE)
        process, kind = form[":process"], form[":type"]
        if not isinstance(kind, str) or kind[1:] not in TYPES:
            near = difflib.get_close_matches(bare(kind).lower(), list(TYPES), 1)
            fix = f"did you mean :{near[0]}?" if near else f"the types are :{', :'.join(TYPES)}"
            self._refuse(at, f"unknown :type {shown(kind):.60}", fix)
        index = self._index(form)
        if isinstance(process, str):
            return None
        if type(process) is not int or not 0 <= process < OPEN_NS:
            self._refuse(at, f":process {shown(process):.60}", "a client's process is a whole number from 0")
        key, value = self._split(form.get(":value"), at)
        error, node = form.get(":error", form.get(":exception")), form.get(":node")
        return Event(
            at=at,
            process=process,
            type=kind[1:],
            f=self._f(form[":f"], at),
            key=key,
            value=value,
            output=(self._json(form[":output"], at),) if ":output" in form else (),
            observed=form.get(":observed") is True,
            index=index,
            time=self._time(form),
            node=None if node is None else bare(node),
            error=None if error is None else bare(error),
        )

    def _index(self, form: Map) -> int | None:
        """The :index, which no two operations share; -1 stands for none, as in Knossos."""
        index = form.get(":index")
        if index is None or (index == -1 and type(index) is int):
            return None
        if type(index) is not int or not 0 <= index < OPEN_NS:
            self._refuse(form.at, f":index {shown(index):.60}", "an index is a whole number from 0")
        if index in self._seen:
            first = self._reader.line_of(self._seen[index])
            self._refuse(form.at, f":index {index} is that of line {first} too", "indices differ")
        self._seen[index] = form.at
        return index

    def _time(self, form: Map) -> int | None:
        time = form.get(":time")
        if time is None:
            return None
        if type(time) is not int or not 0 <= time < OPEN_NS:
            fix = "a time is a whole number of nanoseconds in [0, 2^63-1); without :time the order counts"
            self._refuse(form.at, f":time {shown(time):.60}", fix)
        return time

    @staticmethod
    def _near(needed: str, form: Mapping[Any, Any]) -> str:
        """A hint at a key that was meant."""
        names = [key if isinstance(key, str) else getattr(key, "text", "") for key in form]
        near = difflib.get_close_matches(needed, names, 1)
        return f" (is {near[0]} meant? the keys are keywords)" if near else ""

    def _f(self, f: Any, at: int) -> str:
        if not (isinstance(f, str) or (isinstance(f, Atom) and f.kind == "string")):
            self._refuse(at, f":f {shown(f):.60}", "a function is a keyword, like :read")
        name = bare(f)
        return self._names.setdefault(name, name)

    def _split(self, value: Any, at: int) -> tuple[Any, Any]:
        """Key and value, both as JSON."""
        pair = None
        if isinstance(value, Tagged) and value.tag.lower().replace("-", "").endswith(("tuple", "mapentry")):
            pair = value.value
        elif self._independent and value is not None:
            pair = value
        else:
            return None, self._json(value, at)
        if not isinstance(pair, list) or len(pair) != 2:
            self._refuse(at, f"no pair of key and value but {shown(pair):.60}", f"as in {_TUPLE} [k v]")
        return self._json(pair[0], at, self._keys), self._json(pair[1], at)

    def _json(self, value: Any, at: int, values: Values | None = None) -> Any:
        if value is None or type(value) is int:
            return value
        return (values or self._values).json(value, lambda problem, fix: self._refuse(at, problem, fix))
