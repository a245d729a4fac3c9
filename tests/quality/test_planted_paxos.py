"""Every bug of `systems.paxos.bugs.BUGS` is found by what clients see, and no seed that finds one finds
anything without it.

Most show in chaos. Three need what lasts longer than chaos does (a leader that is cut off for seconds, nodes
that all restart while others are cut off): those are hunted with the system's default workload and nemeses,
in a stretch of seeds around the first that shows them (`splitbrain zoo paxos` hunts from seed 1).
"""

from __future__ import annotations

import pytest

from harness.sweep import run_seed
from harness.zoo import Prey
from systems.paxos.bugs import BUGS
from tests.systems.paxos.runs import judge_invariants, seen

CHAOS = {
    "no-adopt": 10,
    "minority-quorum": 10,
    "ballot-reused": 60,
    "read-unconfirmed": 60,
    "apply-out-of-order": 60,
}
DEFAULTS = {
    "accept-below-promise": range(4, 19),
    "no-promise-persist": range(176, 188),
    "adopt-any": range(47, 59),
}


def test_every_planted_bug_is_hunted() -> None:
    assert {*CHAOS, *DEFAULTS} == set(BUGS)


@pytest.mark.parametrize("bug", sorted(CHAOS))
def test_clients_see_it_in_chaos(bug: str) -> None:
    found = next((seed for seed in range(CHAOS[bug]) if seen(seed, bug)), None)
    assert found is not None, f"{bug} was not found in seeds 0..{CHAOS[bug] - 1}"
    assert seen(found, "") is None, f"seed {found} finds a fault without {bug}"


@pytest.mark.slow
@pytest.mark.parametrize("bug", sorted(DEFAULTS))
def test_clients_see_it_with_the_default_workload_and_nemeses(bug: str) -> None:
    prey = Prey("paxos", bug, BUGS[bug])
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


@pytest.mark.parametrize(
    "bug",
    ["no-promise-persist", "no-adopt", "minority-quorum", "ballot-reused", "accept-below-promise"],
)
def test_the_checker_of_invariants_is_not_asleep(bug: str) -> None:
    """What breaks agreement is seen in the nodes too, in chaos and before any client sees it."""
    assert any(judge_invariants(seed, bug) for seed in range(60)), bug
