"""What the command `lincheck` prints: a line, a table, a JSON object; pure.

Invariants: a stranger's text cannot end a line, move the cursor or hide itself; what is left out is counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from checkers.history import History
from checkers.interop.detect import Reading
from checkers.lincheck.model import Model
from checkers.lincheck.models import words
from checkers.verdict import CounterExample, EvidenceOp, Invalid, Unknown, Valid, Verdict, word

ROWS = 40
CELL = 60
_UNITS = ((1_000, 1, "ns"), (1_000_000, 1_000, "µs"), (1_000_000_000, 1_000_000, "ms"))


@dataclass(frozen=True, slots=True)
class Judged:
    """One file's verdict. ms: what the check took, reading excluded. notes: of the reader."""

    file: str
    verdict: Verdict
    ms: float
    history: History
    reading: Reading
    model: Model
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """One file that could not be judged; `line` (from 1) is None if none is to blame."""

    file: str
    line: int | None
    problem: str
    fix: str


def printable(text: str) -> str:
    """`text` with every character that is invisible or moves the cursor written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def milliseconds(ms: float) -> str:
    """About three significant digits, never an exponent."""
    digits = 0 if ms >= 99.95 else 1 if ms >= 9.995 else 2 if ms >= 0.9995 else 3
    return f"{ms:.{digits}f}"


def line(judged: Judged) -> str:
    """The line of one file: verdict, operations, ms, algorithm, file; tabs between."""
    algorithm = judged.verdict.algorithm or "-"
    parts = (word(judged.verdict), str(len(judged.history)), milliseconds(judged.ms), algorithm, judged.file)
    return "\t".join(printable(part) for part in parts)


def refusal(refused: Refused) -> list[str]:
    """The error of one file, and how to mend it."""
    where = refused.file if refused.line is None else f"{refused.file}:{refused.line}"
    return [f"{printable(where)}: {printable(refused.problem)}", f"  fix: {printable(refused.fix)}"]


def explanation(judged: Judged) -> list[str]:
    """The lines below: why it is invalid, or unknown; nothing but notes for a valid one."""
    lines: list[str] = []
    match judged.verdict:
        case Invalid(sentence=sentence, counter_example=example, bad_keys=bad_keys):
            lines = [f"  {printable(sentence)}"]
            if len(bad_keys) > 1:
                keys = ", ".join(_value(key) for key in bad_keys[:8]) + (", ..." if len(bad_keys) > 8 else "")
                lines.append(f"  {len(bad_keys)} keys are not linearizable: {keys}")
            lines += _table(example, judged) if example is not None else []
        case Unknown(reason=reason):
            lines = [f"  {printable(reason)}"]
    return [*lines, *(f"  note: {printable(note)}" for note in judged.verdict.notes)]


def record(judged: Judged | Refused, *, witness: bool) -> bytes:
    """One JSON object, no newline. A file that was refused has the verdict null and an "error"."""
    if isinstance(judged, Refused):
        error = {"line": judged.line, "problem": judged.problem, "fix": judged.fix}
        return _json({"verdict": None, "file": judged.file, "error": error})
    verdict = judged.verdict
    told: dict[str, Any] = {
        "verdict": word(verdict),
        "operations": len(judged.history),
        "ms": round(judged.ms, 3),
        "algorithm": verdict.algorithm,
        "file": judged.file,
        "format": judged.reading.format,
        "model": judged.model.name,
        "notes": [*judged.notes, *verdict.notes],
    }
    match verdict:
        case Invalid(sentence=sentence, counter_example=example, bad_keys=bad_keys):
            told |= {"sentence": sentence, "counter_example": example, "bad_keys": bad_keys}
        case Unknown(reason=reason):
            told |= {"reason": reason}
        case Valid(witness=orders) if witness:
            told |= {"witness": [{"key": key, "order": order} for key, order in orders]}
    return _json(told)


def _json(told: dict[str, Any]) -> bytes:
    told["file"] = printable(told["file"])  # a file's name need not be Unicode
    try:
        return msgspec.json.encode(told)
    except UnicodeEncodeError:  # half a character, which only an escape can carry
        return json.dumps(msgspec.to_builtins(told)).encode()


def _value(value: Any) -> str:
    try:
        return printable(words(value))
    except ValueError:
        return printable(repr(value))


def _clip(text: str, most: int = CELL) -> str:
    plain = printable(text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _table(example: CounterExample, judged: Judged) -> list[str]:
    """The counter-example: the longest legal order, what it leaves open, and what cannot follow."""
    places = {step.index: place for place, step in enumerate(example.order, start=1)}
    told = {step.index: f"→ {step.state}" for step in example.order}
    whys = {stuck.index: stuck.why for stuck in example.stuck}
    ops = sorted(example.ops, key=lambda op: (op.index in whys, places.get(op.index, len(places) + 1)))
    when, unit = _clock(example.ops, judged)
    rows = [("order", "operation", "process", f"called{unit}", f"returned{unit}", "")]
    for op in _shown(ops):
        order = "✗" if op.index in whys else str(places.get(op.index, "–"))
        process = f"{op.process} ({op.node})" if op.node else str(op.process)
        returned = "open" if op.return_ns is None else when(op.return_ns)
        said = _clip((told | whys).get(op.index, ""), 2 * CELL)
        rows.append((order, _clip(op.text), _clip(process), when(op.call_ns), returned, said))
    key = "" if example.key is None else f"key {_clip(_value(example.key))}, "
    lines = ["", f"  {key}{printable(example.model)}, initially {_clip(example.initial)}:", *_aligned(rows)]
    if len(ops) > ROWS:
        lines.append(f"    … {len(ops) - ROWS} more operations (--json has them all)")
    return [*lines, ""]


def _shown(ops: Sequence[EvidenceOp]) -> Sequence[EvidenceOp]:
    """Those at the end are always shown: they are the contradiction."""
    return ops if len(ops) <= ROWS else [*ops[: ROWS // 4], *ops[-(ROWS - ROWS // 4) :]]


def _clock(ops: Sequence[EvidenceOp], judged: Judged) -> tuple[Any, str]:
    """How a time is written, and in which unit: since the first call; as it is where there are no times."""
    if judged.reading.clock != "ns":
        return str, ", line" if judged.reading.clock == "line" else ""
    origin = int(judged.history.call_ns.min())
    latest = max(max(op.call_ns, op.return_ns or 0) for op in ops) - origin
    size, unit = next(((size, unit) for below, size, unit in _UNITS if latest < below), (1_000_000_000, "s"))
    return lambda ns: str(ns - origin) if size == 1 else f"{(ns - origin) / size:.3f}", f" ({unit})"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    pads = (str.rjust, str.ljust, str.ljust, str.rjust, str.rjust)
    lines = []
    for row in rows:
        cells = [pad(cell, width) for pad, cell, width in zip(pads, row, widths, strict=False)]
        lines.append(("    " + "  ".join([*cells, row[-1]])).rstrip())
    return lines
