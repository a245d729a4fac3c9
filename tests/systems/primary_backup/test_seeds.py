"""Chaos over many seeds: modes sync and chain are safe and linearizable in every one.

SPLITBRAIN_SIM_SEEDS sets how many seeds (nightly runs take more); SPLITBRAIN_SIM_SEED replays one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from checkers.history import Outcome
from systems.primary_backup.core import PrimaryBackupCore
from systems.shells.sim_chaos import run_chaos
from tests.systems.primary_backup.runs import RUNS, Broken, Invariants, judge
from tests.systems.seeds import failures, seeds

HERE = "tests/systems/primary_backup/test_seeds.py"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(RUNS))
def test_it_is_linearizable_and_safe_in_every_seed(name: str) -> None:
    bad = list(failures(lambda seed: judge(seed, RUNS[name]), seeds(150), f"{HERE} -k {name}"))
    assert not bad, "\n".join(bad[:5])


def test_the_runs_of_chain_are_worth_judging() -> None:
    """Heads change, chains are cut short and made whole, operations of each kind succeed, some end INFO."""
    ends: Counter[tuple[str, Outcome]] = Counter()
    sizes: Counter[tuple[int, int]] = Counter()
    heads: set[str] = set()
    for seed in range(40):
        invariants = Invariants()
        result = run_chaos(PrimaryBackupCore, seed, RUNS["chain-disk"], invariants)
        ends.update((op.f, op.outcome) for op in result.history)
        sizes.update((len(result.simulation.members), len(chain)) for chain in invariants.chains.values())
        heads |= {chain[0] for chain in invariants.chains.values()}
    assert set(sizes) == {(3, 2), (3, 3), (5, 3), (5, 4), (5, 5)}
    assert len(heads) == 5
    assert all(ends[f, Outcome.OK] > 50 for f in ("read", "write", "cas")), ends
    assert all(ends[f, Outcome.INFO] > 3 for f in ("write", "cas")), ends


def test_the_checker_of_invariants_is_not_asleep() -> None:
    """Two primaries of one epoch are seen in the nodes."""
    chaos = RUNS["sync-disk"]
    chaos = replace(chaos, options={**chaos.options, "bug": "no-epoch-persist"})

    def is_broken(seed: int) -> bool:
        try:
            run_chaos(PrimaryBackupCore, seed, chaos, Invariants())
        except Broken:
            return True
        return False

    assert any(is_broken(seed) for seed in range(40))
