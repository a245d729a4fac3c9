"""One violation planted in a legal history, each with the reason why nothing can make it legal.

A planter gets the operations of a simulated history and gives them back with the violation, or None if it
found no place. "Before" and "after" are of real time: `a` is before `b` if it returned before `b` was
called.

Invariants: everything from the dice given; what is planted depends on operations that returned, and crashed
operations are reckoned with in every argument.
"""

from __future__ import annotations

import bisect
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from checkers.history import Op, Outcome
from tests.oracles.long import LETTERS, Recipe

Planter = Callable[[random.Random, Recipe, list[Op]], list[Op] | None]


def _with(ops: Sequence[Op], i: int, **changes: Any) -> list[Op]:
    return [*ops[:i], replace(ops[i], **changes), *ops[i + 1 :]]


def _returned(ops: Sequence[Op], *names: str) -> list[int]:
    """Positions of the operations of these names that returned."""
    return [i for i, op in enumerate(ops) if op.f in names and op.outcome == Outcome.OK]


def stale_read(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """A read of the reserved value, after a write of another one that is after everything called before the
    cut.

    Whatever wrote the reserved value returned, and was called before the cut, so it stands before that
    write; and the read stands behind it.
    """
    key = dice.choice(ops).key
    mine = [i for i in range(len(ops)) if ops[i].key == key]
    early = [ops[i].return_ns for i in mine if ops[i].call_ns < made.cut_ns and ops[i].outcome == Outcome.OK]
    settled = max(early, default=0)
    sets, gets = ("put", "get") if made.name == "key-value" else ("write", "read")
    writes = [
        i for i in mine if ops[i].f == sets and ops[i].outcome == Outcome.OK and ops[i].call_ns > settled
    ]
    if not writes or made.cut_ns > max(op.call_ns for op in ops):
        return None
    write = min(writes, key=lambda i: ops[i].return_ns)
    reads = [i for i in mine if ops[i].f == gets and ops[i].outcome == Outcome.OK]
    reads = [i for i in reads if ops[i].call_ns > ops[write].return_ns]
    stale: Any = LETTERS[made.reserved] if made.name == "key-value" else made.reserved
    return _with(ops, dice.choice(reads), output=stale) if reads else None


def overwritten(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """A read of a value that was written once, before another write that is before the read."""
    reads, writes = _returned(ops, "read"), _returned(ops, "write")
    by_return = sorted(writes, key=lambda i: ops[i].return_ns)
    returns = [ops[i].return_ns for i in by_return]
    for i in dice.sample(reads, len(reads)):
        ended = by_return[: bisect.bisect_left(returns, ops[i].call_ns)]
        same_key = [j for j in ended[-60:] if ops[j].key == ops[i].key]
        pairs = [a for a in same_key if any(ops[a].return_ns < ops[b].call_ns for b in same_key)]
        if pairs:
            return _with(ops, i, output=ops[dice.choice(pairs)].input)
    return None


def taken_twice(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """Two dequeues of a value that was enqueued once."""
    takes = [i for i in _returned(ops, "dequeue") if ops[i].output is not None]
    first = dice.choice(takes) if takes else None
    others = [i for i in takes if first is not None and i != first and ops[i].key == ops[first].key]
    return _with(ops, dice.choice(others), output=ops[first].output) if others and first is not None else None


def never_put_in(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """A dequeue of a value that nobody enqueued."""
    takes = _returned(ops, "dequeue")
    return _with(ops, dice.choice(takes), output=-7) if takes else None


def out_of_order(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """The answers of two dequeues exchanged: x was enqueued before y, and y is dequeued before x. Each
    once.
    """
    entered = {(ops[i].key, ops[i].input): ops[i] for i in _returned(ops, "enqueue")}
    takes = [i for i in _returned(ops, "dequeue") if (ops[i].key, ops[i].output) in entered]
    by_key = defaultdict(list)
    for i in sorted(takes, key=lambda i: ops[i].call_ns):
        by_key[ops[i].key].append(i)
    for _ in range(200):
        row = by_key[dice.choice(list(by_key))] if by_key else []
        if len(row) < 9:
            continue
        at = dice.randrange(len(row) - 8)
        i, j = row[at], row[at + dice.randint(1, 8)]
        x, y = entered[ops[i].key, ops[i].output], entered[ops[j].key, ops[j].output]
        if x.return_ns < y.call_ns and ops[i].return_ns < ops[j].call_ns:
            return _with(_with(ops, i, output=y.input), j, output=x.input)
    return None


def found_nothing(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """A dequeue that found nothing, after an enqueue whose value nobody takes, for no crashed dequeue is
    about.
    """
    if any(op.f == "dequeue" and op.outcome == Outcome.INFO for op in ops):
        return None
    taken = {(op.key, op.output) for op in ops if op.f == "dequeue"}
    kept = [i for i in _returned(ops, "enqueue") if (ops[i].key, ops[i].input) not in taken]
    takes = [i for i in _returned(ops, "dequeue") if ops[i].output is not None]
    for i in dice.sample(takes, len(takes)):
        # Its own value is then taken by nobody too; only more reason.
        if any(ops[j].key == ops[i].key and ops[j].return_ns < ops[i].call_ns for j in kept):
            return _with(ops, i, output=None)
    return None


def lost_member(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """A `contains` that misses a value that was added before it, while every removal of it is before that
    addition or after the `contains` (crashed removals are before nothing).
    """
    asks = _returned(ops, "contains")
    for i in dice.sample(asks, min(len(asks), 300)):
        ask = ops[i]
        same = [op for op in ops if op.key == ask.key and op.input == ask.input]
        adds = [
            op for op in same if op.f == "add" and op.outcome == Outcome.OK and op.return_ns < ask.call_ns
        ]
        drops = [op for op in same if op.f == "remove" and op.outcome != Outcome.FAIL]
        for add in adds[-3:]:
            if all(d.return_ns < add.call_ns or ask.return_ns < d.call_ns for d in drops):
                return _with(ops, i, output=False)
    return None


def miscounted(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """A read one above everything that may have been added by then, or one below what must have been."""
    reads = _returned(ops, "read")
    if not reads:
        return None
    i = dice.choice(reads)
    read = ops[i]
    adds = [op for op in ops if op.f == "add" and op.key == read.key and op.outcome != Outcome.FAIL]
    sure = sum(op.input for op in adds if op.return_ns < read.call_ns)
    maybe = [op.input for op in adds if op.return_ns >= read.call_ns and op.call_ns <= read.return_ns]
    if dice.random() < 0.5:
        return _with(ops, i, output=sure + sum(k for k in maybe if k > 0) + 1)
    return _with(ops, i, output=sure + sum(k for k in maybe if k < 0) - 1)


def two_holders(dice: random.Random, made: Recipe, ops: list[Op]) -> list[Op] | None:
    """A second acquire right after one, while no release is called between that one's call and the second's
    return, and none called before is still open then.
    """
    takes = _returned(ops, "acquire")
    for i in dice.sample(takes, min(len(takes), 300)):
        take = ops[i]
        when = take.return_ns + 1
        gives = [op for op in ops if op.f == "release" and op.key == take.key and op.outcome != Outcome.FAIL]
        if all(op.return_ns < take.call_ns or op.call_ns > when for op in gives):
            fresh = max(op.process for op in ops) + 1
            return [*ops, replace(take, process=fresh, call_ns=when, return_ns=when, given_up_ns=None)]
    return None


PLANTERS: dict[str, tuple[Planter, ...]] = {
    "register": (stale_read,),
    "cas": (stale_read,),
    "weak-cas": (stale_read,),
    "key-value": (stale_read,),
    "unique-register": (overwritten,),
    "unique-fifo-queue": (taken_twice, never_put_in, out_of_order, found_nothing),
    "unique-unordered-queue": (taken_twice, never_put_in, found_nothing),
    "fifo-queue": (never_put_in,),
    "unordered-queue": (never_put_in,),
    "set": (lost_member,),
    "counter": (miscounted,),
    "mutex": (two_holders,),
}
