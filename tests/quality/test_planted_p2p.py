"""Every bug of `systems.p2p.bugs.BUGS` is found within so many seeds by what clients see, and no seed that
finds one finds anything without it.
"""

from __future__ import annotations

import pytest

from systems.p2p.bugs import BUGS
from tests.systems.p2p.runs import judged

QUORUM, GOSSIP = {"mode": "quorum"}, {"mode": "gossip"}

# Bug, mode, seeds, names of the anomalies that it shows as. One that is rare is hunted around a seed that
# shows it (`splitbrain zoo p2p` hunts from seed 1).
HUNTS = [
    pytest.param("no-write-back", QUORUM, range(138, 153), {"not-linearizable"}, marks=pytest.mark.slow),
    ("read-one", QUORUM, range(1, 6), {"not-linearizable"}),
    ("write-unasked", QUORUM, range(1, 6), {"not-linearizable"}),
    ("quorums-apart", QUORUM, range(1, 6), {"not-linearizable"}),
    ("tag-without-node", QUORUM, range(1, 6), {"not-linearizable"}),
    ("ack-before-disk", QUORUM, range(1, 11), {"not-linearizable"}),
    pytest.param(
        "ack-before-disk", GOSSIP, range(1, 61), {"diverged", "resurrected-value"}, marks=pytest.mark.slow
    ),
    ("resurrect", GOSSIP, range(1, 6), {"resurrected-value"}),
    pytest.param("tombstone-expires", GOSSIP, range(1, 81), {"resurrected-value"}, marks=pytest.mark.slow),
    ("gossip-drops", GOSSIP, range(1, 6), {"diverged"}),
    ("lww-by-arrival", GOSSIP, range(1, 6), {"diverged"}),
    ("dot-reused", GOSSIP, range(1, 6), {"diverged"}),
]


def test_every_planted_bug_is_hunted_where_it_bites() -> None:
    hunted = [getattr(hunt, "values", hunt) for hunt in HUNTS]
    assert {bug for bug, *_ in hunted} == set(BUGS)
    for bug, mode, *_ in hunted:
        assert BUGS[bug].options in ({}, mode), bug


@pytest.mark.parametrize(("bug", "mode", "seeds", "anomalies"), HUNTS)
def test_it_is_found(bug: str, mode: dict[str, str], seeds: range, anomalies: set[str]) -> None:
    for seed in seeds:
        result, command = judged(seed, {**mode, "bug": bug})
        assert result.word in ("valid", "anomaly"), f"{command}: {result}"
        if result.word == "anomaly":
            break
    else:
        pytest.fail(f"{bug} was not found in {seeds}")
    assert result.anomaly in anomalies, f"{command}: {result}"
    innocent, command = judged(seed, mode)
    assert innocent.word == "valid", f"{command}: {innocent}"
