"""Chaos over many seeds: Raft and mode sync are linearizable in every one, mode async in hardly any.

SPLITBRAIN_SIM_SEEDS sets how many seeds (nightly runs take more); SPLITBRAIN_SIM_SEED replays one.
"""

from __future__ import annotations

from collections import Counter

import pytest

from checkers.history import Outcome
from checkers.lincheck import CasRegister, check
from checkers.verdict import Invalid, Valid
from systems.core import CoreFactory, Receive
from systems.primary_backup.core import PrimaryBackupCore
from systems.raft.core import RaftCore
from systems.raft.messages import InstallSnapshot
from systems.shells.sim_chaos import Chaos, run_chaos
from tests.systems.linearizable import violation
from tests.systems.raft.invariants import Invariants
from tests.systems.seeds import (
    ASYNC,
    RAFT,
    RAFT_KINDS,
    SYNC,
    failures,
    judge_primary_backup,
    judge_raft,
    seeds,
)

HERE = "tests/systems/test_sim_seeds.py"


@pytest.mark.slow
def test_raft_is_linearizable_and_safe_in_every_seed() -> None:
    bad = list(failures(judge_raft, seeds(1000), f"{HERE} -k raft_is"))
    assert not bad, "\n".join(bad[:5])


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(RAFT_KINDS))
def test_raft_is_so_with_snapshots_leases_and_changing_members(kind: str) -> None:
    """Snapshots on slow disks; leases with clocks that drift; members that leave and come back, transfers."""
    bad = list(failures(lambda s: judge_raft(s, RAFT_KINDS[kind]), seeds(1000), f"{HERE} -k {kind}"))
    assert not bad, "\n".join(bad[:5])


def test_those_runs_are_worth_judging() -> None:
    """Snapshots are made and sent, members change and nearly all are back at the end, clients are served."""
    snapshots = sent = changes = healed = 0
    ends: Counter[Outcome] = Counter()
    for seed in range(40):
        invariants = Invariants()
        sim = run_chaos(RaftCore, seed, RAFT_KINDS["members"], invariants)
        snapshots += invariants.snapshots
        for _, _, what in sim.simulation.trace:
            sent += isinstance(what, Receive) and isinstance(what.message, InstallSnapshot)
        cores = list(map(sim.simulation.core, sim.simulation.members))
        assert all(isinstance(core, RaftCore) for core in cores)
        configurations = [core.replica.members for core in cores if isinstance(core, RaftCore)]
        changes += any(c.index for c in configurations)
        healed += all(c.current == sim.simulation.members for c in configurations)
        ends.update(op.outcome for op in sim.history)
    assert snapshots > 40
    assert sent > 10
    assert changes > 20
    assert healed > 30
    assert ends[Outcome.OK] > 1000


@pytest.mark.slow
def test_sync_primary_backup_is_linearizable_in_every_seed() -> None:
    bad = list(failures(lambda s: judge_primary_backup(s, SYNC), seeds(1000), f"{HERE} -k sync_primary"))
    assert not bad, "\n".join(bad[:5])


def test_async_primary_backup_is_caught_in_most_seeds() -> None:
    over = range(40)
    caught = sum(judge_primary_backup(seed, ASYNC) is not None for seed in over)
    assert caught > len(over) * 3 // 4, f"caught in {caught} of {len(over)} seeds"


def test_the_runs_are_worth_judging() -> None:
    """Every fault strikes, leaders change, operations of each kind succeed, some end INFO."""
    faults: Counter[str] = Counter()
    ends: Counter[tuple[str, Outcome]] = Counter()
    led = 0
    for seed in range(60):
        result = run_chaos(RaftCore, seed, RAFT)
        faults.update(what.split()[0].rstrip(":") for _, what in result.faults)
        ends.update((op.f, op.outcome) for op in result.history)
        led += sum(fields["role"] == "leader" for _, _, fields in result.roles)
    assert set(faults) == {"split", "isolate", "bridge", "one", "clients", "crash", "pause"}
    assert led > 2 * 60
    assert all(ends[f, Outcome.OK] > 300 for f in ("read", "write", "cas")), ends
    assert all(ends[f, Outcome.INFO] > 3 for f in ("write", "cas")), ends


@pytest.mark.parametrize(("factory", "chaos"), [(RaftCore, RAFT), (PrimaryBackupCore, ASYNC)])
def test_two_checkers_that_share_no_code_agree(factory: CoreFactory, chaos: Chaos) -> None:
    for seed in range(25):
        history = run_chaos(factory, seed, chaos).history
        verdict = check(history, CasRegister(failed_cas="observation"), explain=False)
        assert isinstance(verdict, Valid if violation(history) is None else Invalid), (
            f"seed {seed}: {verdict}"
        )
