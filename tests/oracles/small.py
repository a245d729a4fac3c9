"""Histories of one to seven operations, up to three of them crashed, against `orders.by_orders`.

    python -c "from tests.oracles.small import replay; replay('cas', 17)"

Invariants: a name and a seed give the same history everywhere; about half of them are legal.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from checkers.history import Outcome
from tests.oracles import midsize, orders
from tests.oracles.adapters import model_of
from tests.oracles.attack import Case, Check, problem_of, shrunk, told
from tests.oracles.shapes import plan
from tests.oracles.specs import BY_NAME, Spec

MOST_CRASHED = 3


def case(name: str, seed: int) -> Case:
    """The history of a seed with its true verdict."""
    return case_of(BY_NAME[name], f"small {name} {seed}")


def case_of(kind: Callable[[random.Random, int], Spec], label: str) -> Case:
    """The same of any specification; `label` seeds the dice."""
    dice = random.Random(label)
    spec = kind(dice, dice.choice([1, 2, 2, 3, 3, 4]))
    model = model_of(spec, dice)
    keys = dice.choice([1, 1, 1, 2])
    want = dice.random() < 0.5
    for _ in range(8):  # illegal ones are rare for some objects and legal ones for others
        ops = _any(dice, spec, keys)
        legal = orders.by_orders(ops, spec)
        if legal == want:
            break
    return Case(ops, legal, spec, model, "small")


def _any(dice: random.Random, spec: Spec, keys: int) -> midsize.Ops:
    slots = plan(dice, dice.randint(1, 7), dice.choice([0.0, 0.2, 0.4]))
    if dice.random() < 0.4:
        ops = midsize.wild(dice, spec, slots, keys)
    else:
        ops = midsize.simulated(dice, spec, slots, keys)
        for _ in range(dice.choice([0, 1, 1, 2, 3])):
            ops = midsize.nudged(dice, spec, ops)
    crashed = [i for i, op in enumerate(ops) if op.outcome == Outcome.INFO]
    surplus = set(crashed[MOST_CRASHED:])
    return [op for i, op in enumerate(ops) if i not in surplus]


def disagreements(
    name: str, seeds: Iterable[int], checks: Mapping[str, Check], counts: Counter[str], stop: int = 3
) -> list[str]:
    """What the checks say wrongly about the histories of `seeds`, at most `stop` texts; counts what was
    met.
    """
    problems: list[str] = []
    for seed in seeds:
        one = case(name, seed)
        _count(counts, one)
        for algorithm, check in checks.items():
            problem = problem_of(check, one)
            if problem is not None:
                problems.append(f"{algorithm}: {told(shrunk(check, one), problem, (name, seed))}")
        if len(problems) >= stop:
            break
    return problems


def _count(counts: Counter[str], one: Case) -> None:
    times = [t for op in one.ops for t in (op.call_ns, op.return_ns)]
    counts["legal" if one.legal else "illegal"] += 1
    counts["crashed"] += any(op.outcome == Outcome.INFO for op in one.ops)
    counts["ties"] += len(set(times)) < len(times)


def replay(name: str, seed: int) -> None:
    """Print what every algorithm says wrongly about the history of a seed, or that none does."""
    from tests.oracles.judges import ALGORITHMS

    print(*(disagreements(name, [seed], ALGORITHMS, Counter()) or ["no disagreement"]), sep="\n")
