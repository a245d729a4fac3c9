"""Every bug of `systems.primary_backup.bugs.BUGS` is found by what clients see, and no seed that finds one
finds anything without it.

Most show in chaos. Three need what lasts longer than chaos does (an old primary or tail that clients still
ask when others rule, nodes that restart while others are cut off): those are hunted with the system's default
workload and nemeses (`splitbrain zoo primary-backup` hunts all of them so).
"""

from __future__ import annotations

import pytest

from harness.sweep import run_seed
from harness.zoo import Prey
from systems.primary_backup.bugs import BUGS
from tests.systems.primary_backup.runs import seen

CHAOS = {"answer-first": 20, "read-backups": 20, "answer-at-head": 20, "unready-tail": 30}
DEFAULTS = {"no-fence": range(1, 16), "no-epoch-persist": range(1, 16), "old-tail-reads": range(1, 16)}


def test_every_planted_bug_is_hunted() -> None:
    assert {*CHAOS, *DEFAULTS} == set(BUGS)


@pytest.mark.parametrize("bug", sorted(CHAOS))
def test_clients_see_it_in_chaos(bug: str) -> None:
    mode = BUGS[bug].options
    found = next((seed for seed in range(CHAOS[bug]) if seen(seed, {**mode, "bug": bug})), None)
    assert found is not None, f"{bug} was not found in seeds 0..{CHAOS[bug] - 1}"
    assert seen(found, mode) is None, f"seed {found} finds a fault without {bug}"


@pytest.mark.slow
@pytest.mark.parametrize("bug", sorted(DEFAULTS))
def test_clients_see_it_with_the_default_workload_and_nemeses(bug: str) -> None:
    prey = Prey("primary-backup", bug, BUGS[bug])
    for seed in DEFAULTS[bug]:
        result = run_seed(prey.plan(seed))
        assert result.word in ("valid", "anomaly"), result
        if result.word == "anomaly":
            break
    else:
        pytest.fail(f"{bug} was not found in seeds {DEFAULTS[bug]}")
    assert result.anomaly == "not-linearizable", result
    innocent = run_seed(prey.plan(seed, planted=False))
    assert innocent.word == "valid", innocent
