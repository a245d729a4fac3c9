"""Key-value histories whose transitions are laid out beforehand, against brute force and against the search
that asks the model.

A failure prints the seed; `replay(seed)` here shows it again.
SPLITBRAIN_ORACLE_CASES is twice the number of small histories.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from checkers.history import Outcome
from checkers.lincheck import KeyValue
from checkers.lincheck.encode import Encoder, Part
from checkers.lincheck.solve import solve
from tests.oracles import midsize, small
from tests.oracles.attack import Case, problem_of, shrunk, told
from tests.oracles.judges import ALGORITHMS, MIDSIZE_STEPS, STEPS
from tests.oracles.settings import CASES, MIDSIZE
from tests.oracles.specs import Words


def case(seed: int) -> Case:
    """The small history of a seed with its true verdict."""
    return replace(small.case_of(Words, f"closed {seed}"), model=KeyValue())


def parts(ops: midsize.Ops) -> list[Part]:
    """Every key, encoded."""
    encoder = Encoder(KeyValue())
    return [encoder.part(key) for key in midsize.history_of(ops).split_by_key().values()]


def difference(part: Part, steps: int, counts: Counter[str]) -> str | None:
    """How the two questions of a key differ; None if they do not, or a search needs too many steps."""
    if part.quick is None:
        return None
    for algorithm in ("auto", "dfs", "bfs"):
        quick = solve(part.quick, algorithm=algorithm, max_steps=steps)  # type: ignore[arg-type]
        plain = solve(part.question, algorithm=algorithm, max_steps=steps)  # type: ignore[arg-type]
        if (
            quick.legal is None or plain.legal is None
        ):  # mostly plain: all that no get fits are many states there
            counts["undecided"] += 1
            continue
        counts[f"legal {quick.legal}"] += 1
        if (quick.legal, quick.events) != (plain.legal, plain.events):
            return f"{algorithm}: laid out {quick}, asked for {plain}"
    return None


def problems(seed: int, counts: Counter[str]) -> Iterator[str]:
    """What is wrong about the small history of a seed."""
    one = case(seed)
    counts["legal" if one.legal else "illegal"] += 1
    counts["crashed"] += any(op.outcome == Outcome.INFO for op in one.ops)
    encoded = parts(one.ops)
    counts["closed"] += any(part.quick is not None for part in encoded)
    for algorithm, check in ALGORITHMS.items():
        problem = problem_of(check, one)
        if problem is not None:
            yield f"{algorithm}: {told(shrunk(check, one), problem, seed)}"
    for part in encoded:
        problem = difference(part, STEPS, counts)
        if problem is not None:
            yield told(one, problem, seed)


def replay(seed: int) -> None:
    """Print what is wrong about the small history of a seed."""
    print(*problems(seed, Counter()), sep="\n")


@pytest.mark.timeout(7200)
def test_small_histories_are_judged_as_brute_force_does() -> None:
    counts: Counter[str] = Counter()
    seeds = CASES // 2
    for seed in range(seeds):
        found = list(problems(seed, counts))
        assert not found, "\n".join(found)
    assert 0.25 * seeds <= counts["legal"] <= 0.75 * seeds, counts
    assert counts["crashed"] > seeds / 8, counts
    assert counts["closed"] > seeds / 2, counts
    assert not counts["undecided"], counts


@pytest.mark.timeout(7200)
def test_longer_histories_get_the_answer_of_the_search_that_asks() -> None:
    counts: Counter[str] = Counter()
    for seed in range(2 * MIDSIZE):
        dice = random.Random(f"closed, longer {seed}")
        spec = Words(dice, dice.choice([1, 2, 3, 4]))
        ops = midsize.some(dice, spec, (8, 40), dice.choice([1, 1, 2]))
        for part in parts(ops):
            problem = difference(part, MIDSIZE_STEPS, counts)
            assert problem is None, told(Case(ops, True, spec, KeyValue(), "longer"), str(problem), seed)
    assert min(counts["legal True"], counts["legal False"]) > MIDSIZE / 4, counts
