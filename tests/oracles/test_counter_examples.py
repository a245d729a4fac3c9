"""Every counter-example contradicts itself whatever the others did, and needs each of its operations."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracles import small
from tests.oracles.attack import cases, told
from tests.oracles.counter_examples import fault_of
from tests.oracles.settings import MIDSIZE
from tests.oracles.specs import BY_NAME

# Whose ghosts lead to few states, so that minimality can always be decided.
BOUNDED = ("register", "cas", "weak-cas", "set", "mutex", "multi-register", "automaton", "guards")


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_of_small_histories(name: str) -> None:
    counts: Counter[str] = Counter()
    for seed in range(MIDSIZE // 2):
        case = small.case(name, seed)
        if not case.legal:
            fault = fault_of(case, counts)
            assert fault is None, told(case, fault or "", (name, seed))
    assert counts["judged"] > MIDSIZE / 16, counts
    assert counts["left out"] > counts["judged"] / 8, counts


@pytest.mark.timeout(7200)
def test_of_mid_size_histories() -> None:
    counts: Counter[str] = Counter()
    for seed in range(MIDSIZE // 4):
        for case in cases(seed, [BOUNDED[seed % len(BOUNDED)]]):
            if not case.legal and len(case.ops) < 45:
                fault = fault_of(case, counts)
                assert fault is None, told(case, fault or "", seed)
    assert counts["judged"] > MIDSIZE / 24, counts
    assert counts["left out"] > counts["judged"] / 3, counts
    assert counts["perhaps not minimal"] <= counts["judged"] / 20, counts
