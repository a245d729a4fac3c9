"""Which partitions are legal: asks `checkers.lincheck.check`, and tells it as much about the operations as is
known.

Operations that only read spare a search most of its branching. Where the reachable states are few, it is
known which do (`closure`). Where they are not, it is presumed from what they did in some states
(`presuming`). What comes of a presumption is not believed but checked: an order is
replayed step by step, and whatever has no such order is judged again without it.

Invariants: no verdict rests on a presumption.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field

import numpy as np

from checkers.history import History
from checkers.lincheck.check import check
from checkers.lincheck.limits import Limits
from checkers.lincheck.model import ANY
from checkers.lincheck.porcupine.closure import Closure
from checkers.lincheck.porcupine.presuming import presume
from checkers.lincheck.porcupine.reading import Read
from checkers.lincheck.porcupine.spec import Refuted, Spec
from checkers.lincheck.replay import fault_of
from checkers.verdict import Invalid, Unknown, Valid, Verdict

MOST_REFUTED = 8  # presumptions given up one by one before all are


@dataclass(slots=True)
class Decision:
    """By number of the partition: the illegal ones, and orders (as rows of the history) of legal ones.
    reason: why others are undecided, empty if none is. What is neither illegal nor has an order is undecided,
    or was not asked for.
    """

    illegal: set[int] = field(default_factory=set)
    orders: dict[int, tuple[int, ...]] = field(default_factory=dict)
    reason: str = ""
    reads_only: list[bool] = field(default_factory=list)


def decide(given: Read, timeout_s: float, *, everything: bool) -> Decision:
    """everything: look at every partition, also after an illegal one. Raises ModelError, and ValueError for a
    timeout that is none.
    """
    if math.isnan(timeout_s) or timeout_s < 0:
        raise ValueError(f"a timeout is a number of seconds, 0 for none, not {timeout_s!r}")
    moves, history = given.moves, given.history
    closure = Closure(moves, max_steps=max(1_000, 2 * len(history)))
    known = Spec(moves, closure.reads_only, closure.guards)
    limits = Limits(time_s=timeout_s or None)
    if not len(history) or closure.known:
        found = _settle(history, known, limits, everything=everything)
        found.reads_only = closure.reads_only
        return found
    limits = Limits(time_s=timeout_s / 3 or None)
    presumed, flags = _presumed(given, closure, known, limits)
    rest = history.where(~np.isin(history.key, _codes(history, set(presumed))))
    found = _settle(rest, known, limits, everything=everything)
    found.orders |= presumed
    found.reads_only = flags
    return found


def _settle(history: History, spec: Spec, limits: Limits, *, everything: bool) -> Decision:
    """The verdict in parts. An Invalid says nothing of the other partitions: those are asked for once
    more.
    """
    verdict = _ask(history, spec, limits, everything=everything)
    found = Decision()
    if isinstance(verdict, Invalid):
        found.illegal = set(verdict.bad_keys)
        rest = history.where(~np.isin(history.key, _codes(history, found.illegal)))
        if not everything or not len(rest):
            return found
        verdict = _ask(rest, spec, limits, everything=True)
    if isinstance(verdict, Valid):
        found.orders = dict(verdict.witness)
    elif isinstance(verdict, Unknown):
        found.reason = verdict.reason
    return found


def _ask(history: History, spec: Spec, limits: Limits, *, everything: bool) -> Verdict:
    if not len(history):
        return Valid(0)
    return check(history, spec, limits=limits, explain=False, everything=everything, witness=True)


def _codes(history: History, partitions: set[int]) -> list[int]:
    return [code for code, key in enumerate(history.keys) if key in partitions]


def _presumed(
    given: Read, closure: Closure, known: Spec, limits: Limits
) -> tuple[dict[int, tuple[int, ...]], list[bool]]:
    """Orders that were found with presumptions and hold without them, and which operations are presumed to
    only read.

    First with guards, if all operations seem to have one; what that leaves open, with presumed reads only.
    """
    seen = presume(given)
    orders: dict[int, tuple[int, ...]] = {}
    if seen.guards:
        reads = [guard is not None and guard.assign is ANY for guard in seen.guards]
        with contextlib.suppress(Refuted):
            orders = _believed(given, given.history, Spec(given.moves, reads, seen.guards), known, limits)
    for _ in range(MOST_REFUTED):
        promised = closure.reads_only
        flags = [
            promised[n] or not seen.changing.get(kind, True) for n, kind in enumerate(given.moves.inputs)
        ]
        rest = given.history.where(~np.isin(given.history.key, _codes(given.history, set(orders))))
        if flags == promised or not len(rest):
            return orders, flags
        try:
            return orders | _believed(
                given, rest, Spec(given.moves, flags, closure.guards), known, limits
            ), flags
        except Refuted as refuted:
            seen.changing[refuted.args[0]] = True
    return orders, closure.reads_only


def _believed(
    given: Read, history: History, presumed: Spec, known: Spec, limits: Limits
) -> dict[int, tuple[int, ...]]:
    """The orders found with what is presumed that a replay with what is known confirms. Raises Refuted."""
    found = _settle(history, presumed, limits, everything=True)
    parts = given.history.split_by_key()
    return {p: order for p, order in found.orders.items() if fault_of(order, parts[p], known) is None}
