"""Every bug of `systems.active_active.bugs.BUGS` is found within so many seeds by what clients saw, with the
default workload and nemeses, and no seed that finds one is bad without it.
"""

from __future__ import annotations

import pytest

from systems.active_active.bugs import BUGS
from tests.systems.active_active.runs import judge

LIMITS = {
    "counter-max": 5,
    "remove-forgotten": 5,
    "redelivered": 5,
    "arrival-wins": 20,
    "clock-back": 20,
    "clock-deaf": 20,
    "session-dropped": 50,
    "ack-before-disk": 20,
    "ack-unwritten": 20,
    "no-retransmit": 5,
    "restart-forgets": 10,
    "snapshot-forgets": 60,
}


def test_every_planted_bug_is_hunted() -> None:
    assert set(LIMITS) == set(BUGS)


@pytest.mark.slow
@pytest.mark.parametrize("bug", sorted(LIMITS))
def test_it_is_found(bug: str) -> None:
    planted = {**BUGS[bug].options, "bug": bug}
    found = next((seed for seed in range(1, LIMITS[bug] + 1) if judge(seed, planted)), None)
    assert found is not None, f"{bug} was not found in seeds 1..{LIMITS[bug]}"
    wrong = judge(found, {**planted, "bug": ""})
    assert wrong is None, f"seed {found} finds a fault without {bug}: {wrong}"
