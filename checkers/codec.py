"""History as JSON lines, and back; versioned; touches no file.

One event per line. The first line is the `Header`; then `Invoke`, `Complete` and `FaultEvent` in the order in
which they reached the disk; the last line of a finished history is the `Footer`. Two writers may append to
one file at a time, so lines of different processes need not be in order of time; each line carries its own.

Invariants: the lines of one process, and of one disturbance, are in order of time. `decode` gives a history
or raises `HistoryError`, whatever the bytes. Decoding the encoded `lines_of(h)` gives h.
docs/history-format.md describes the format.
"""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args

import msgspec

from checkers.assembly import Assembly, HistoryError
from checkers.events import VERSION, Complete, FaultEvent, Footer, Header, Invoke, Line
from checkers.history import Disturbance, History, Outcome
from checkers.lines import encode, footer_for

__all__ = [
    "VERSION",
    "Complete",
    "Decoded",
    "FaultEvent",
    "Footer",
    "Header",
    "HistoryError",
    "Invoke",
    "Line",
    "decode",
    "encode",
    "footer_for",
    "lines_of",
]

MAX_DEPTH = 64  # brackets within brackets in one line; far beyond any value that a client writes

_LINE: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_ENCODER = msgspec.json.Encoder()
_WORDS: dict[Outcome, Literal["ok", "fail", "info"]] = {
    Outcome.OK: "ok",
    Outcome.FAIL: "fail",
    Outcome.INFO: "info",
}
_TYPES = {kind.__struct_config__.tag: kind for kind in get_args(Line)}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A history read from bytes.

    complete: the footer was there and right. torn: what was dropped because its line had no end, in words, or
    None. notes: what a reader should know of it, in sentences.
    """

    history: History
    header: Header
    complete: bool
    torn: str | None
    notes: tuple[str, ...]


def lines_of(history: History) -> Iterator[Line]:
    """Header and events of `history` in order of time, without the footer (which needs the bytes:
    `footer_for`).

    Raises ValueError for an operation that the format cannot carry: one never given up that has an output or
    an error.
    """
    yield Header(VERSION, meta=dict(history.meta))
    faults = list(heapq.merge(*map(_fault_events, history.disturbances), key=lambda event: event.time))
    yield from heapq.merge(faults, _operation_events(history), key=lambda event: event.time)


def _fault_events(fault: Disturbance) -> Iterator[FaultEvent]:
    evidence = fault.evidence
    if fault.begun_ns is None and fault.status is not None:
        raise ValueError(f"disturbance {fault.id} never began but has the status {fault.status!r}")
    first = FaultEvent(fault.id, "requested", fault.requested_ns, fault.kind, fault.targets, fault.what)
    if fault.begun_ns is None:
        yield msgspec.structs.replace(first, evidence=evidence)
    else:
        yield first
        status: Any = fault.status
        yield msgspec.structs.replace(
            first, event="begun", time=fault.begun_ns, status=status, evidence=evidence
        )
    if fault.ended_ns is not None:
        yield msgspec.structs.replace(first, event="ended", time=fault.ended_ns)


def _operation_events(history: History) -> Iterator[Invoke | Complete]:
    """Invocations in order of rows; each completion as late as its time and its process's next call allow."""
    pending: list[tuple[int, int, Complete]] = []
    busy: dict[int, int] = {}  # process -> when it may invoke again, as far as it has invoked
    for row, op in enumerate(history):
        if op.call_ns < busy.get(op.process, 0):
            raise ValueError(f"process {op.process} invokes operation {op.index} while its last one is open")
        busy[op.process] = op.return_ns
        while pending and (pending[0][0] < op.call_ns or any(p[2].process == op.process for p in pending)):
            yield heapq.heappop(pending)[2]
        yield Invoke(op.process, op.call_ns, op.f, op.key, op.input, op.node)
        if op.given_up_ns is not None:
            done = Complete(op.process, op.given_up_ns, _WORDS[op.outcome], op.output, op.error)
            heapq.heappush(pending, (op.given_up_ns, row, done))
        elif op.output is not None or op.error is not None:
            raise ValueError(f"operation {op.index} was never given up, so it has no output and no error")
    while pending:
        yield heapq.heappop(pending)[2]


