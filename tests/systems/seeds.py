"""Running a core over many seeds of chaos, and saying how to replay the one that failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from systems.core import CoreFactory
from systems.primary_backup.core import PrimaryBackupCore
from systems.primary_backup.logic import PrimaryBackupLogic
from systems.raft.core import RaftCore
from systems.raft.logic import RaftLogic
from systems.shells.sim_chaos import FAST, Chaos, run_chaos
from tests.systems.linearizable import violation
from tests.systems.raft.invariants import Invariants, RaftBroken

RAFT = Chaos(logic=RaftLogic)
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
