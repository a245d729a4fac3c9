"""Chaos over many seeds: Multi-Paxos is safe and linearizable in every one.

SPLITBRAIN_SIM_SEEDS sets how many seeds (nightly runs take more); SPLITBRAIN_SIM_SEED replays one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from checkers.history import Outcome
from systems.paxos.core import PaxosCore
from systems.shells.sim_chaos import run_chaos
from systems.shells.sim_parts import Disk, Network
from tests.systems.paxos.runs import PAXOS, judge
from tests.systems.seeds import failures, seeds

HERE = "tests/systems/paxos/test_seeds.py"
RUNS = {
    "plain": PAXOS,
    "disk": replace(PAXOS, disk=Disk((100_000, 3_000_000), slow=0.05, slow_ns=40_000_000)),
    "network": replace(PAXOS, network=Network(slow=0.2, loss=0.1, duplicate=0.2)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RUNS))
def test_it_is_linearizable_and_safe_in_every_seed(name: str) -> None:
    bad = list(failures(lambda seed: judge(seed, RUNS[name]), seeds(150), f"{HERE} -k {name}"))
    assert not bad, "\n".join(bad[:5])


def test_the_runs_are_worth_judging() -> None:
    """Every fault strikes, leaders change, operations of each kind succeed, some end INFO."""
    faults: Counter[str] = Counter()
    ends: Counter[tuple[str, Outcome]] = Counter()
    led = 0
    for seed in range(60):
        result = run_chaos(PaxosCore, seed, PAXOS)
        faults.update(what.split()[0].rstrip(":") for _, what in result.faults)
        ends.update((op.f, op.outcome) for op in result.history)
        led += sum(fields["role"] == "leader" for _, _, fields in result.roles)
    assert set(faults) == {"split", "isolate", "bridge", "one", "clients", "crash", "pause"}
    assert led > 2 * 60
    assert all(ends[f, Outcome.OK] > 300 for f in ("read", "write", "cas")), ends
    assert all(ends[f, Outcome.INFO] > 3 for f in ("write", "cas")), ends