def decode(data: bytes, source: str) -> Decoded:
    """The history in `data`; `source` names it in messages.

    A last line without a newline is torn: it is dropped and reported. Raises HistoryError for everything else
    that is wrong.
    """
    end = data.rfind(b"\n") + 1
    lines = data[:end].split(b"\n")[:-1]
    torn = None
    if end < len(data):
        torn = f"line {len(lines) + 1} has no end ({len(data) - end} bytes); it was dropped"
    header = _header(lines, source, torn)
    assembly = Assembly(source)
    footer_at: int | None = None
    offset = len(lines[0]) + 1
    for number, text in enumerate(lines[1:], start=2):
        if footer_at is not None:
            problem = f"an event after the footer (which is line {footer_at})"
            raise HistoryError(
                source, number, problem, "one history per file: split it before the second header"
            )
        line = _parse(text, source, number)
        if isinstance(line, Footer):
            _check_footer(line, data[:offset], number - 2, source, number)
            footer_at = number
        else:
            assembly.take(line, number)
        offset += len(text) + 1
    if footer_at is not None and torn:
        problem = f"bytes after the footer (which is line {footer_at})"
        raise HistoryError(source, len(lines) + 1, problem, "cut the file after the footer's line")
    notes = assembly.notes()
    if footer_at is None:
        notes = ("no footer: the history was not finished", *notes)
    history = History.of(assembly.ops(), assembly.disturbances(), header.meta)
    return Decoded(history, header, footer_at is not None, torn, notes)


def _header(lines: list[bytes], source: str, torn: str | None) -> Header:
    fix = "a history starts with a line like " + _ENCODER.encode(Header(VERSION)).decode()
    if not lines:
        raise HistoryError(source, 1, f"no header: {torn or 'the file is empty'}", fix)
    try:
        loose = msgspec.json.decode(lines[0])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HistoryError(source, 1, f"the first line is no header, nor JSON: {error}", fix) from error
    if not isinstance(loose, dict) or loose.get("type") != "history":
        raise HistoryError(source, 1, "the first line is no header", fix)
    version = loose.get("version")
    if type(version) is int and version != VERSION:
        problem = f"version {version} of the format; this program reads version {VERSION}"
        raise HistoryError(source, 1, problem, "read it with the release of splitbrain that wrote it")
    line = _parse(lines[0], source, 1)
    assert isinstance(line, Header)
    return line


def _parse(text: bytes, source: str, number: int) -> Line:
    try:
        line = _LINE.decode(text)
    except RecursionError as error:
        raise HistoryError(
            source, number, "brackets nested too deeply", f"at most {MAX_DEPTH} levels"
        ) from error
    except msgspec.ValidationError as error:
        _refuse(error, text, source, number)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fix = "every line is one JSON object in UTF-8 (docs/history-format.md)"
        raise HistoryError(source, number, f"not JSON: {error}", fix) from error
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _too_deep(msgspec.structs.asdict(line)):
        raise HistoryError(source, number, "brackets nested too deeply", f"at most {MAX_DEPTH} levels")
    return line


def _too_deep(value: Any) -> bool:
    """Whether `value` nests deeper than MAX_DEPTH; level by level, because the depth is what must not become
    recursion.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner = [v for v in level if isinstance(v, list | dict | tuple)]
        level = [part for v in inner for part in (v.values() if isinstance(v, dict) else v)]
        if not level:
            return False
    return True


def _refuse(error: msgspec.ValidationError, text: bytes, source: str, number: int) -> NoReturn:
    """Say what is wrong with a line that is JSON but no event, with the nearest right name."""
    message = str(error)
    fix = "see the table of events in docs/history-format.md"
    try:
        loose = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HistoryError(source, number, f"not JSON: {message}", fix) from error
    kind = loose.get("type") if isinstance(loose, dict) else None
    unknown = re.search(r"unknown field `(.*)`", message)
    if isinstance(kind, str) and kind not in _TYPES:
        near = difflib.get_close_matches(kind, list(_TYPES), 1)
        message = f"unknown type {kind!r:.60}"
        fix = f'did you mean "{near[0]}"?' if near else f"the types are {', '.join(map(str, _TYPES))}"
    elif unknown and isinstance(kind, str):
        names = list(_TYPES[kind].__struct_fields__)
        near = difflib.get_close_matches(unknown[1], names, 1)
        message = f"unknown key {unknown[1]!r:.60} in a line of type {kind!r}"
        fix = f'did you mean "{near[0]}"?' if near else f"the keys are {', '.join(names)}"
    raise HistoryError(source, number, message, fix) from error


def _check_footer(footer: Footer, body: bytes, events: int, source: str, number: int) -> None:
    fix = "the file was changed after it was written; go back to the original"
    if footer.events != events:
        problem = f"the footer counts {footer.events} events, the file has {events}"
        raise HistoryError(source, number, problem, fix)
    if footer.digest != footer_for(body, events).digest:
        raise HistoryError(source, number, "the footer's digest does not fit the bytes before it", fix)
