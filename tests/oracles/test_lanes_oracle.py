"""Every lane against brute force: the verdict, the linearization, and the core with everything else as
ghosts.

A failure prints the lane and the seed: `LANES[name](random.Random(f"{name} {seed}"))` rebuilds the history.
SPLITBRAIN_ORACLE_CASES is the number of histories for each lane.
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable, Iterator

import pytest

from checkers.lincheck.lanes.result import Decided
from tests.checkers.lanes import brute, cases

CASES = int(os.environ.get("SPLITBRAIN_ORACLE_CASES", "2500"))

LANES: dict[str, Callable[..., cases.Case]] = {
    "registers": cases.registers,
    "fifo": functools.partial(cases.queue, in_order=True),
    "unordered": functools.partial(cases.queue, in_order=False),
    "counter": cases.counter,
    "fetch_and_add": cases.fetch_and_add,
    "unordered_set": cases.unordered_set,
    "grow_only": cases.grow_only,
}


def judged(name: str, count: int) -> Iterator[tuple[str | None, Decided | None]]:
    """For each seed what the lane said, and what is wrong with it."""
    for seed in range(count):
        case = LANES[name](random.Random(f"{name} {seed}"))
        decided = case.decide()
        problem = brute.disagreement(decided, case.steps, case.initial, case.keep)
        listed = [f"{step.text} [{step.call}, {step.ret}]" for step in case.steps]
        yield problem and f"{name} {seed}: {problem}; initially {case.initial}: {listed}", decided


@pytest.mark.parametrize("name", LANES)
def test_the_lane_agrees_with_brute_force(name: str) -> None:
    legal = given_up = 0
    for problem, decided in judged(name, CASES):
        assert problem is None, problem
        given_up += decided is None
        legal += decided is not None and decided.legal
    assert legal >= 0.25 * CASES, f"{legal} of {CASES} are legal"
    assert CASES - legal - given_up >= 0.15 * CASES, f"{legal} of {CASES} are legal, {given_up} given up"
    assert given_up <= 0.06 * CASES, f"{given_up} of {CASES} given up"


@pytest.mark.parametrize("name", LANES)
def test_longer_histories_carry_their_proof(name: str) -> None:
    """Too long for brute force: but a linearization can be replayed, and a small core judged by itself."""
    legal = certified = 0
    seeds = max(40, CASES // 50)
    for seed in range(seeds):
        dice = random.Random(f"{name} long {seed}")
        case = LANES[name](dice, dice.randint(20, 200))
        decided = case.decide()
        if decided is None:
            continue
        if decided.legal:
            fault = brute.fault_in_order(decided.order().tolist(), case.steps, case.initial)
            assert fault is None, f"{name} long {seed}: {fault}"
            legal += 1
        elif len(decided.core) <= 8:
            kept = [case.steps[i] for i in decided.core]
            about = {step.value for step in kept}
            ghosts = [s for i, s in enumerate(case.steps) if i not in decided.core]
            near = [s for s in ghosts if s.value in about] + dice.sample(ghosts, min(2, len(ghosts)))
            assert not brute.has_order(kept, case.initial, near, case.keep), f"{name} long {seed}: {decided}"
            certified += 1
    assert legal >= seeds / 5, f"{legal} of {seeds} are legal"
    assert certified >= seeds / 20, f"{certified} of {seeds} have a small core, {legal} are legal"
