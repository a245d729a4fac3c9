"""One body for both shells, for a system without a leader: `test_both_shells` asks for one.

Invariants: as there; every value written is unique for its key, and an operation is repeated only after
"fail".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from systems.api import Invocation
from systems.p2p.core import P2pCore
from systems.p2p.system import P2p
from tests.conformance.systems.real import running
from tests.conformance.systems.seam import Case, Cluster
from tests.conformance.systems.simulated import Simulated
from tests.conformance.systems.test_both_shells import Numbers, acknowledged

PEERS: Mapping[str, Case] = {
    "quorum": Case(P2p(), P2pCore, {"mode": "quorum"}),
    "gossip": Case(P2p(), P2pCore, {"mode": "gossip", "gossip_ms": "50"}),
}


@pytest.fixture(
    scope="module", params=[(shell, mode) for mode in PEERS for shell in ("simulated", "real")], ids="-".join
)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Cluster]]:
    shell, mode = request.param
    if shell == "simulated":
        yield mode, Simulated(PEERS[mode])
    else:
        with running(PEERS[mode], tmp_path_factory.mktemp(mode)) as real:
            yield mode, real


@pytest.fixture
def mode(shared: tuple[str, Cluster]) -> str:
    return shared[0]


@pytest.fixture
def cluster(shared: tuple[str, Cluster]) -> Cluster:
    """All peers run and answer."""
    cluster = shared[1]
    for node in cluster.nodes:
        cluster.resume(node)
        cluster.restart(node)
    await_all(cluster)
    return cluster


def await_all(cluster: Cluster) -> None:
    cluster.until(lambda: all(cluster.told(node, "any") for node in cluster.nodes), "every peer answers")


def everywhere(cluster: Cluster, key: str) -> list[object]:
    """What each peer, asked alone, says `key` is."""
    return [getattr(cluster.told(node, key), "value", None) for node in cluster.nodes]


def test_the_same_operations_get_the_same_answers(cluster: Cluster, mode: str) -> None:
    operations = [
        Invocation("read", "answers"),
        Invocation("write", "answers", 1),
        Invocation("read", "answers"),
        Invocation("write", "answers", "text"),
        Invocation("read", "answers"),
        Invocation("read", "never written"),
    ]
    home = cluster.nodes[0]
    answers = [acknowledged(cluster, op, at=home) for op in operations]
    assert answers == [None, None, 1, None, "text", None]
    delete = cluster.do(Invocation("delete", "answers"), at=home)
    assert (delete.kind, delete.value == "text") == (("ok", True) if mode == "gossip" else ("fail", False))
    assert acknowledged(cluster, Invocation("read", "answers"), at=home) == (
        None if mode == "gossip" else "text"
    )


def test_any_peer_takes_writes_and_all_of_them_know_in_the_end(cluster: Cluster) -> None:
    for number, node in enumerate(cluster.nodes):
        acknowledged(cluster, Invocation("write", f"any/{number}", number), at=node)
    for number in range(len(cluster.nodes)):
        key = f"any/{number}"
        cluster.until(
            lambda key=key, number=number: everywhere(cluster, key) == [number] * 3, f"all have {key}"
        )


def test_acknowledged_writes_survive_the_crash_of_all(cluster: Cluster) -> None:
    numbers = Numbers(cluster, "all/")
    for _ in range(2):
        numbers.write(10)
        for node in cluster.nodes:
            cluster.crash(node)
        for node in cluster.nodes:
            cluster.restart(node)
        await_all(cluster)
        cluster.until(lambda: numbers.read() == numbers.kept, "every peer has heard of every write")


def test_a_peer_alone_answers_only_in_mode_gossip(cluster: Cluster, mode: str) -> None:
    left = cluster.nodes[0]
    acknowledged(cluster, Invocation("write", "alone", 0), at=left)
    for node in cluster.nodes[1:]:
        cluster.crash(node)
    kinds = [
        cluster.do(Invocation(f, "alone", value), at=left).kind for f, value in (("write", 1), ("read", None))
    ]
    # Nothing was stored, as the write never got a tag: that is certain.
    assert kinds == (["ok", "ok"] if mode == "gossip" else ["fail", "fail"])
    for node in cluster.nodes[1:]:
        cluster.restart(node)
    await_all(cluster)
    last = 1 if mode == "gossip" else 0
    cluster.until(lambda: everywhere(cluster, "alone") == [last] * 3, "all have the last write")


def test_a_peer_that_slept_answers_nothing_old_in_mode_quorum(cluster: Cluster, mode: str) -> None:
    if mode == "gossip":
        pytest.skip("it answers what it has")
    sleeper, other = cluster.nodes[:2]
    acknowledged(cluster, Invocation("write", "sleeper", 0), at=sleeper)
    cluster.pause(sleeper)
    acknowledged(cluster, Invocation("write", "sleeper", 1), at=other)
    cluster.resume(sleeper)
    assert acknowledged(cluster, Invocation("read", "sleeper"), at=sleeper) == 1
