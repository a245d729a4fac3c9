"""Legal histories in which a write nobody reads is what makes them so.

A failure prints the seed; `hiding(seed)` is its history.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from checkers.lincheck import CasRegister
from checkers.verdict import Valid
from tests.oracles import orders
from tests.oracles.hiding import hiding
from tests.oracles.judges import ALGORITHMS
from tests.oracles.midsize import history_of
from tests.oracles.settings import CASES
from tests.oracles.specs import BY_NAME

MODEL = CasRegister(failed_cas="observation")


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_what_hides_a_value_is_found(algorithm: str) -> None:
    sizes: Counter[int] = Counter()
    for seed in range(CASES // 4):
        ops = hiding(seed)
        verdict = ALGORITHMS[algorithm](history_of(ops), MODEL)
        assert isinstance(verdict, Valid) or algorithm == "lane", f"seed {seed}: {verdict}"
        sizes[len(ops)] += 1
    assert set(sizes) == set(range(4, 9)), sizes


def test_their_orders_are_legal() -> None:
    spec = BY_NAME["cas"](random.Random("hiding"), 3)
    small = [ops for ops in map(hiding, range(200)) if len(ops) < 8]
    assert len(small) > 100
    assert all(orders.by_orders(ops, spec) for ops in small)
