"""Small histories, every specification, every algorithm, against the judge that tries every order.

A failure prints the seed, what both say, and the shrunk history; `small.replay(name, seed)` shows it again.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracles import small
from tests.oracles.judges import ALGORITHMS
from tests.oracles.settings import CASES
from tests.oracles.specs import BY_NAME

NAMES = sorted(BY_NAME)


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", NAMES)
def test_small_histories(name: str) -> None:
    counts: Counter[str] = Counter()
    problems = small.disagreements(name, range(-(-CASES // len(NAMES))), ALGORITHMS, counts)
    assert not problems, "\n".join(problems)
    total = counts["legal"] + counts["illegal"]
    assert 0.25 * total <= counts["legal"] <= 0.75 * total, counts
    assert counts["crashed"] > total / 8, counts
    assert counts["ties"] > total / 3, counts
