"""Faults in virtual time that act again and again, overlap, or end late: what they do to the cluster."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from checkers.history import Disturbance
from harness.run.virtual_faults import VirtualNemesis
from nemeses.faults import FaultSpec, Kind
from nemeses.plan import FaultPlan, PlannedFault
from systems.api import Invocation
from systems.raft.core import RaftCore
from systems.shells.sim import Simulation
from systems.shells.sim_parts import Network

S = 10**9
NODES = ("n1", "n2", "n3", "n4", "n5")


def a_fault(number: int, begin: float, end: float, kind: Kind, shape: str, *first: str) -> PlannedFault:
    order = (*first, *(node for node in NODES if node not in first))
    return PlannedFault(number, int(begin * S), int(end * S), FaultSpec(kind, shape, order))


class Admin:
    """Takes notes of what is asked, and refuses while `down`."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.down = False

    def __call__(self, op: Invocation, told: Any) -> None:
        self.asked.append((op.f, op.value, not self.down))
        told(not self.down, "no leader" if self.down else "")


class Hurt:
    """A Raft cluster under a plan."""

    def __init__(self, *faults: PlannedFault) -> None:
        self.sim = Simulation(RaftCore, NODES, seed=1)
        self.admin = Admin()
        self.nemesis = VirtualNemesis(FaultPlan(60 * S, faults), self.sim, Network(), self.admin)

    def until(self, seconds: float) -> None:
        self.sim.run_until(int(seconds * S))

    def noted(self) -> list[Disturbance]:
        return list(self.nemesis.finish())


def restarts(sim: Simulation, node: str, begin: float, end: float) -> int:
    times = [time for time, who, what in sim.trace if who == node and what == "crash"]
    return sum(1 for time in times if begin * S <= time <= end * S)


def test_one_after_the_other_is_restarted_until_the_end() -> None:
    hurt = Hurt(a_fault(1, 2, 5.1, "restarts", "rolling", "n4"))
    hurt.until(10)
    assert Counter(restarts(hurt.sim, node, 2, 5.1) for node in NODES) == {3: 1, 2: 4}
    assert sum(restarts(hurt.sim, node, 5.2, 10) for node in NODES) == 0
    assert hurt.noted()[0].evidence == ("restarts: 11",)
    assert all(hurt.sim.core(node) is not None for node in NODES)


def test_who_is_killed_is_not_restarted() -> None:
    hurt = Hurt(a_fault(1, 2, 6, "kill", "one", "n2"), a_fault(2, 3, 5, "restarts", "rolling"))
    hurt.until(5.5)
    assert restarts(hurt.sim, "n2", 2.1, 5.5) == 0  # it was killed at 2
    assert hurt.sim.core("n2") is None
    hurt.until(7)
    assert hurt.sim.core("n2") is not None


def test_the_halves_hear_of_each_other_by_the_bridge_alone() -> None:
    hurt = Hurt(a_fault(1, 2, 5, "restarts", "bridge", "n1", "n2", "n3"))
    hurt.until(5)
    between = {(a, b) for a in ("n2", "n3") for b in ("n4", "n5")}
    lost = set(hurt.sim.dropped)
    assert lost
    assert lost <= between | {(b, a) for a, b in between}
    hurt.until(5.5)
    before = hurt.sim.dropped.total()
    hurt.until(8)
    assert hurt.sim.dropped.total() == before
    assert hurt.sim.leader() is not None


def test_whoever_leads_is_cut_off_one_after_the_other() -> None:
    hurt = Hurt(a_fault(1, 2, 8, "chase", "minority"))
    hurt.until(12)
    led = {who for ns, who, role in hurt.sim.roles if role["role"] == "leader" and 2 * S < ns < 8 * S}
    assert len(led) >= 3, led
    (noted,) = hurt.noted()
    assert noted.status == "installed"
    assert int(noted.evidence[0].removeprefix("cuts: ")) >= len(led)
    before = hurt.sim.dropped.total()
    hurt.until(20)
    assert hurt.sim.dropped.total() == before


def test_a_chase_without_a_leader_is_not_said_to_bite() -> None:
    hurt = Hurt(a_fault(1, 1, 9, "kill", "all"), a_fault(2, 2, 8, "chase", "minority"))
    hurt.until(10)
    assert [noted.status for noted in hurt.noted()] == ["installed", "indeterminate"]


def test_the_end_of_one_cut_is_not_that_of_another() -> None:
    hurt = Hurt(a_fault(1, 2, 9, "partition", "halves"), a_fault(2, 3, 5, "chase", "minority"))
    hurt.until(5.1)
    before = hurt.sim.dropped.total()
    hurt.until(8.9)
    assert hurt.sim.dropped.total() > before
    hurt.until(10)
    assert [noted.status for noted in hurt.noted()] == ["installed", "installed"]


def test_a_cut_counts_its_own_losses() -> None:
    hurt = Hurt(
        a_fault(1, 2, 5, "partition", "halves"),
        a_fault(2, 6, 11, "kill", "all"),
        a_fault(3, 7, 10, "partition", "halves"),
    )
    hurt.until(12)
    first, _, second = hurt.noted()
    assert first.status == "installed"
    assert (second.status, second.evidence) == ("indeterminate", ("0 messages dropped",))


def test_what_is_taken_out_is_put_back_at_the_end() -> None:
    hurt = Hurt(a_fault(1, 2, 5, "members", "remove-two"))
    hurt.until(4)
    out = [value[1] for _, value, _ in hurt.admin.asked]
    assert len(set(out)) == 2
    assert not hurt.nemesis.whole
    hurt.until(6)
    assert [value for _, value, _ in hurt.admin.asked[2:]] == [["add", node] for node in out]
    assert hurt.nemesis.whole


@pytest.mark.parametrize("shape", ["remove", "remove-two", "transfer"])
def test_a_change_that_nobody_makes_is_asked_for_until_somebody_does(shape: str) -> None:
    hurt = Hurt(a_fault(1, 2, 5, "members", shape))
    hurt.admin.down = True
    hurt.until(8)
    assert [(noted.status, noted.evidence) for noted in hurt.noted()] == [("indeterminate", ("no leader",))]
    assert all(value[0] != "add" for f, value, _ in hurt.admin.asked if f == "members")
    hurt.admin.down = False
    hurt.until(10)
    (noted,) = hurt.noted()
    assert (noted.status, noted.evidence) == ("installed", ())
    assert noted.ended_ns is not None
    assert 8 * S < noted.ended_ns < 9 * S
    assert hurt.nemesis.whole
    done = [value for f, value, done in hurt.admin.asked if done and f == "members"]
    removed = [node for action, node in done if action == "remove"]
    assert sorted(removed) == sorted(node for action, node in done if action == "add")
    assert len(removed) == {"remove": 1, "remove-two": 2, "transfer": 0}[shape]
