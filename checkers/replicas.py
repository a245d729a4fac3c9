"""What the claims about replicated objects share: what kind of object a key is, which reads are final, and
what had ended before them.

`quiet_ns` is the time from which a run is quiet: the last fault is healed, the last update has ended, and
the nodes had time to tell each other everything. Reads called at or after it are the final reads; only those
that succeeded tell anything.

Invariants: pure; every function looks at columns, or at each operation once; what has the wrong form is a
ValueError that names the operation, never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checkers.history import History, Op, Outcome
from checkers.lincheck.models.values import listed, words

Kind = Literal["register", "set", "counter", "files"]
Bools = NDArray[np.bool_]

READS = frozenset({"read", "list"})
OPERATIONS: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        "register": frozenset({"read", "write", "cas", "delete"}),
        "set": frozenset({"read", "add", "remove"}),
        "counter": frozenset({"read", "increment"}),
        "files": frozenset({"read", "write", "append", "rename", "remove", "list"}),
    }
)


def kinds_of(history: History) -> dict[int, Kind | None]:
    """What each key is, by its code: the first kind that has all operations asked of it; None if it was only
    read. Raises ValueError if no kind has them all.
    """
    asked: dict[int, set[str]] = {}
    names = history.f_names
    for pair in np.unique(history.key * len(names) + history.f).tolist():
        key, f = divmod(pair, len(names))
        asked.setdefault(key, set()).add(names[f])
    return {key: _kind(history.keys[key], functions) for key, functions in asked.items()}


def _kind(key: Any, functions: set[str]) -> Kind | None:
    if functions <= READS:
        return None
    found = next((kind for kind, known in OPERATIONS.items() if functions <= known), None)
    if found is None:
        told = "; ".join(f"a {kind} has {', '.join(sorted(known))}" for kind, known in OPERATIONS.items())
        asked = ", ".join(sorted(functions))
        raise ValueError(f"key {words(key)} has operations of no one kind of object: {asked} ({told})")
    return found


def of_kind(history: History, kind: Kind) -> Iterator[History]:
    """The operations of each key of this kind, keys in order of first appearance."""
    kinds = kinds_of(history)
    for part in history.split_by_key().values():
        if kinds[int(part.key[0])] == kind:
            yield part


def is_read(history: History) -> Bools:
    """Per operation: does it only read?"""
    reading = np.array([name in READS for name in history.f_names], dtype=np.bool_)
    return np.asarray(reading[history.f], dtype=np.bool_)


def final_reads(history: History, quiet_ns: int) -> Bools:
    """Per operation: is it a final read that succeeded?"""
    succeeded = history.outcome == int(Outcome.OK)
    return np.asarray(is_read(history) & succeeded & (history.call_ns >= quiet_ns), dtype=np.bool_)


def updates(history: History) -> Bools:
    """Per operation: is it an update that happened or may have?"""
    return np.asarray(~is_read(history) & (history.outcome != int(Outcome.FAIL)), dtype=np.bool_)


def settled(history: History, quiet_ns: int) -> Bools:
    """Per operation: did its client see it end, or give it up, before the quiet time?"""
    ended = history.given_up_ns  # of one that returned, its return
    return np.asarray((ended >= 0) & (ended <= quiet_ns), dtype=np.bool_)


def acknowledged(op: Op, quiet_ns: int) -> bool:
    """Whether it succeeded before the quiet time."""
    return op.outcome == Outcome.OK and op.return_ns <= quiet_ns


def written(f: str, input: Any, output: Any, outcome: int) -> tuple[Any, ...]:
    """The value that an operation of a register has written or may have; nothing if it writes none. Raises
    ValueError for a cas whose input is no pair.
    """
    if outcome == Outcome.FAIL or f not in ("write", "cas"):
        return ()
    if f == "write":
        return (input,)
    if not isinstance(input, list | tuple) or len(input) != 2:
        raise ValueError(f"the input of a cas is a pair [old, new], not {input!r:.60}")
    return (input[1],) if outcome == Outcome.INFO or output is True else ()


def elements(op: Op) -> list[Any]:
    """What a read of a set gave. Raises ValueError if that is no list."""
    if not isinstance(op.output, list | tuple):
        raise ValueError(f"operation {op.index}: a read of a set gives a list, not {op.output!r:.60}")
    return list(op.output)


def who(op: Op) -> str:
    """Who answered, in a sentence."""
    return op.node if op.node is not None else "an unknown node"


def clause(op: Op) -> str:
    """An operation in a sentence, e.g. "(operation 17 of process 3 at n2)"."""
    where = f" at {op.node}" if op.node is not None else ""
    return f"(operation {op.index} of process {op.process}{where})"


def some(values: Iterable[Any]) -> str:
    """The first values in words, and how many more there are."""
    told = [words(value) for value in values]
    return listed(told, len(told))
