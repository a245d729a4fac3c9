"""The file service behind both shells: one script of files, with the leader killed between its parts.

Invariants: as in `test_both_shells`; every tree of a test has a key of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from systems.api import Invocation
from systems.file_service.system import FileService
from tests.conformance.systems.real import running
from tests.conformance.systems.seam import Answer, Case, Cluster
from tests.conformance.systems.simulated import Simulated

TIMES: Mapping[str, Mapping[str, str]] = {
    "raft": {"election_ms": "250", "heartbeat_ms": "40", "snapshot_every": "20"},
    "primary-backup": {"takeover_ms": "350", "heartbeat_ms": "40"},
}
LARGE = "".join(map(str, range(60)))  # seven parts


def case(replication: str) -> Case:
    options = {"replication": replication, **TIMES[replication]}
    return Case(FileService(), FileService().core(options), options)


@pytest.fixture(
    scope="module",
    params=[(shell, name) for name in TIMES for shell in ("simulated", "real")],
    ids="-".join,
)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    shell, name = request.param
    if shell == "simulated":
        yield Simulated(case(name))
    else:
        with running(case(name), tmp_path_factory.mktemp(name)) as real:
            yield real


def done(cluster: Cluster, f: str, tree: str, value: Any = None) -> Any:
    """The value of the operation once it was acknowledged; tried again only if it surely was not."""
    answers: list[Answer] = []

    def is_done() -> bool:
        answers.append(cluster.do(Invocation(f, tree, value)))
        return answers[-1].kind != "fail"

    cluster.until(is_done, f"an answer to {f} {value}")
    assert answers[-1].kind == "ok", answers
    return answers[-1].value


def test_every_operation_answers_as_it_should(cluster: Cluster) -> None:
    assert done(cluster, "read", "ops", "a") is None
    assert done(cluster, "write", "ops", ["a", "one"]) is None
    assert done(cluster, "append", "ops", ["a", "+two"]) is None
    assert done(cluster, "append", "ops", ["b", "new"]) is None
    assert done(cluster, "read", "ops", "a") == "one+two"
    assert done(cluster, "list", "ops") == ["a", "b"]
    assert done(cluster, "rename", "ops", ["a", "b"]) is True
    assert done(cluster, "rename", "ops", ["a", "b"]) is False
    assert done(cluster, "read", "ops", "b") == "one+two"
    assert done(cluster, "remove", "ops", "b") is True
    assert done(cluster, "remove", "ops", "b") is False
    assert done(cluster, "list", "ops") == []


def test_large_and_small_files_outlive_their_leaders(cluster: Cluster) -> None:
    done(cluster, "write", "large", ["a", LARGE])
    for turn in range(3):
        leader = cluster.leader()
        assert leader is not None
        cluster.crash(leader)
        cluster.until(lambda old=leader: cluster.leader() not in (None, old), "another leader")  # type: ignore[misc]
        assert done(cluster, "read", "large", "a") == LARGE + f"+{turn}" * (turn > 0)
        done(cluster, "write", "large", ["b", f"{LARGE}+{turn + 1}"])
        assert done(cluster, "rename", "large", ["b", "a"]) is True
        cluster.restart(leader)
        assert done(cluster, "list", "large") == ["a"]


def test_all_nodes_killed_at_once_keep_what_was_acknowledged(cluster: Cluster) -> None:
    done(cluster, "write", "all", ["a", LARGE])
    done(cluster, "append", "all", ["a", "!"])
    for node in cluster.nodes:
        cluster.crash(node)
    for node in cluster.nodes:
        cluster.restart(node)
    assert done(cluster, "read", "all", "a") == LARGE + "!"
    assert done(cluster, "list", "all") == ["a"]
