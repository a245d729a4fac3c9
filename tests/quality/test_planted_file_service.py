"""Every bug of `systems.file_service.bugs.BUGS` is found by what clients see, and none without it."""

from __future__ import annotations

import pytest

from systems.file_service.bugs import BUGS
from tests.systems.file_service.seeds import judge

LIMIT = 60  # seeds
TIME_S = 20.0  # of virtual time each


@pytest.mark.slow
@pytest.mark.parametrize("bug", sorted(BUGS))
def test_it_is_found(bug: str) -> None:
    found = next((seed for seed in range(1, LIMIT + 1) if judge(seed, {"bug": bug}, time_s=TIME_S)), None)
    assert found is not None, f"{bug} was not found in seeds 1..{LIMIT}"
    assert judge(found, {}, time_s=TIME_S) is None, f"seed {found} finds a fault without {bug}"
