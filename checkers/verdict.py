"""Three verdicts, and which is worse.

`algorithm` names what decided (empty where there is only one way), e.g. "dfs", "bfs", "zones", joined by "+"
where keys were decided differently.

Invariants: a verdict is data (msgspec, JSON both ways) and holds all that a report draws; Unknown is never
shown as Valid; `worst` is associative and commutative in what it ranks: Invalid > Unknown > Valid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec


class EvidenceOp(msgspec.Struct, frozen=True):
    """One operation of a counter-example. `index` is its row in the history; `return_ns` is None while it
    stayed open (INFO).

    `text` is how the model writes it, e.g. "read → 4", "write 7", "cas 1→2 → false".
    """

    index: int
    process: int
    f: str
    key: Any
    input: Any
    output: Any
    outcome: str
    call_ns: int
    return_ns: int | None
    node: str | None
    error: str | None
    text: str


class PlacedStep(msgspec.Struct, frozen=True):
    """The operation `index` placed next in the longest legal order; `state` is the state after it, in the
    model's words.
    """

    index: int
    state: str


class StuckOp(msgspec.Struct, frozen=True):
    """The operation `index` cannot be placed after the longest legal order; `why` in words (e.g. "reads 4,
    but the state is 7").
    """

    index: int
    why: str


class CounterExample(msgspec.Struct, frozen=True):
    """A minimal set of operations that contradict each other, whatever the operations left out did.

    ops: in order of call. initial: the model's initial state in words. order: the longest legal order of
    these operations. stuck: those that cannot follow. `left_out`: how many operations of the same key were
    removed to get here.
    """

    key: Any
    model: str
    initial: str
    ops: tuple[EvidenceOp, ...]
    order: tuple[PlacedStep, ...]
    stuck: tuple[StuckOp, ...]
    left_out: int = 0


class Valid(msgspec.Struct, frozen=True, tag="valid", tag_field="verdict"):
    """The promise holds. `witness`: per key an order of row indices that the model accepts (empty where none
    applies).
    """

    checked: int
    witness: tuple[tuple[Any, tuple[int, ...]], ...] = ()
    notes: tuple[str, ...] = ()
    algorithm: str = ""


class Invalid(msgspec.Struct, frozen=True, tag="invalid", tag_field="verdict"):
    """The promise is broken. `sentence` names the operations that contradict each other, in words; `anomaly`
    is the name of what they are, which `checkers.anomalies` explains (empty in older files).
    """

    checked: int
    sentence: str
    counter_example: CounterExample | None = None
    bad_keys: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    algorithm: str = ""
    anomaly: str = ""


class Unknown(msgspec.Struct, frozen=True, tag="unknown", tag_field="verdict"):
    """Not decided, for `reason` (a limit reached, a crashed checker, too little to judge)."""

    reason: str
    checked: int = 0
    notes: tuple[str, ...] = ()
    algorithm: str = ""


Verdict = Valid | Invalid | Unknown

_RANK: dict[type, int] = {Valid: 0, Unknown: 1, Invalid: 2}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of the verdicts, the first one among equals; Unknown for none (nothing judged is never
    fine).
    """
    return max(verdicts, key=lambda v: _RANK[type(v)], default=Unknown("nothing was judged"))


def word(verdict: Verdict) -> str:
    """ "valid", "invalid" or "unknown"."""
    return type(verdict).__name__.lower()
