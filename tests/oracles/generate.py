"""Random histories from a seed: wild ones (any answers), and legal ones (answers of a register simulated at
random moments).
"""

from __future__ import annotations

import random
from dataclasses import replace

from checkers.history import OPEN_NS, History, Op, Outcome


def simulated(
    dice: random.Random,
    count: int,
    *,
    clients: int = 3,
    values: int = 3,
    cas: bool = True,
    crash: float = 0.1,
    unique: bool = False,
    gap: int = 4,
    weak_cas: bool = False,
) -> History:
    """A legal history: each operation takes effect at a moment drawn between its call and its return.

    unique: every write has a value of its own. weak_cas: a cas may answer False although the value matched.
    A crashed operation took effect after its call, before its would-be return, or never.
    """
    free = [(0, p) for p in range(clients)]
    plans = []
    next_process = clients
    for number in range(count):
        free.sort()
        ready, process = free.pop(0)
        call = ready + dice.randint(0, gap)
        end = call + dice.randint(0, 2 * gap)
        crashed = dice.random() < crash
        f = dice.choice(["read", "write", "cas"] if cas else ["read", "write"])
        plans.append((dice.uniform(call, end), number, process, f, call, end, crashed))
        if crashed:
            process, next_process = next_process, next_process + 1
        free.append((end, process))
    value: int | None = None
    ops = []
    for _, number, process, f, call, end, crashed in sorted(plans):
        new = 100 + number if unique else dice.randrange(values)
        happens = not crashed or dice.random() < 0.5
        given: object = None
        output: object = None
        after = value
        if f == "write":
            given, after = new, new
        elif f == "cas":
            old = value if dice.random() < 0.5 else dice.randrange(values)
            given, output = [old, new], old == value and not (weak_cas and dice.random() < 0.3)
            after = new if output else value
        else:
            output = value
        value = after if happens else value
        if crashed:
            ops.append(Op(0, process, f, None, given, None, Outcome.INFO, call, OPEN_NS, end))
        else:
            ops.append(Op(0, process, f, None, given, output, Outcome.OK, call, end))
    return History.of(ops)


def mutated(dice: random.Random, history: History, values: int = 3) -> History:
    """One answer changed: it may be illegal now."""
    ops = list(history)
    spots = [i for i, op in enumerate(ops) if op.outcome == Outcome.OK and op.f in ("read", "cas")]
    if spots:
        i = dice.choice(spots)
        answer: object = not ops[i].output
        if ops[i].f == "read":
            written = [op.input for op in ops if op.f == "write"] or list(range(values))
            answer = dice.choice([None, *written])
        ops[i] = replace(ops[i], output=answer)
    return History.of(ops)


def wild(dice: random.Random, *, cas: bool, most: int = 6) -> History:
    """A small history with arbitrary answers."""
    ops = []
    for process in range(dice.randint(1, most)):
        call = dice.randint(0, 8)
        end = call + dice.randint(0, 5)
        f = dice.choice(["read", "write", "cas"] if cas else ["read", "write"])
        new = dice.randrange(3)
        given = {"read": None, "write": new, "cas": [dice.choice([None, 0, 1, 2]), new]}[f]
        output = {"read": dice.choice([None, 0, 1, 2]), "write": None, "cas": dice.random() < 0.5}[f]
        outcome = dice.choices([Outcome.OK, Outcome.INFO, Outcome.FAIL], [8, 2, 1])[0]
        back = OPEN_NS if outcome == Outcome.INFO else end
        answer = output if outcome == Outcome.OK else None
        ops.append(Op(0, process, f, None, given, answer, outcome, call, back))
    return History.of(ops)
