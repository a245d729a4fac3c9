"""The checker as the oracles ask it: one function per algorithm."""

from __future__ import annotations

from functools import partial

from checkers.lincheck import check, jit
from checkers.lincheck.limits import Limits
from tests.oracles.attack import Check

OFF = jit.setting() == "off"  # some hundred times slower
STEPS = 50_000  # no small history needs as many
# Crowds of crashed queue operations may need millions: those are left undecided.
MIDSIZE_STEPS = 5_000 if OFF else 50_000
LONG_STEPS = 100_000 if OFF else 3_000_000


def judges(steps: int) -> dict[str, Check]:
    """The checker by each algorithm."""
    return {
        name: partial(check, algorithm=name, limits=Limits(max_steps=steps), explain=False)
        for name in ("auto", "dfs", "bfs")
    }


ALGORITHMS = judges(STEPS)
check_long: Check = partial(check, limits=Limits(max_steps=LONG_STEPS), explain=False)
