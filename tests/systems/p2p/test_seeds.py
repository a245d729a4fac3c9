"""Chaos over many seeds: each mode keeps what it claims in every one.

SPLITBRAIN_SIM_SEEDS sets how many seeds (nightly runs take more); SPLITBRAIN_SIM_SEED replays one.
"""

from __future__ import annotations

import pytest

from tests.systems.p2p.runs import failures, judged
from tests.systems.seeds import seeds


@pytest.mark.slow
def test_quorums_are_linearizable_in_every_seed() -> None:
    bad = list(failures(seeds(60), {"mode": "quorum"}))
    assert not bad, "\n".join(bad[:5])


@pytest.mark.slow
def test_gossip_converges_and_deletes_for_good_in_every_seed() -> None:
    bad = list(failures(seeds(80), {"mode": "gossip"}))
    assert not bad, "\n".join(bad[:5])


@pytest.mark.parametrize("mode", ["quorum", "gossip"])
def test_the_runs_are_worth_judging(mode: str) -> None:
    result, _ = judged(1, {"mode": mode})
    assert result.ops > 700, result
    assert result.succeeded > 500, result
    assert result.faults >= 15, result
