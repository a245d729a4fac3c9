"""The judges among themselves: permutations, orders, and the search with a memory; the generators' own
promises.
"""

from __future__ import annotations

import random

import pytest

from checkers.history import Op
from tests.oracles import exact, midsize, orders, padding
from tests.oracles.settings import CASES
from tests.oracles.shapes import SHAPES, plan
from tests.oracles.specs import BY_NAME, Spec

NAMES = sorted(BY_NAME)
SHARE = max(CASES // 40, 100)


def _small(name: str, seed: int, most: int = 6) -> tuple[random.Random, midsize.Ops, Spec]:
    dice = random.Random(f"{name} {seed}")
    spec = BY_NAME[name](dice, dice.choice([1, 2, 3, 4]))
    return dice, midsize.some(dice, spec, (1, most), dice.choice([1, 1, 2]), crowds=False), spec


@pytest.mark.parametrize("name", NAMES)
def test_three_judges_say_the_same(name: str) -> None:
    seen = set()
    for seed in range(SHARE):
        _, ops, spec = _small(name, seed)
        opinions = (orders.by_permutations(ops, spec), orders.by_orders(ops, spec), exact.legal(ops, spec))
        assert len(set(opinions)) == 1, f"{name} {seed}: {opinions} about {ops}"
        seen.add(opinions[0])
    assert seen == {True, False}


@pytest.mark.parametrize("name", NAMES)
def test_simulated_histories_are_legal(name: str) -> None:
    for seed in range(SHARE // 4):
        dice = random.Random(f"simulated {name} {seed}")
        spec = BY_NAME[name](dice, 3)
        ops = midsize.simulated(dice, spec, plan(dice, dice.randint(1, 20), 0.2), dice.choice([1, 2]))
        assert exact.legal(ops, spec) is not False, f"{name} {seed}: {ops}"


@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_no_verdict(name: str) -> None:
    added = 0
    for seed in range(SHARE // 2):
        dice, ops, spec = _small(name, seed, 5)
        legal = orders.by_orders(ops, spec)
        padded = padding.padded(dice, spec, ops, legal, most=4)
        verdict = exact.legal(padded, spec, 100_000)
        assert verdict in (legal, None), f"{name} {seed}: {padded} is {verdict}, {ops} is {legal}"
        added += len(padded) > len(ops)
    assert added or name in ("fifo-queue", "unordered-queue", "mutex"), "nothing was ever added"


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_give_as_many_intervals_as_asked(shape: object) -> None:
    for seed in range(50):
        dice = random.Random(seed)
        spans = shape(dice, 1 + seed % 30)  # type: ignore[operator]
        assert len(spans) == 1 + seed % 30
        assert all(0 <= call <= end for call, end in spans)


def test_a_broken_judge_is_noticed() -> None:
    """Without real time, or without the state in its memory, the third judge disagrees with the first."""

    class Timeless(exact.Question):
        def must_precede(self, op: Op) -> int:
            return 0

    wrong = 0
    for seed in range(SHARE):
        _, ops, spec = _small("cas", seed)
        wrong += all(
            Timeless(part, spec).legal(10_000) for part in exact.by_key(ops)
        ) != orders.by_permutations(ops, spec)
    assert wrong
