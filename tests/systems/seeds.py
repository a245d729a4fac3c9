"""Running a core over many seeds of chaos, and saying how to replay the one that failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from systems.core import CoreFactory
from systems.primary_backup.core import PrimaryBackupCore
from systems.primary_backup.logic import PrimaryBackupLogic
from systems.raft.core import RaftCore
from systems.raft.logic import RaftLogic
from systems.shells.sim_chaos import FAST, FAULTS, Chaos, run_chaos
from systems.shells.sim_parts import Disk, Network
from tests.systems.linearizable import violation
from tests.systems.raft.invariants import Invariants, RaftBroken

SLOW_DISK = Disk((100_000, 3_000_000), slow=0.05, slow_ns=40_000_000)
RAFT = Chaos(logic=RaftLogic)
RAFT_KINDS: Mapping[str, Chaos] = {
    "snapshots": replace(RAFT, options={**FAST, "snapshot_every": "20"}, disk=SLOW_DISK),
    "leases": replace(
        RAFT,
        options={**FAST, "reads": "lease", "snapshot_every": "50"},
        faults=(*FAULTS, "drift", "drift", "transfer"),
        network=Network(slow=0.05, slow_ns=120_000_000),
    ),
    "members": replace(
        RAFT,
        options={**FAST, "reads": "lease", "snapshot_every": "20"},
        faults=(*FAULTS, *("remove", "transfer") * 4, "drift"),
        disk=SLOW_DISK,
        settle_ms=1500,
    ),
}
SYNC = Chaos(options={**FAST, "mode": "sync"})
CHAIN = Chaos(logic=lambda ctx: PrimaryBackupLogic(ctx, reads_at="tail"), options={**FAST, "mode": "chain"})
ASYNC = Chaos(logic=lambda ctx: PrimaryBackupLogic(ctx, reads_at="home"), options={**FAST, "mode": "async"})


def seeds(default: int) -> range:
    """SPLITBRAIN_SIM_SEEDS many seeds, or just the one in SPLITBRAIN_SIM_SEED."""
    one = os.environ.get("SPLITBRAIN_SIM_SEED")
    if one is not None:
        return range(int(one), int(one) + 1)
    return range(int(os.environ.get("SPLITBRAIN_SIM_SEEDS", default)))


def judge_raft(seed: int, chaos: Chaos = RAFT) -> str | None:
    """What is wrong with this run of Raft, None if nothing: its safety properties, then its history."""
    invariants = Invariants()
    try:
        result = run_chaos(RaftCore, seed, chaos, invariants)
        invariants.finish(result.simulation)
    except RaftBroken as broken:
        return str(broken)
    return violation(result.history)


def judge_primary_backup(seed: int, chaos: Chaos) -> str | None:
    """What is wrong with the history of this run, None if nothing."""
    factory: CoreFactory = PrimaryBackupCore
    return violation(run_chaos(factory, seed, chaos).history)


def failures(judge: Callable[[int], str | None], over: range, test: str) -> Iterator[str]:
    """Per bad seed, what was wrong and the line that replays it."""
    for seed in over:
        wrong = judge(seed)
        if wrong:
            yield f"seed {seed}: {wrong}\n  replay: SPLITBRAIN_SIM_SEED={seed} python -m pytest {test}"
