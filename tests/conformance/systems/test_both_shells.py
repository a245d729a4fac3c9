"""One body for both shells: what a client sees does not depend on whether time, disk and network are real.

Invariants: every value written is unique for its key; an operation is repeated only after "fail", which says
that it never happened. Each test finds all nodes running and one of them leading; keys are its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from systems import kv
from systems.api import Invocation
from tests.conformance.systems.real import running
from tests.conformance.systems.seam import CASES, Answer, Cluster
from tests.conformance.systems.simulated import Simulated


@pytest.fixture(
    scope="module", params=[(shell, name) for name in CASES for shell in ("simulated", "real")], ids="-".join
)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    shell, name = request.param
    if shell == "simulated":
        yield Simulated(CASES[name])
    else:
        with running(CASES[name], tmp_path_factory.mktemp(name)) as real:
            yield real


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """All nodes run, and every one of them follows the same leader."""
    for node in shared.nodes:
        shared.resume(node)
        shared.restart(node)
    await_leader(shared)
    shared.until(lambda: len(followers(shared)) == len(shared.nodes) - 1, "every node follows the leader")
    return shared


def await_leader(cluster: Cluster, *, but: str | None = None) -> str:
    """Wait for a leader, one that is not `but`."""
    cluster.until(lambda: cluster.leader() not in (None, but), f"a leader that is not {but}")
    leader = cluster.leader()
    assert leader is not None
    return leader


def followers(cluster: Cluster) -> list[str]:
    """The nodes that, asked alone, refuse and point at the leader."""
    leader = cluster.leader()
    return [n for n in cluster.nodes if n != leader and cluster.told(n, "hint") == kv.NotLeader(leader)]


def acknowledged(cluster: Cluster, op: Invocation, at: str | None = None) -> kv.Value:
    """The value of `op` once it was acknowledged."""
    answers: list[Answer] = []

    def is_done() -> bool:
        answers.append(cluster.do(op, at))
        return answers[-1].kind != "fail"

    cluster.until(is_done, f"an answer to {op}")
    assert answers[-1].kind == "ok", answers
    return answers[-1].value


class Numbers:
    """Writes PREFIX0 = 0, PREFIX1 = 1, ..., each once; `kept` are those that were acknowledged."""

    def __init__(self, cluster: Cluster, prefix: str) -> None:
        self.kept: list[int] = []
        self._cluster = cluster
        self._prefix = prefix
        self._next = 0

    def write(self, count: int) -> None:
        """Go on until `count` more are acknowledged."""
        goal = len(self.kept) + count
        self._cluster.until(lambda: self._attempt() >= goal, f"{goal} acknowledged writes")

    def read(self) -> list[kv.Value]:
        """What is there in place of those that were acknowledged."""
        return [acknowledged(self._cluster, Invocation("read", f"{self._prefix}{n}")) for n in self.kept]

    def _attempt(self) -> int:
        number, self._next = self._next, self._next + 1
        if self._cluster.do(Invocation("write", f"{self._prefix}{number}", number)).kind == "ok":
            self.kept.append(number)
        return len(self.kept)


class Register:
    """Writes 0, 1, 2, ... to one key, each once, and reads it after every acknowledged one."""

    def __init__(self, cluster: Cluster, key: str) -> None:
        self.seen: list[kv.Value] = []
        self._cluster = cluster
        self._key = key
        self._next = 0
        self._latest: int | None = None
        self._uncertain: set[int] = set()

    def go_on(self, count: int) -> None:
        """Go on until `count` more writes are acknowledged."""
        goal = len(self.seen) + count
        self._cluster.until(lambda: self._attempt() >= goal, f"{goal} acknowledged writes")

    def look(self, at: str | None = None) -> kv.Value:
        """Read, as a new client that asks `at` first if it is given."""
        seen = acknowledged(self._cluster, Invocation("read", self._key), at)
        # A write without an answer may take effect at any later time.
        assert seen in (self._latest, *self._uncertain), (self._latest, self._uncertain, self.seen)
        return seen

    def _attempt(self) -> int:
        value, self._next = self._next, self._next + 1
        kind = self._cluster.do(Invocation("write", self._key, value)).kind
        if kind == "info":
            self._uncertain.add(value)
        elif kind == "ok":
            self._latest = value
            seen = self.look()
            assert seen not in self.seen, "a value that had been overwritten is back"
            self.seen.append(seen)
        return len(self.seen)


def test_the_same_operations_get_the_same_answers(cluster: Cluster) -> None:
    operations = [
        Invocation("read", "answers"),
        Invocation("write", "answers", 1),
        Invocation("read", "answers"),
        Invocation("cas", "answers", (1, 2)),
        Invocation("cas", "answers", (1, 3)),
        Invocation("read", "answers"),
        Invocation("write", "answers", "text"),
        Invocation("read", "answers"),
        Invocation("read", "never written"),
        Invocation("cas", "never written", (None, 0)),
        Invocation("read", "never written"),
    ]
    answers = [acknowledged(cluster, op) for op in operations]
    assert answers == [None, None, 1, True, False, 2, None, "text", None, True, 0]


def test_only_the_leader_answers_and_the_others_name_it(cluster: Cluster) -> None:
    acknowledged(cluster, Invocation("write", "hint", 1))
    leader = await_leader(cluster)
    assert cluster.told(leader, "hint") == kv.Ok(1)
    assert followers(cluster) == [node for node in cluster.nodes if node != leader]
    assert [acknowledged(cluster, Invocation("read", "hint"), at=node) for node in cluster.nodes] == [1] * 3


def test_acknowledged_writes_survive_the_leader(cluster: Cluster) -> None:
    numbers = Numbers(cluster, "leader/")
    numbers.write(20)
    first = await_leader(cluster)
    cluster.crash(first)
    assert await_leader(cluster) != first
    assert numbers.read() == numbers.kept
    numbers.write(10)
    cluster.restart(first)
    second = await_leader(cluster)
    cluster.crash(second)
    assert await_leader(cluster) != second
    assert numbers.read() == numbers.kept


def test_acknowledged_writes_survive_the_crash_of_all(cluster: Cluster) -> None:
    numbers = Numbers(cluster, "all/")
    for _ in range(2):
        numbers.write(10)
        for node in cluster.nodes:
            cluster.crash(node)
        assert cluster.leader() is None
        # A connection whose end has not been noticed takes the first request with it: nobody knows whether it
        # arrived. A new connection is refused, and then nothing was done.
        kinds = [cluster.do(Invocation("write", "all", 1)).kind for _ in range(2)]
        assert kinds in (["fail", "fail"], ["info", "fail"])
        for node in cluster.nodes:
            cluster.restart(node)
        await_leader(cluster)
        assert numbers.read() == numbers.kept


@pytest.mark.parametrize("is_leader", [True, False], ids=["leader left", "follower left"])
def test_without_a_majority_nothing_is_acknowledged(cluster: Cluster, is_leader: bool) -> None:
    key = f"minority/{is_leader}"
    acknowledged(cluster, Invocation("write", key, 0))
    leader = await_leader(cluster)
    left = leader if is_leader else next(node for node in cluster.nodes if node != leader)
    for node in cluster.nodes:
        if node != left:
            cluster.crash(node)
    attempts = [("write", 1), ("cas", (0, 2)), ("read", None)]
    answers = [cluster.do(Invocation(f, key, value), at=left) for f, value in attempts]
    assert "ok" not in [answer.kind for answer in answers], answers
    assert answers[2].kind == "fail", "a read without an answer changed nothing"

    for node in cluster.nodes:
        cluster.restart(node)
    await_leader(cluster)
    uncertain = [value for value, answer in zip((1, 2), answers[:2], strict=True) if answer.kind == "info"]
    assert acknowledged(cluster, Invocation("read", key)) in (0, *uncertain)
    acknowledged(cluster, Invocation("write", key, 3))
    assert acknowledged(cluster, Invocation("read", key)) in (3, *uncertain)


def test_values_come_back_in_the_order_of_their_acknowledgement(cluster: Cluster) -> None:
    register = Register(cluster, "order")
    register.go_on(10)
    first = await_leader(cluster)
    cluster.crash(first)
    register.go_on(10)
    cluster.restart(first)
    register.go_on(10)


def test_a_leader_that_slept_through_its_successor_answers_nothing_old(cluster: Cluster) -> None:
    register = Register(cluster, "sleeper")
    register.go_on(5)
    first = await_leader(cluster)
    cluster.pause(first)
    assert await_leader(cluster, but=first) != first
    register.go_on(5)
    cluster.resume(first)
    register.look(at=first)
    register.go_on(5)
