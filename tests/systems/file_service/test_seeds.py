"""The file service is linearizable in every seed, over either replication.

SPLITBRAIN_SIM_SEEDS sets how many seeds (nightly runs take more); SPLITBRAIN_SIM_SEED replays one.
"""

from __future__ import annotations

from collections import Counter

import pytest

from checkers.history import Outcome
from systems.file_service.messages import Commit, ReadPart, Stage
from tests.systems.file_service.seeds import judge, run
from tests.systems.seeds import failures, seeds

HERE = "tests/systems/file_service/test_seeds.py"


@pytest.mark.slow
@pytest.mark.parametrize(("replication", "count"), [("raft", 12), ("primary-backup", 6)])
def test_files_are_linearizable_in_every_seed(replication: str, count: int) -> None:
    options = {"replication": replication}
    bad = list(failures(lambda s: judge(s, options, time_s=20), seeds(count), f"{HERE} -k {replication}"))
    assert not bad, "\n".join(bad[:5])


@pytest.mark.parametrize("replication", ["raft", "primary-backup"])
def test_the_runs_are_worth_judging(replication: str) -> None:
    """Operations of each kind succeed, some end INFO, writes and reads go in parts, and all faults land."""
    done = run(1, {"replication": replication}, time_s=20)
    ends = Counter((op.f, op.outcome) for op in done.history)
    for f in ("read", "write", "append", "rename", "remove", "list"):
        assert ends[f, Outcome.OK] > 15, ends
    assert sum(count for (_, outcome), count in ends.items() if outcome is Outcome.INFO) > 3, ends
    for command in (Stage, Commit, ReadPart):
        assert done.trace.count(f"{command.__name__}(") > 5
    kinds = {disturbance.kind for disturbance in done.history.disturbances}
    assert kinds >= {"partition", "kill", "pause", "packets", "clock"}


def test_a_seed_names_a_run() -> None:
    assert run(3, {}, time_s=5).trace == run(3, {}, time_s=5).trace
