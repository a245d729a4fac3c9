"""Mid-size histories on the border of legality against the exact search with a memory; see `attack`.

A failure prints the seed and the shrunk history; `attack.replay(check, seed)` shows it again.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracles.attack import SMALL, disagreements
from tests.oracles.judges import MIDSIZE_STEPS, judges
from tests.oracles.settings import MIDSIZE

ALGORITHMS = judges(MIDSIZE_STEPS)
SEEDS = {name: range(1_000_000 * i, 1_000_000 * i + MIDSIZE) for i, name in enumerate(sorted(ALGORITHMS))}


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_histories_on_the_border(algorithm: str) -> None:
    counts: Counter[str] = Counter()
    undecided: list[int] = []
    problems = disagreements(ALGORITHMS[algorithm], SEEDS[algorithm], counts=counts, undecided=undecided)
    assert not problems, "\n".join(problems)
    total = counts["legal"] + counts["illegal"]
    assert 0.25 * total <= counts["legal"] <= 0.75 * total, counts
    assert counts["padded"] > total / 10, counts
    # A search may give up on a crowd, but not as a habit.
    assert len(undecided) <= total / 4, f"undecided: {undecided}"


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", ["cas", "guards", "register", "automaton"])
def test_borders_of_small_histories(name: str) -> None:
    counts: Counter[str] = Counter()
    problems = disagreements(
        ALGORITHMS["bfs"], range(MIDSIZE // 2), only=[name], sizes=SMALL, counts=counts, undecided=[]
    )
    assert not problems, "\n".join(problems)
    assert min(counts["legal"], counts["illegal"]) > MIDSIZE / 10, counts
