"""Histories of a compare-and-set register made by hand, for what random ones meet too seldom.

Times are call and return; None stands for an operation that never returned.

Invariants: `orders` says which are legal.
"""

from __future__ import annotations

import random

from checkers.history import OPEN_NS, Op, Outcome
from checkers.lincheck import CasRegister
from tests.oracles import orders
from tests.oracles.attack import Case
from tests.oracles.specs import BY_NAME

Row = tuple[str, object, object, int, int | None]

CRAFTED: dict[str, tuple[Row, ...]] = {
    # Before write 3 stand write 1 and, behind it, a compare-and-set that returns later.
    "chain-before-x": (
        ("write", 3, None, 0, 2),
        ("write", 1, None, 0, 5),
        ("cas", [1, 2], True, 0, 10),
        ("read", None, 3, 11, 12),
    ),
    # Nobody reads 2, but 1 must be gone.
    "write-that-hides": (
        ("write", 1, None, 0, 5),
        ("write", 2, None, 0, 10),
        ("cas", [1, 3], False, 11, 12),
        ("read", None, None, 0, 3),
    ),
    # Nobody reads 3, but 2 must be gone, which is not there yet when write 3 returns.
    "write-that-hides-a-chain": (
        ("write", 1, None, 0, 3),
        ("cas", [1, 2], True, 1, 8),
        ("write", 3, None, 1, 6),
        ("cas", [2, 4], False, 9, 10),
    ),
    # Write 3 goes before X, whether X left 1 or 2.
    "two-states-behind-x": (
        ("write", 1, None, 0, 5),
        ("write", 2, None, 0, 6),
        ("write", 3, None, 0, 7),
        ("read", None, 2, 8, 9),
        ("write", 1, None, 10, 11),
        ("read", None, 1, 12, 13),
    ),
    "two-states-behind-x-turned": (
        ("write", 1, None, 0, 5),
        ("write", 2, None, 0, 6),
        ("write", 3, None, 0, 7),
        ("read", None, 1, 8, 9),
        ("write", 2, None, 10, 11),
        ("read", None, 2, 12, 13),
    ),
    # One crashed write cannot give 1 twice.
    "crashed-once": (
        ("write", 1, None, 0, None),
        ("read", None, 1, 1, 2),
        ("write", 2, None, 3, 4),
        ("read", None, 2, 5, 6),
        ("read", None, 1, 7, 8),
    ),
    # Called after X returned, write 1 cannot go before it.
    "reset-called-late": (
        ("write", 2, None, 0, 1),
        ("write", 1, None, 2, 5),
        ("read", None, 2, 6, 7),
    ),
    # Of two equal compare-and-sets the one that returns later may go before write 3, the other may not.
    "twins-on-both-sides": (
        ("write", 3, None, 0, 2),
        ("write", 1, None, 0, 6),
        ("read", None, 2, 0, 7),
        ("cas", [1, 2], True, 3, 20),
        ("cas", [1, 2], True, 0, 30),
        ("read", None, 3, 8, 9),
        ("write", 1, None, 10, 12),
    ),
    # The second write 1, taken for X, lets write 2 go before it.
    "rewritten-later": (
        ("write", 1, None, 0, 2),
        ("write", 1, None, 0, 8),
        ("write", 2, None, 3, 10),
        ("read", None, 1, 11, 12),
    ),
}


def case(name: str) -> Case:
    """The history of this name with its verdict."""
    ops = [
        Op(i, i, f, 0, given, output, Outcome.OK, call, end)
        if end is not None
        else Op(i, i, f, 0, given, None, Outcome.INFO, call, OPEN_NS)
        for i, (f, given, output, call, end) in enumerate(CRAFTED[name])
    ]
    spec = BY_NAME["cas"](random.Random(name), 3)
    return Case(ops, orders.by_orders(ops, spec), spec, CasRegister(failed_cas="observation"), "crafted")
