"""Every bug of `systems.p2p.bugs.BUGS` is found within so many seeds by what clients see, and no seed that
finds one finds anything without it.
"""

from __future__ import annotations

import pytest

from systems.p2p.bugs import BUGS
from tests.systems.p2p.runs import judged

QUORUM, GOSSIP = {"mode": "quorum"}, {"mode": "gossip"}

# Bug, mode, seeds at most, names of the anomalies that it shows as.
HUNTS = [
    pytest.param("no-write-back", QUORUM, 60, {"not-linearizable"}, marks=pytest.mark.slow),
    ("read-one", QUORUM, 5, {"not-linearizable"}),
    ("write-unasked", QUORUM, 5, {"not-linearizable"}),
    ("quorums-apart", QUORUM, 5, {"not-linearizable"}),
    ("tag-without-node", QUORUM, 5, {"not-linearizable"}),
    ("ack-before-disk", QUORUM, 10, {"not-linearizable"}),
    pytest.param("ack-before-disk", GOSSIP, 60, {"diverged", "resurrected-value"}, marks=pytest.mark.slow),
    ("resurrect", GOSSIP, 5, {"resurrected-value"}),
    pytest.param("tombstone-expires", GOSSIP, 80, {"resurrected-value"}, marks=pytest.mark.slow),
    ("gossip-drops", GOSSIP, 5, {"diverged"}),
    ("lww-by-arrival", GOSSIP, 5, {"diverged"}),
    ("dot-reused", GOSSIP, 5, {"diverged"}),
]


def test_every_planted_bug_is_hunted_where_it_bites() -> None:
    hunted = [getattr(hunt, "values", hunt) for hunt in HUNTS]
    assert {bug for bug, *_ in hunted} == set(BUGS)
    for bug, mode, *_ in hunted:
        assert BUGS[bug].options in ({}, mode), bug


@pytest.mark.parametrize(("bug", "mode", "limit", "anomalies"), HUNTS)
def test_it_is_found(bug: str, mode: dict[str, str], limit: int, anomalies: set[str]) -> None:
    for seed in range(1, limit + 1):
        result, command = judged(seed, {**mode, "bug": bug})
        assert result.word in ("valid", "anomaly"), f"{command}: {result}"
        if result.word == "anomaly":
            break
    else:
        pytest.fail(f"{bug} was not found in seeds 1..{limit}")
    assert result.anomaly in anomalies, f"{command}: {result}"
    innocent, command = judged(seed, mode)
    assert innocent.word == "valid", f"{command}: {innocent}"
