"""Active-active keeps its claims in every seed, under all nemeses of the simulation.

SPLITBRAIN_SIM_SEEDS sets how many seeds; SPLITBRAIN_SIM_SEED replays one.
"""

from __future__ import annotations

from collections import Counter

import pytest

from checkers.history import Outcome
from harness.plugins import load_system
from harness.simulated import ran
from systems.active_active.core import ActiveActiveCore
from systems.active_active.messages import Snapshot
from tests.systems.active_active.runs import judge, plan_of
from tests.systems.seeds import failures, seeds

HERE = "tests/systems/active_active/test_seeds.py"
SNAPSHOTS = {"snapshot_every": "15"}


@pytest.mark.slow
def test_what_it_claims_holds_in_every_seed() -> None:
    bad = list(failures(judge, seeds(60), f"{HERE} -k every_seed"))
    assert not bad, "\n".join(bad[:5])


@pytest.mark.slow
def test_it_holds_with_snapshots_all_the_time() -> None:
    bad = list(failures(lambda seed: judge(seed, SNAPSHOTS), seeds(30), f"{HERE} -k snapshots"))
    assert not bad, "\n".join(bad[:5])


def test_the_runs_are_worth_judging() -> None:
    """Operations of each kind succeed, some end INFO, clients are served elsewhere and at home again, and in
    the end no node owes another anything.
    """
    ends: Counter[tuple[str, Outcome]] = Counter()
    returned = 0
    for seed in range(1, 5):
        plan = plan_of(seed, SNAPSHOTS)
        done = ran(plan, load_system(plan.system))  # type: ignore[arg-type]
        ends.update((op.f, op.outcome) for op in done.history)
        served: dict[int, list[str | None]] = {}
        for op in done.history:
            if op.outcome is Outcome.OK:
                served.setdefault(op.process, []).append(op.node)
        for process, nodes in served.items():
            home = plan.nodes[process % plan.clients % len(plan.nodes)]
            away = next((i for i, node in enumerate(nodes) if node != home), None)
            returned += away is not None and home in nodes[away:]
        for name in plan.nodes:
            core = done.simulation.core(name)
            assert isinstance(core, ActiveActiveCore)
            assert not core.outgoing.log, f"seed {seed}: {name} still holds what some peer lacks"
            assert not core.replica.early, f"seed {seed}: {name} still waits for adds"
            assert isinstance(done.simulation._nodes[name].records[0], Snapshot)
    assert all(ends[f, Outcome.OK] > 150 for f in ("read", "write", "add", "remove", "increment")), ends
    assert all(ends[f, Outcome.INFO] > 3 for f in ("write", "add", "increment")), ends
    assert returned > 10
