"""Operations that provably change no verdict, added in great number: they keep the window open and the
crowd large.

Why they change nothing:

- Observers. Dropping an observer (an operation that leaves every state as it is) from a legal order leaves
  a legal order, so an illegal history stays illegal. An observer that asks and answers the same as one that
  returned, in an interval that holds the other's, can stand right beside it, so a legal history stays legal.
  A crashed observer need not be placed.
- Strangers (registers). Writes of values that the history never names, and compare-and-sets and reads that
  go on from there, all of them returning after everything else: they can stand at the end, so a legal
  history stays legal. Take them out of a legal order: what followed a stranger among the others was a write
  or, if there are any, an operation that only wants the value not to be something; without such operations,
  an illegal history stays illegal.

Invariants: everything from the dice given; the specification is asked which operations only read.
"""

from __future__ import annotations

import random
from dataclasses import replace

from checkers.history import OPEN_NS, Op, Outcome
from tests.oracles.specs import Cas, Register, Spec

FIRST = 10_000  # process of the first operation added
FRESH = 1_000  # the first value that no history names


def padded(dice: random.Random, spec: Spec, ops: list[Op], legal: bool, most: int = 90) -> list[Op]:
    """`ops`, whose verdict is `legal`, and up to `most` operations of each sort that do not change it."""
    horizon = 2 + max((op.return_ns for op in ops if op.return_ns < OPEN_NS), default=0)
    added = observers(dice, spec, ops, horizon, dice.choice([1, 10, most]))
    if isinstance(spec, Register) and (legal or not any(op.output is False for op in ops)) and ops:
        added += strangers(dice, spec, ops, horizon, dice.choice([0, 1, 3, 10, most]))
    return [*ops, *(replace(op, process=FIRST + i) for i, op in enumerate(added))]


def observers(dice: random.Random, spec: Spec, ops: list[Op], horizon: int, count: int) -> list[Op]:
    """Twins of observers, most of them open from beginning to end; crashed observers; operations that
    failed.
    """
    seen = [op for op in ops if op.outcome == Outcome.OK and spec.only_reads(op.f, op.input, op.output)]
    added = []
    for _ in range(count if seen else 0):
        twin = dice.choice(seen)
        call, end = 0, horizon
        if dice.random() < 0.2:
            call, end = dice.randint(0, twin.call_ns), dice.randint(twin.return_ns, horizon)
        way = dice.random()
        if way < 0.8:
            added.append(replace(twin, call_ns=call, return_ns=end))
        elif way < 0.9:
            added.append(replace(twin, output=None, outcome=Outcome.FAIL, call_ns=call, return_ns=end))
        elif spec.only_reads(twin.f, twin.input, None):
            added.append(replace(twin, output=None, outcome=Outcome.INFO, call_ns=call, return_ns=OPEN_NS))
    return added


def strangers(dice: random.Random, spec: Register, ops: list[Op], horizon: int, count: int) -> list[Op]:
    """Operations on values that nobody else names, simulated as a tail of the history; some crashed."""
    added = []
    values = dice.choice([1, 2, 40])
    key = dice.choice(ops).key
    state = None
    for _ in range(count):
        kinds = (
            ["write"]
            if state is None
            else ["write", "write", "read", *(["cas"] if isinstance(spec, Cas) else [])]
        )
        f, fresh = dice.choice(kinds), FRESH + dice.randrange(values)
        given = {"write": fresh, "cas": [state, fresh], "read": None}[f]
        answer = {"write": None, "cas": True, "read": state}[f]
        state = state if f == "read" else fresh
        call, end = dice.randint(0, horizon), horizon + dice.randint(1, 3)
        if f == "write" and dice.random() < 0.2:
            # Nobody knows whether it happened; it did, if the next one needs it.
            added.append(Op(0, 0, f, key, given, None, Outcome.INFO, call, OPEN_NS))
        else:
            added.append(Op(0, 0, f, key, given, answer, Outcome.OK, call, end))
    return added
