"""Small random histories of replicated objects.

    python -c "from tests.oracles.claims.histories import show; show('sets', 17)"

Invariants: a name and a seed give the same history everywhere; times tie often; updates may reach into the
quiet time, which begins at `QUIET_NS`; answers are plausible as often as not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from checkers.history import OPEN_NS, History, Op, Outcome

QUIET_NS = 20
NODES = ("n1", "n2", "n3", None)

Asks = Callable[[random.Random, bool], tuple[str, Any, Any]]  # (f, input, output), whether in the quiet time


class Maker:
    """Gathers operations: a process has one at a time and none after an INFO."""

    def __init__(self, dice: random.Random, first: int) -> None:
        self.dice = dice
        self.free_ns = dict.fromkeys(range(first, first + dice.randint(1, 3)), 0)
        self.ops: list[Op] = []

    def op(self, f: str, key: str, given: Any, answer: Any, outcome: Outcome, *, quiet: bool) -> None:
        """One operation of any process, in the quiet time or before it (a few reach into it)."""
        dice = self.dice
        process = dice.choice(list(self.free_ns))
        call = max(self.free_ns[process], QUIET_NS if quiet else 0) + dice.choice([0, 0, 1, 2])
        if not quiet and call > QUIET_NS and dice.random() < 0.9:
            return
        end = call + dice.choice([0, 1, 2, 4])
        if outcome == Outcome.INFO:
            given_up = None if dice.random() < 0.2 else end
            returns = OPEN_NS
            self.free_ns[process + 10] = self.free_ns.pop(process)
        else:
            given_up, returns = end, end
            self.free_ns[process] = end + dice.choice([0, 1])
        said = answer if outcome == Outcome.OK else None
        where = dice.choice(NODES)
        self.ops.append(
            Op(len(self.ops), process, f, key, given, said, outcome, call, returns, given_up, where)
        )


def outcome(dice: random.Random, sure: float = 0.7) -> Outcome:
    """OK with the chance `sure`, otherwise any."""
    return Outcome.OK if dice.random() < sure else dice.choice(list(Outcome))


def history(name: str, seed: int) -> History:
    """The history of a seed for the claim `name`."""
    dice = random.Random(f"{name} {seed}")
    ops: list[Op] = []
    for number, key in enumerate(("x", "y")[: dice.choice([1, 1, 2])]):
        make = Maker(dice, 1000 * number)
        KINDS[name](dice, make, key)
        ops += make.ops
    return History.of(ops)


def _reads(dice: random.Random, make: Maker, key: str, answers: Callable[[], Any]) -> None:
    """Reads in the quiet time, or none."""
    for _ in range(dice.choice([0, 1, 2, 2, 3])):
        make.op("read", key, None, answers(), outcome(dice, 0.85), quiet=True)


def _sets(dice: random.Random, make: Maker, key: str) -> None:
    members = [1, "1", True][: dice.choice([1, 2, 2, 3])]
    state: list[Any] = []
    for member in members:
        for _ in range(dice.choice([0, 1, 1, 1, 2])):
            make.op("add", key, member, None, outcome(dice), quiet=False)
            state.append(member)
            _read_some(dice, make, key, members, state)
        for _ in range(dice.choice([0, 0, 1, 1, 2])):
            make.op("remove", key, member, dice.random() < 0.8, outcome(dice), quiet=dice.random() < 0.1)
            state = [one for one in state if one is not member]
    _reads(dice, make, key, lambda: _some(dice, members, state))


def _read_some(dice: random.Random, make: Maker, key: str, members: list[Any], state: list[Any]) -> None:
    if dice.random() < 0.2:
        make.op("read", key, None, _some(dice, members, state), outcome(dice), quiet=False)


def _some(dice: random.Random, members: list[Any], state: list[Any]) -> list[Any]:
    """The state in any order, once in a while with one more or one less."""
    seen = [m for m in members if any(m is one for one in state)]
    dice.shuffle(seen)
    if dice.random() < 0.2:
        seen = [m for m in members if dice.random() < 0.5]
    if dice.random() < 0.04:
        seen.append(dice.choice([*members, 7]))
    return seen


def _registers(dice: random.Random, make: Maker, key: str) -> None:
    """Writes, deletes and reads of few values; deletes tell a value that was written."""
    values = [1, 2, 3]
    written: list[Any] = [None]
    for _ in range(dice.choice([1, 2, 3])):
        value = dice.choice(values) if dice.random() < 0.3 else values[len(written) % 3]
        if dice.random() < 0.25:
            answer = dice.random() < 0.7
            make.op("cas", key, [dice.choice(written), value], answer, outcome(dice), quiet=False)
        else:
            make.op("write", key, value, None, outcome(dice), quiet=False)
        written.append(value)
        if dice.random() < 0.6:
            make.op("delete", key, None, dice.choice(written), outcome(dice), quiet=dice.random() < 0.05)
    _reads(dice, make, key, lambda: dice.choice([None, *written]))


def _converging(dice: random.Random, make: Maker, key: str) -> None:
    """Any of the kinds, with answers that mostly agree."""
    kind = dice.choice(["register", "set", "counter", "files"])
    update = {"register": "write", "set": "add", "counter": "increment", "files": "append"}[kind]
    for _ in range(dice.choice([0, 1, 2])):
        make.op(update, key, 1, None, outcome(dice), quiet=dice.random() < 0.05)
    usual, odd = ([1, 2], [[2, 1], [1, 2], [2]]) if kind == "set" else (1, [1, True, 1.0, [1]])
    for _ in range(dice.choice([0, 1, 2, 3, 4])):
        answer = usual if dice.random() < 0.85 else dice.choice(odd)
        given = dice.choice(["p", "q"]) if kind == "files" else None
        make.op("read", key, given, answer, outcome(dice, 0.85), quiet=dice.random() < 0.9)


def _counters(dice: random.Random, make: Maker, key: str) -> None:
    total = 0
    for _ in range(dice.choice([0, 1, 2, 3, 4, 5])):
        delta = dice.choice([1, 1, 2, 3, -1, -2, 5, 0])
        ended = outcome(dice, 0.5)
        make.op("increment", key, delta, None, ended, quiet=dice.random() < 0.05)
        total += delta if ended == Outcome.OK or dice.random() < 0.5 else 0
        if dice.random() < 0.3:
            make.op("read", key, None, total + dice.choice([0, 0, 0, -3, 4]), outcome(dice), quiet=False)
    _reads(dice, make, key, lambda: total + dice.choice([0, 0, 0, 1, -1, 3]))


def _sessions(dice: random.Random, make: Maker, key: str) -> None:
    """Values that are mostly different; reads mostly of late ones."""
    written: list[Any] = [None]
    deletes = dice.random() < 0.25
    for _ in range(dice.choice([2, 4, 6, 8])):
        late = written[-1] if dice.random() < 0.6 else dice.choice(written)
        roll = dice.random()
        if roll < 0.3 and len(written) < 5:
            value = dice.choice(written) if dice.random() < 0.03 else len(written)
            make.op("write", key, value, None, outcome(dice, 0.85), quiet=False)
            written.append(value)
        elif roll < 0.4 and len(written) < 5:
            make.op("cas", key, [late, len(written)], dice.random() < 0.8, outcome(dice), quiet=False)
            written.append(len(written))
        elif roll < 0.5 and deletes:
            make.op("delete", key, None, late, outcome(dice, 0.85), quiet=False)
        else:
            make.op("read", key, None, 99 if dice.random() < 0.02 else late, outcome(dice, 0.9), quiet=False)


KINDS: dict[str, Callable[[random.Random, Maker, str], None]] = {
    "sets": _sets,
    "deletions": _registers,
    "convergence": _converging,
    "counters": _counters,
    "sessions": _sessions,
}


def show(name: str, seed: int) -> None:
    """Print the history of a seed."""
    print(told(history(name, seed)))


def told(seen: History) -> str:
    """A history as lines."""
    return "\n".join(
        f"{op.index:>3} p{op.process} {op.node} {op.f} {op.key} {op.input!r} -> {op.output!r}"
        f" {op.outcome.name} called {op.call_ns}, ended {op.given_up_ns}"
        for op in seen
    )
