"""Judges named histories by whatever `checkers` is importable; the program that a mutant is run in.

    python -m tests.oracles.hunt FOLDER CASE...     # FOLDER: where `checkers` must come from

A CASE is `crafted:cas:NAME` (see `crafted`), `small:cas:17` (see `small`; `small:cas:17-20` stands for 17, 18
and 19) or `short:cas:17` (histories of `attack` with 3 to 14 operations), each judged by breadth first and by
depth first. Exit code 1 and a line on the first wrong answer, 0 if there is none.

Invariants: deterministic; a budget of steps, so that a search that does not end is a wrong answer: the
innocent checker needs a fraction of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import checkers
from checkers.lincheck import check
from checkers.lincheck.limits import Limits
from tests.oracles import attack, crafted, small
from tests.oracles.judges import STEPS

SHORT = (3, 14)
JUDGES: dict[str, attack.Check] = {
    name: partial(check, algorithm=name, limits=Limits(max_steps=STEPS), explain=False)
    for name in ("bfs", "dfs")
}


def cases_of(label: str) -> Iterator[attack.Case]:
    """The histories of a CASE. Raises ValueError for one of another form."""
    how, name, seed = label.split(":")
    if how == "crafted":
        yield crafted.case(seed)
    elif how == "small":
        first, _, end = seed.partition("-")
        for number in range(int(first), int(end or int(first) + 1)):
            yield small.case(name, number)
    elif how == "short":
        yield from (case for case in attack.cases(int(seed), [name], SHORT, 2_000) if case.how != "padded")
    else:
        raise ValueError(f"no such history: {label}")


def problem_in(label: str) -> str | None:
    """The first wrong answer about a CASE."""
    for case in cases_of(label):
        for algorithm, judge in JUDGES.items():
            try:
                problem = attack.problem_of(judge, case)
            except AssertionError as error:  # the checker's own: it found that it contradicts itself
                problem = f"the checker fails: {error}"
            if problem:
                return f"{algorithm}: {attack.told(case, problem, label)}"
    return None


def main(folder: str, *labels: str) -> int:
    """See the module."""
    origin = Path(checkers.__file__ or "").resolve()
    if not origin.is_relative_to(Path(folder).resolve()):
        print(f"checkers comes from {origin}")
        return 3
    for label in labels:
        problem = problem_in(label)
        if problem:
            print(f"case {label}: {problem}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
