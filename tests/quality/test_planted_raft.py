"""Every bug of `systems.raft.bugs.BUGS` is found within so many seeds, and none without it.

Two bugs need a rare schedule; theirs is directed, the rest of it still drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.sweep import run_seed
from harness.zoo import Prey
from systems.core import MILLISECOND_NS
from systems.raft.bugs import BUGS
from systems.raft.core import RaftCore
from systems.shells.sim import Simulation
from systems.shells.sim_chaos import FAST, Chaos
from systems.shells.sim_parts import Network
from tests.quality.schedules import figure_8, hasty_voter
from tests.systems.linearizable import violation
from tests.systems.seeds import RAFT, judge_raft

# Timeouts shorter than the delays, so that candidates meet.
DUEL = replace(
    RAFT,
    calm_ms=(2, 40),
    fault_ms=(1, 12),
    settle_ms=300,
    network=Network(delay_ns=(1_000_000, 25_000_000)),
    options={**FAST, "election_ms": "40", "heartbeat_ms": "15"},
)


def in_chaos(chaos: Chaos) -> Callable[[int, str], str | None]:
    """Judge a seed of `chaos` with the bug of this name ("" for none)."""
    return lambda seed, bug: judge_raft(seed, replace(chaos, options={**chaos.options, "bug": bug}))


HUNTS: dict[str, tuple[Callable[[int, str], str | None], int]] = {
    "stale-read": (in_chaos(RAFT), 150),
    "no-session": (in_chaos(RAFT), 300),
    "ack-before-quorum": (in_chaos(RAFT), 30),
    "vote-twice": (in_chaos(DUEL), 150),
    "no-vote-persist": (hasty_voter, 100),
    "count-old-term": (figure_8, 5),
}


# What shows only with the faults of a whole run: `splitbrain zoo raft` hunts them.
HUNTED_BY_THE_ZOO = {
    "no-up-to-date-check",
    "ack-before-fsync",
    "truncate-committed",
    "fast-lease",
    "two-members",
    "snapshot-no-term",
}


def test_every_planted_bug_is_hunted() -> None:
    assert set(HUNTS) | HUNTED_BY_THE_ZOO == set(BUGS)


def test_votes_for_a_log_that_lags_are_found_by_a_whole_run() -> None:
    prey = Prey("raft", "no-up-to-date-check", BUGS["no-up-to-date-check"])
    results = (run_seed(prey.plan(seed)) for seed in range(1, 31))
    found = next((result for result in results if result.word == "anomaly"), None)
    assert found is not None
    assert run_seed(prey.plan(found.seed, planted=False)).word != "anomaly"


@pytest.mark.parametrize("bug", sorted(HUNTS))
def test_it_is_found(bug: str) -> None:
    judge, limit = HUNTS[bug]
    found = next((seed for seed in range(limit) if judge(seed, bug)), None)
    assert found is not None, f"{bug} was not found in seeds 0..{limit - 1}"
    assert judge(found, "") is None, f"seed {found} finds a fault without {bug}"


@pytest.mark.parametrize("schedule", [hasty_voter, figure_8])
def test_the_directed_schedules_blame_no_innocent(schedule: Callable[[int, str], str | None]) -> None:
    assert [schedule(seed, "") for seed in range(20)] == [None] * 20


def test_the_judge_of_histories_is_not_asleep() -> None:
    """Without the invariants, histories alone show the bugs that clients can see."""
    from systems.raft.core import RaftCore
    from systems.shells.sim_chaos import run_chaos

    chaos = replace(RAFT, options={**FAST, "bug": "ack-before-quorum"})
    assert any(violation(run_chaos(RaftCore, seed, chaos).history) for seed in range(60))


@pytest.mark.parametrize(("bug", "entries"), [("", 1), ("count-old-term", 0)])
def test_who_counts_old_terms_has_no_entry_of_its_own(bug: str, entries: int) -> None:
    """With one, a majority soon has something of the new term, and what was lost before is rarely seen."""
    sim = Simulation(RaftCore, ("n1", "n2", "n3"), 1, {"bug": bug})
    sim.run_until(3000 * MILLISECOND_NS)
    leader = sim.leader()
    assert leader is not None
    core = sim.core(leader)
    assert isinstance(core, RaftCore)
    assert core.replica.log.last_index == entries
