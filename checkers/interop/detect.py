"""Which format a history file has, by its content, and the history in it.

`jsonl`: docs/history-format.md. `edn`: Jepsen's histories. `porcupine-etcd`, `porcupine-kv`: the logs of
Porcupine's test data.

Invariants: pure; a format is told by what no other format can start with, never by likelihood: what could be
two is refused, with the way to say which. Everything that is wrong with the bytes is one `HistoryError`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from checkers.codec import HistoryError, decode
from checkers.history import NEVER_NS, History

Format = Literal["jsonl", "edn", "porcupine-etcd", "porcupine-kv"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

# What may stand between two forms of EDN: white space, commas, comments.
_BETWEEN = rb"(?:[\s,]++|;[^\n]*+)*+"
_START = re.compile(_BETWEEN)
_JSON_OBJECT = re.compile(rb'\{\s*"')
_ETCD_EVENT = re.compile(rb"INFO[ \t]+jepsen\.util[ \t]")
_EDN_OP = re.compile(
    rb"[\[(]?" + _BETWEEN + rb"(?:#[a-zA-Z][\w./-]*" + _BETWEEN + rb")?\{" + _BETWEEN + rb":"
)
_EDN_NOTHING = re.compile(rb"(?:\[" + _BETWEEN + rb"\]|\(" + _BETWEEN + rb"\))")
_CHOOSE = f"name it with --format, one of {', '.join(FORMATS)}"
_FOREIGN = (
    (b"\xef\xbb\xbf", "it starts with a byte order mark", "write it as UTF-8 without one"),
    (b"\xff\xfe", "it is UTF-16", "write it as UTF-8"),
    (b"\xfe\xff", "it is UTF-16", "write it as UTF-8"),
    (b"\x1f\x8b", "it is compressed", "give what `gunzip -c` makes of it"),
    (b"\x28\xb5\x2f\xfd", "it is compressed", "give what `zstd -dc` makes of it"),
    (b"PK\x03\x04", "it is a zip archive", "give one of the files in it"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A history, the format it was read in, and what its reader should know of it, in sentences: what was
    dropped, or never ended. clock: what its times are: nanoseconds, numbers of lines, or only an order.
    """

    history: History
    format: Format
    notes: tuple[str, ...] = ()
    clock: Literal["ns", "line", "order"] = "ns"


def detect(data: bytes, source: str) -> Format:
    """The format that `data` starts in. Raises HistoryError if it is none, or could be more than one."""
    at = _begins(data, source)
    if _JSON_OBJECT.match(data, at):
        return "jsonl"
    if _ETCD_EVENT.match(data, at):
        return "porcupine-etcd"
    if _EDN_NOTHING.match(data, at):
        return "edn"
    if _EDN_OP.match(data, at):
        return _edn_or_kv(data, at, source)
    shown = data[at : at + 60].decode("utf-8", "backslashreplace").split("\n")[0]
    number = data.count(b"\n", 0, at) + 1
    raise HistoryError(source, number, f"no history in a format that is known: {shown!r}", _CHOOSE)


def read(data: bytes, source: str, format: Format | None = None, *, independent: bool = False) -> Reading:
    """The history in `data`, whose format is detected if it is not given; `source` names it in messages.

    independent: see `checkers.interop.edn.parse_edn`; an error for any other format. Raises HistoryError.
    """
    at = _begins(data, source)
    known = format or detect(data, source)
    if independent and known != "edn":
        number = data.count(b"\n", 0, at) + 1
        problem = f"values as pairs [key value] are of EDN, and this is read as {known}"
        raise HistoryError(
            source, number, problem, "leave --independent out: this format has keys of its own"
        )
    if known == "jsonl":
        decoded = decode(data, source)
        torn = (decoded.torn,) if decoded.torn else ()
        return Reading(decoded.history, known, (*torn, *decoded.notes))
    text = _text(data, source)
    if known == "edn":
        from checkers.interop.edn import parse_edn

        history = parse_edn(text.rstrip(", \t\r\n\f\v"), source, independent=independent)
        return Reading(history, known, _unended(history), "ns" if ":time" in text else "order")
    from checkers.interop import porcupine

    parse = porcupine.parse_etcd if known == "porcupine-etcd" else porcupine.parse_kv
    history = parse(text, source)
    return Reading(history, known, _unended(history), "line")


def _begins(data: bytes, source: str) -> int:
    """Where the first form or line begins. Raises HistoryError for what is no text of ours at all."""
    for magic, problem, fix in _FOREIGN:
        if data.startswith(magic):
            raise HistoryError(source, 1, problem, fix)
    found = _START.match(data)
    at = found.end() if found else 0
    if at == len(data):
        empty = "the file holds nothing but blank lines" if data else "the file is empty"
        raise HistoryError(source, 1, empty, "give a file that a run has written its history to")
    return at


def _edn_or_kv(data: bytes, at: int, source: str) -> Format:
    """A key-value log is EDN as well, whose keys a reader of Jepsen's histories would not see."""
    from checkers.interop.porcupine import is_kv_line

    end = data.find(b"\n", at)
    line = data[at : end if end >= 0 else len(data)]
    if is_kv_line(line.decode("utf-8", "replace")):
        return "porcupine-kv"
    if b":key" in line:
        number = data.count(b"\n", 0, at) + 1
        problem = "this may be EDN, or a key-value log that Porcupine reads: it has a :key"
        raise HistoryError(source, number, problem, _CHOOSE)
    return "edn"


def _text(data: bytes, source: str) -> str:
    nul = data.find(b"\x00")
    if nul >= 0:
        number = data.count(b"\n", 0, nul) + 1
        raise HistoryError(source, number, "a NUL byte: this is no text, or it was damaged", "mend the file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        problem = f"no UTF-8: byte 0x{data[error.start]:02x} ({error.reason})"
        raise HistoryError(source, number, problem, "write the file as UTF-8") from error


def _unended(history: History) -> tuple[str, ...]:
    """As `checkers.assembly` tells it of the JSON lines."""
    never = history.process[history.given_up_ns == NEVER_NS].tolist()
    if not never:
        return ()
    processes = ", ".join(str(p) for p in sorted(never)[:8]) + (", ..." if len(never) > 8 else "")
    return (f"{len(never)} operations were never completed (processes {processes}); they stay open",)
