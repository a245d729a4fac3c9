"""Histories of any specification: legal by construction, wild, and on the border between legal and not.

Invariants: everything from the dice given; `simulated` is legal; a FAIL operation never had an effect.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.identity import identity
from tests.oracles.shapes import Slot, plan
from tests.oracles.specs import Spec

Ops = list[Op]
Judge = Callable[[Ops], bool | None]


def simulated(dice: random.Random, spec: Spec, slots: list[Slot], keys: int = 1) -> Ops:
    """A legal history: each operation takes effect at its slot's point. An operation that is impossible
    there is asked again, and at last becomes a FAIL.
    """
    states: list[Any] = [spec.start] * keys
    ops = []
    points = [(dice.uniform(s.call, s.end + 5) if s.point is None else s.point, s.process, s) for s in slots]
    for _, _, slot in sorted(points, key=lambda entry: entry[:2]):
        key = dice.randrange(keys)
        for _ in range(4):
            f, given = spec.ask(dice, states[key])
            possible = spec.answers(states[key], f, given)
            if possible:
                break
        if slot.crashed:
            if slot.point is not None and possible:
                states[key] = dice.choice(possible)[1]
            ops.append(_op(slot, key, f, given, None, Outcome.INFO))
        elif possible:
            answer, states[key] = dice.choice(possible)
            ops.append(_op(slot, key, f, given, answer, Outcome.OK))
        else:
            ops.append(_op(slot, key, f, given, None, Outcome.FAIL))
    return ops


def _op(slot: Slot, key: int, f: str, given: Any, answer: Any, outcome: Outcome) -> Op:
    end = OPEN_NS if outcome == Outcome.INFO else slot.end
    return Op(0, slot.process, f, key, given, answer, outcome, slot.call, end)


def answer_of(dice: random.Random, spec: Spec, f: str, given: Any) -> Any:
    """An answer of some state; None if none of a few has any."""
    for _ in range(5):
        possible = spec.answers(spec.somewhere(dice), f, given)
        if possible:
            return dice.choice(possible)[0]
    return None


def wild(dice: random.Random, spec: Spec, slots: list[Slot], keys: int = 1) -> Ops:
    """Any answers; one operation in twelve is a FAIL."""
    ops = []
    for slot in slots:
        f, given = spec.ask(dice, spec.somewhere(dice))
        outcome = Outcome.INFO if slot.crashed else Outcome.FAIL if dice.random() < 1 / 12 else Outcome.OK
        answer = answer_of(dice, spec, f, given) if outcome == Outcome.OK else None
        ops.append(_op(slot, dice.randrange(keys), f, given, answer, outcome))
    return ops


def nudged(dice: random.Random, spec: Spec, ops: Ops) -> Ops:
    """One thing changed: an answer, an end of an interval, whether it crashed, or another question
    altogether.
    """
    if not ops:
        return ops
    i = dice.randrange(len(ops))
    op = ops[i]
    if op.outcome == Outcome.INFO:
        calls = [0, op.call_ns + 2, max(0, op.call_ns - 2)]
        end = op.call_ns + dice.randint(0, 12)
        answer = answer_of(dice, spec, op.f, op.input)
        returned = replace(op, outcome=Outcome.OK, output=answer, return_ns=end)
        new = returned if dice.random() < 0.3 else replace(op, call_ns=dice.choice(calls))
    else:
        new = _returned_nudged(dice, spec, op)
    return [*ops[:i], new, *ops[i + 1 :]]


def _returned_nudged(dice: random.Random, spec: Spec, op: Op) -> Op:
    way = dice.randrange(6)
    if way <= 1 and op.outcome == Outcome.OK:
        return replace(op, output=answer_of(dice, spec, op.f, op.input))
    if way == 2:
        return replace(op, call_ns=dice.randint(op.call_ns, op.return_ns))
    if way == 3:
        return replace(op, return_ns=dice.randint(op.call_ns, op.return_ns))
    if way == 4:
        f, given = spec.ask(dice, spec.somewhere(dice))
        answer = answer_of(dice, spec, f, given)
        return replace(op, f=f, input=given, output=answer, outcome=Outcome.OK)
    if dice.random() < 0.5:
        return replace(op, call_ns=max(0, op.call_ns - dice.randint(0, 9)))
    return replace(op, return_ns=op.return_ns + dice.randint(0, 9))


def border(dice: random.Random, spec: Spec, ops: Ops, judge: Judge, walk: int = 12) -> list[tuple[Ops, bool]]:
    """A walk of nudges from `ops`; gives both sides of each change of the verdict, or the last history."""
    before = judge(ops)
    if before is None:
        return []
    found: list[tuple[Ops, bool]] = []
    for _ in range(walk):
        moved = nudged(dice, spec, ops)
        after = judge(moved)
        if after is None:
            break
        if after != before:
            found += [(ops, before), (moved, after)]
        ops, before = moved, after
    return found or [(ops, before)]


def key_of(key: Any) -> Any:
    """A hashable stand-in for a key."""
    return identity(key)


def multiplied(dice: random.Random, ops: Ops, most: int = 40) -> Ops:
    """One to three operations turned into crowds of twins with the same interval, crashed ones by
    preference; these may be called at several times.
    """
    crashed = [i for i, op in enumerate(ops) if op.outcome == Outcome.INFO]
    found = list(ops)
    for _ in range(dice.randint(1, 3)):
        i = dice.choice(crashed) if crashed and dice.random() < 0.7 else dice.randrange(len(ops))
        twins = dice.choice([2, 5, most])
        spread = dice.choice([0, 0, 20]) if ops[i].outcome == Outcome.INFO else 0
        calls = [ops[i].call_ns + dice.randint(0, spread) for _ in range(twins)]
        found += [replace(ops[i], process=1_000 + len(found) + j, call_ns=c) for j, c in enumerate(calls)]
    return found


def history_of(ops: Ops) -> History:
    """The operations as a history, indices given anew."""
    return History.of(ops)


def some(dice: random.Random, spec: Spec, sizes: tuple[int, int], keys: int = 1, crowds: bool = True) -> Ops:
    """A history of some shape: legal, legal and nudged, or wild; with `crowds`, sometimes with crowds of
    twins.
    """
    slots = plan(dice, dice.randint(*sizes), dice.choice([0.0, 0.0, 0.1, 0.3, 0.6]))
    way = dice.random()
    if way < 0.15:
        return wild(dice, spec, slots, keys)
    ops = simulated(dice, spec, slots, keys)
    for _ in range(dice.choice([0, 1, 1, 2, 4])):
        ops = nudged(dice, spec, ops)
    return multiplied(dice, ops) if crowds and dice.random() < 0.15 else ops
