"""Legal histories of a compare-and-set register in which a write that nobody reads hides a value that a later
compare-and-set must not see.

Everything before that last operation overlaps, so the order is the search's to find, and few orders
are legal: random histories seldom are like that, but one run of a register in some thousands is.

Invariants: an order is known beforehand, so a verdict other than Valid is wrong; a seed gives the same
history everywhere.
"""

from __future__ import annotations

import random

from checkers.history import Op, Outcome
from tests.oracles.midsize import Ops

STEP = 10  # of time between two operations in the known order


def hiding(seed: int) -> Ops:
    """Four to eight operations: writes and compare-and-sets, a write, some that fail."""
    dice = random.Random(f"hiding {seed}")
    fails = dice.choice([1, 1, 2])
    changes = dice.choice([2, 2, 3, 4, 5])
    state, values, rows = 0, [0], list[tuple[str, object, object]]()
    for i in range(changes + 1):
        value = i + 1 if dice.random() < 0.8 else dice.choice(values)
        if i in (0, changes) or dice.random() < 0.3:
            rows.append(("write", value, None))
        else:
            rows.append(("cas", [state, value], True))
        state = value
        values.append(value)
    others = [value for value in values if value != state] or [99]
    rows += [("cas", [dice.choice(others[-2:]), 50 + i], False) for i in range(fails)]
    ops = []
    for i, (f, given, output) in enumerate(rows):
        point, reach = STEP * i, STEP * changes * dice.choice([1, 2])
        call = point - dice.randrange(reach) if i <= changes else STEP * (changes + 1) + 2 * i
        end = min(point + 1 + dice.randrange(reach), STEP * (changes + 1)) if i <= changes else call + 1
        ops.append(Op(i, i, f, 0, given, output, Outcome.OK, call + 1000, end + 1000, end + 1000, "n1", None))
    return sorted(ops, key=lambda op: (op.call_ns, op.index))
