"""Active-active behind both shells: nothing is lost, nodes come to agree, clients go where they are served.

Invariant: each test finds all nodes running; keys are its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from systems import kv
from systems.active_active.core import ActiveActiveCore
from systems.active_active.system import ActiveActive
from systems.api import Invocation
from tests.conformance.systems.real import running
from tests.conformance.systems.seam import Case, Cluster
from tests.conformance.systems.simulated import Simulated

CASE = Case(ActiveActive(), ActiveActiveCore, {"resend_ms": "50", "snapshot_every": "10"})


@pytest.fixture(scope="module", params=["simulated", "real"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if request.param == "simulated":
        yield Simulated(CASE)
    else:
        with running(CASE, tmp_path_factory.mktemp("active-active")) as real:
            yield real


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """All nodes run and answer."""
    for node in shared.nodes:
        shared.resume(node)
        shared.restart(node)
        shared.until(lambda node=node: shared.told(node, "s-ready") is not None, f"{node} answers")
    return shared


def done(cluster: Cluster, at: str, f: str, key: str, value: Any = None) -> Any:
    """The value of an operation that this node acknowledges."""
    answer = cluster.do(Invocation(f, key, value), at)
    assert answer.kind == "ok", answer
    return answer.value


def agree(cluster: Cluster, key: str, value: Any) -> None:
    """Wait until every node, asked alone, says `value`."""

    def told(node: str) -> Any:
        answer = cluster.told(node, key)
        if not isinstance(answer, kv.Ok):
            return answer
        return answer.value[0] if key[0] == "r" else answer.value

    cluster.until(lambda: all(told(n) == value for n in cluster.nodes), f"{key} is {value} at every node")


def test_what_any_node_takes_all_nodes_come_to_hold(cluster: Cluster) -> None:
    for number, node in enumerate(cluster.nodes):
        done(cluster, node, "increment", "c-all", 10**number)
        done(cluster, node, "add", "s-all", number)
        done(cluster, node, "write", "r-all", number)
    agree(cluster, "c-all", 111)
    agree(cluster, "s-all", [0, 1, 2])
    agree(cluster, "r-all", 2)
    assert done(cluster, "n3", "remove", "s-all", 0) is True
    agree(cluster, "s-all", [1, 2])
    assert done(cluster, "n1", "remove", "s-all", 0) is False


def test_what_a_lone_node_acknowledged_outlives_its_crash(cluster: Cluster) -> None:
    cluster.crash("n2")
    cluster.crash("n3")
    for number in range(25):  # over several snapshots
        done(cluster, "n1", "increment", "c-lone", -1)
        done(cluster, "n1", "add", "s-lone", number)
    cluster.crash("n1")
    cluster.restart("n2")
    cluster.until(lambda: cluster.told("n2", "c-lone") == kv.Ok(0), "n2 is back and knows of nothing")
    done(cluster, "n2", "increment", "c-lone", 5)
    cluster.restart("n1")
    cluster.restart("n3")
    agree(cluster, "c-lone", -20)
    agree(cluster, "s-lone", list(range(25)))


def test_a_client_whose_home_is_down_is_served_elsewhere_and_reads_its_writes(cluster: Cluster) -> None:
    cluster.crash("n1")
    done(cluster, "n1", "write", "r-away", "here")
    assert cluster.do(Invocation("read", "r-away")).value == "here"
    cluster.restart("n1")
    agree(cluster, "r-away", "here")


def test_a_later_write_wins_though_its_node_slept(cluster: Cluster) -> None:
    cluster.pause("n3")
    done(cluster, "n1", "write", "r-sleep", "before")
    done(cluster, "n2", "write", "r-sleep", "after")
    cluster.resume("n3")
    agree(cluster, "r-sleep", "after")
