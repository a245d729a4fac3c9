"""A fingerprint: a hash of an anomaly's shape, so that the same bug in two nights is one row.

The shape: the system with its options, the model, the anomaly's name, the minimal counter-example (its
operations in order of call; processes, keys and values renamed by first appearance; for each operation how
many others had returned before it was called) and the kinds of faults that were active meanwhile.

Invariants: pure; no seed, time, host or path is part of it; a shape that is renamed (other processes, keys,
values) or moved in time has the same fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from checkers.history import OPEN_NS, Disturbance
from checkers.identity import identity
from checkers.verdict import CounterExample, EvidenceOp

DIGITS = 12


def system_label(reference: str, options: Mapping[str, str], defaults: Mapping[str, str]) -> str:
    """A system with the options that are not its defaults, without where its file lies:
    "primary-backup(mode=sync)".
    """
    path, colon, kind = reference.rpartition(":")
    name = f"{path.rpartition('/')[2]}:{kind}" if colon and ".py" in reference else reference
    chosen = ",".join(
        f"{key}={value}" for key, value in sorted(options.items()) if value != defaults.get(key)
    )
    return f"{name}({chosen})" if chosen else name


def shape_of(
    system: str, model: str, anomaly: str, example: CounterExample | None, faults: Sequence[str]
) -> str:
    """The shape, as JSON."""
    ops = [] if example is None else _renamed(sorted(example.ops, key=lambda op: (op.call_ns, op.index)))
    shape = {"system": system, "model": model, "anomaly": anomaly, "faults": sorted(faults), "ops": ops}
    return msgspec.json.encode(shape, order="deterministic").decode()


def fingerprint_of(shape: str) -> str:
    """Twelve hexadecimal digits."""
    return hashlib.sha256(shape.encode()).hexdigest()[:DIGITS]


def active_faults(example: CounterExample | None, faults: Iterable[Disturbance]) -> tuple[str, ...]:
    """The kinds of faults that were installed while the counter-example's operations were under way, sorted.
    Without a counter-example: all that were installed in the run.
    """
    begin, end = _span(example)
    kinds = set()
    for fault in faults:
        began = fault.begun_ns
        if fault.status != "installed" or began is None:
            continue
        ended = OPEN_NS if fault.ended_ns is None else fault.ended_ns
        if began <= end and ended >= begin:
            kinds.add(fault.kind)
    return tuple(sorted(kinds))


def _span(example: CounterExample | None) -> tuple[int, int]:
    if example is None or not example.ops:
        return 0, OPEN_NS
    calls = [op.call_ns for op in example.ops]
    returns = [op.return_ns for op in example.ops if op.return_ns is not None]
    return min(calls), max([*calls, *returns])


def _renamed(ops: Sequence[EvidenceOp]) -> list[list[Any]]:
    names = _Names()
    rows: list[list[Any]] = []
    for op in ops:
        before = sum(1 for other in ops if other.return_ns is not None and other.return_ns < op.call_ns)
        row = [names.of("process", op.process), op.f, names.of("key", op.key)]
        rows.append([*row, names.value(op.input), names.value(op.output), op.outcome, before])
    return rows


class _Names:
    """Numbers in order of first appearance, for each sort of thing."""

    def __init__(self) -> None:
        self._known: dict[str, dict[Any, int]] = {}

    def of(self, sort: str, thing: Any) -> int:
        """The number of `thing`; equal ones have one number, and 1 is not true."""
        known = self._known.setdefault(sort, {})
        return known.setdefault(identity(thing), len(known))

    def value(self, thing: Any) -> Any:
        """With every number and text in it renamed; what says nothing by itself (nil, true) stays."""
        if thing is None or isinstance(thing, bool):
            return thing
        if isinstance(thing, list | tuple):
            return [self.value(part) for part in thing]
        if isinstance(thing, dict):
            return {
                str(key): self.value(part) for key, part in sorted(thing.items(), key=lambda i: str(i[0]))
            }
        return f"v{self.of('value', thing)}"
