"""Long histories out of nasty small ones, with an exact verdict.

Blocks that the exact search has judged stand one behind the other, with a moment between any two in which
one reset runs alone and puts the object back to its start. If all blocks are legal, so is the chain: put
their orders in a row. If one is not, and nothing crashed anywhere, the chain is not: a legal order of the
chain holds one of that block, from the start state on. Over the chain lie operations that change no verdict
(`padding`), so that it does not fall apart.

Invariants: everything from the dice given; the verdict needs no search over the chain.
"""

from __future__ import annotations

import random
from dataclasses import replace

from checkers.history import OPEN_NS, Op, Outcome
from tests.oracles import exact, midsize, padding
from tests.oracles.specs import Cas, Guards, Register, Spec, Text, WeakCas

RESETS = {Register: ("write", None), Cas: ("write", None), WeakCas: ("write", None), Text: ("put", "")}
KINDS: tuple[type[Spec], ...] = (Register, Cas, Cas, WeakCas, Text, Guards, Guards)


def with_reset(spec: Spec) -> tuple[str, object]:
    """The question that resets the object; a table of guards gets one more rule for it."""
    if isinstance(spec, Guards):
        spec.rules["reset"] = (None, None, 0)
        return ("reset", None)
    return RESETS[type(spec)]


def pool(
    dice: random.Random, spec: Spec, legal: bool, crashes: bool, count: int, tries: int
) -> list[midsize.Ops]:
    """Up to `count` blocks with this verdict, most of them from the border."""
    found: list[midsize.Ops] = []
    for _ in range(tries):
        ops = midsize.some(dice, spec, (3, 14), crowds=False)
        if not crashes:
            ops = [op for op in ops if op.outcome != Outcome.INFO]
        sides = midsize.border(dice, spec, ops, lambda ops: exact.legal(ops, spec, 2_000), walk=8)
        found += [block for block, verdict in sides if verdict == legal and block]
        if len(found) >= count:
            break
    return found


def chained(blocks: list[midsize.Ops], reset: tuple[str, object]) -> midsize.Ops:
    """The blocks in a row, each operation a process of its own, a reset alone between any two."""
    ops: midsize.Ops = []
    now = 0
    for block in blocks:
        moved = [replace(op, call_ns=op.call_ns + now, return_ns=_later(op.return_ns, now)) for op in block]
        now = 1 + max(t for op in moved for t in (op.call_ns, op.return_ns) if t < OPEN_NS)
        alone = Op(0, 0, reset[0], block[0].key, reset[1], None, Outcome.OK, now, now + 1)
        ops += [*moved, alone]
        now += 2
    return [replace(op, process=i) for i, op in enumerate(ops)]


def _later(time: int, by: int) -> int:
    return time if time == OPEN_NS else time + by


def chain(dice: random.Random, length: int) -> tuple[midsize.Ops, bool, Spec] | None:
    """A chain of `length` blocks with its verdict; None if the dice gave no fitting blocks."""
    spec = dice.choice(KINDS)(dice, dice.choice([2, 3]))
    reset = with_reset(spec)
    legal = dice.random() < 0.5
    crashes = legal and dice.random() < 0.5
    good = pool(dice, spec, True, crashes, 30, 60)
    bad = [] if legal else pool(dice, spec, False, False, 1, 60)
    if not good or not (legal or bad):
        return None
    row = [dice.choice(good) for _ in range(length)]
    if bad:
        row[dice.randrange(length)] = bad[0]
    if crashes:  # a few of them: each stays open to the end
        kept = set(dice.sample(range(length), min(length, 4)))
        row = [b if i in kept else [op for op in b if op.outcome != Outcome.INFO] for i, b in enumerate(row)]
        row = [b for b in row if exact.legal(b, spec, 2_000)]
    ops = chained([b for b in row if b], reset)
    over = padding.padded(dice, spec, ops, legal, most=dice.choice([0, 3, 30])) if ops else ops
    return over, legal, spec
