"""Small histories of files, every algorithm, against the judge that tries every order.

A failure prints the seed, what both say, and the shrunk history. The specification stands here and not in
`specs`: one more there would change the histories of all other seeds.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from tests.oracles import small
from tests.oracles.attack import problem_of, shrunk, told
from tests.oracles.judges import ALGORITHMS
from tests.oracles.settings import CASES
from tests.oracles.specs import Answers, Spec, State


class Files(Spec):
    """Files by path, in order of path: write, append, read, rename, remove, list."""

    name = "files"
    start: State = ()
    functions: tuple[str, ...] = ("write", "append", "read", "rename", "remove", "list")

    def answers(self, state: Any, f: str, given: Any) -> Answers:
        if f == "list":
            return [([path for path, _ in state], state)]
        if f == "read":
            return [(next((content for path, content in state if path == given), None), state)]
        if f == "remove":
            rest = tuple(file for file in state if file[0] != given)
            return [(rest != state, rest)]
        if f == "rename":
            old, new = given
            moved = [content for path, content in state if path == old]
            if not moved:
                return [(False, state)]
            rest = tuple(file for file in state if file[0] not in (old, new))
            return [(True, tuple(sorted((*rest, (new, moved[0])))))]
        path, text = given
        before = "".join(content for name, content in state if name == path and f == "append")
        rest = tuple(file for file in state if file[0] != path)
        return [(None, tuple(sorted((*rest, (path, before + text)))))]

    def given(self, dice: random.Random, f: str, state: Any) -> Any:
        paths = "pqr"[: dice.choice([1, 2, 2, 3])]
        if f in ("read", "remove"):
            return dice.choice(paths)
        if f == "rename":
            return [dice.choice(paths), dice.choice(paths)]
        return None if f == "list" else [dice.choice(paths), "abcd"[dice.randrange(self.values)]]

    def somewhere(self, dice: random.Random) -> Any:
        return tuple((path, dice.choice(["a", "b", "ab"])) for path in "pqr" if dice.random() < 0.4)

    def only_reads(self, f: str, given: Any, answer: Any) -> bool:
        return f in ("read", "list")


def test_small_histories_of_files() -> None:
    counts: Counter[str] = Counter()
    problems: list[str] = []
    total = max(CASES // 12, 500)  # as many as any other specification
    for seed in range(total):
        one = small.case_of(Files, f"small files {seed}")
        counts["legal"] += one.legal
        counts["own model"] += one.model.name == "files"
        for algorithm, check in ALGORITHMS.items():
            problem = problem_of(check, one)
            if problem is not None:
                problems.append(f"{algorithm}: {told(shrunk(check, one), problem, ('files', seed))}")
        assert len(problems) < 3, "\n".join(problems)
    assert not problems, "\n".join(problems)
    assert 0.25 * total <= counts["legal"] <= 0.75 * total, counts
    assert counts["own model"] > total / 2, counts
