"""The nemesis in virtual time: carries out a fault plan on a simulated cluster and notes what happened.

Invariants: those of `harness.run.nemesis`: every planned fault is noted with its evidence, every fault that
began is undone. The evidence of a partition is how many messages were lost on its links; of a fault that acts
again and again, how often it did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from checkers.history import Disturbance
from harness.run.steps import steps_of
from nemeses import chase
from nemeses.catalogue import describe, resolve, targets_of
from nemeses.faults import (
    Chase,
    Fault,
    Kill,
    Link,
    Packets,
    Partition,
    Pause,
    Reconfigure,
    Restarts,
    Skew,
    View,
)
from nemeses.plan import FaultPlan, PlannedFault
from systems.api import Invocation
from systems.shells.sim import Simulation
from systems.shells.sim_parts import Network

Status = Literal["installed", "skipped", "indeterminate"]
Administer = Callable[[Invocation, Callable[[bool, str], None]], None]
RETRY_NS = 300_000_000


class VirtualNemesis:
    """Runs `plan` on `sim` from now on. administer: performs an operation of the system's administration and
    says whether it was done, and why not.
    """

    def __init__(self, plan: FaultPlan, sim: Simulation, network: Network, administer: Administer) -> None:
        self._sim = sim
        self._network = network
        self._administer = administer
        self._active: dict[int, Fault] = {}
        self._noted: dict[int, Disturbance] = {}
        self._cuts: dict[int, tuple[Link, ...]] = {}
        self._dropped: dict[int, int] = {}  # before the partition
        self._times: Counter[int] = Counter()  # that a fault acted
        # By a fault, whom it takes out and has not put back; whether it is out yet.
        self._out: dict[tuple[int, str], bool] = {}
        for at_ns, _, what, planned in steps_of(plan):
            act = self._begin if what == "begin" else self._end
            sim.at(sim.now + at_ns, act, planned)

    def heal(self) -> None:
        """Undo what is active, and all else."""
        for fault_id in list(self._active):
            self._undo(fault_id)
        self._sim.network = self._network
        self._sim.heal()

    @property
    def whole(self) -> bool:
        """Whether every node that was taken out is back in."""
        return not self._out

    def finish(self) -> tuple[Disturbance, ...]:
        """All that was done, in order."""
        return tuple(self._noted[number] for number in sorted(self._noted))

    def _begin(self, planned: PlannedFault) -> None:
        dead = {node for fault in self._active.values() if isinstance(fault, Kill) for node in fault.nodes}
        view = View(self._sim.members, self._sim.leader(), tuple(sorted(dead)))
        fault = resolve(planned.spec, view)
        self._active[planned.id] = fault
        now = self._sim.now
        self._noted[planned.id] = Disturbance(
            planned.id, planned.spec.kind, targets_of(fault), describe(fault), now, now, None, "installed"
        )
        self._apply(planned.id, fault)

    def _end(self, planned: PlannedFault) -> None:
        if planned.id in self._active:
            self._undo(planned.id)

    def _apply(self, fault_id: int, fault: Fault) -> None:
        sim = self._sim
        match fault:
            case Partition(links):
                self._dropped[fault_id] = self._lost(links)
                self._cut(fault_id, links)
            case Kill(nodes):
                for node in nodes:
                    sim.crash(node)
            case Pause(nodes):
                for node in nodes:
                    sim.pause(node)
            case Packets(_, loss, duplicate, delay_ns):
                sim.network = _hurt(self._network, loss, duplicate, delay_ns)
            case Skew(settings):
                for setting in settings:
                    sim.set_clock(setting.node, setting.rate, setting.jump_ns)
            case Chase():
                self._chase(fault_id, fault)
            case Restarts(links=links):
                self._cut(fault_id, links)
                self._restart(fault_id, fault, 0)
            case Reconfigure():
                self._reconfigure(fault_id, fault)

    def _undo(self, fault_id: int) -> None:
        sim, fault = self._sim, self._active.pop(fault_id)
        evidence: tuple[str, ...] = ()
        match fault:
            case Partition(links):
                dropped = self._lost(links) - self._dropped[fault_id]
                evidence = (f"{dropped} messages dropped",)
                self._note(fault_id, "installed" if dropped else "indeterminate")
                self._cut(fault_id, ())
            case Kill(nodes):
                for node in nodes:
                    sim.restart(node)
            case Pause(nodes):
                for node in nodes:
                    sim.resume(node)
            case Packets():
                sim.network = self._network
            case Chase() | Restarts():
                times = self._times[fault_id]
                evidence = (f"{'restarts' if isinstance(fault, Restarts) else 'cuts'}: {times}",)
                self._note(fault_id, "installed" if times else "indeterminate")
                self._cut(fault_id, ())
            case Skew(settings):
                for setting in settings:
                    sim.set_clock(setting.node)
            case Reconfigure("remove", nodes):
                for node in nodes:
                    if self._out[fault_id, node]:  # else as soon as it is
                        self._put_back(fault_id, node)
        noted = self._noted[fault_id]
        self._noted[fault_id] = replace(noted, ended_ns=sim.now, evidence=(*noted.evidence, *evidence))

    def _cut(self, fault_id: int, links: tuple[Link, ...]) -> None:
        """Cut these for this fault, and what others have cut."""
        self._cuts[fault_id] = links
        self._sim.partition((link.source, link.target) for cut in self._cuts.values() for link in cut)

    def _lost(self, links: tuple[Link, ...]) -> int:
        """How many messages cuts of these links have swallowed."""
        return sum(self._sim.dropped[link.source, link.target] for link in links)

    def _chase(self, fault_id: int, fault: Chase) -> None:
        if fault_id not in self._active:
            return
        leader = self._sim.leader()
        if leader is not None and self._sim.core(leader) is not None:
            links = chase.links(fault, leader)
            if links != self._cuts.get(fault_id):
                self._cut(fault_id, links)
                self._times[fault_id] += 1
        self._sim.after(fault.every_ns, self._chase, fault_id, fault)

    def _restart(self, fault_id: int, fault: Restarts, turn: int) -> None:
        """Kill and start the next one, until the fault is over; who another fault keeps down stays so."""
        if fault_id not in self._active:
            return
        sim = self._sim
        node = fault.nodes[turn % len(fault.nodes)]
        if sim.core(node) is not None:
            sim.crash(node)
            sim.restart(node)
            self._times[fault_id] += 1
        sim.after(fault.every_ns, self._restart, fault_id, fault, turn + 1)

    def _reconfigure(self, fault_id: int, fault: Reconfigure) -> None:
        self._note(fault_id, "indeterminate")
        if fault.action == "transfer":
            self._change(fault_id, Invocation("transfer", "", fault.nodes[0]))
            return
        for node in fault.nodes:
            self._out[fault_id, node] = False
            self._change(fault_id, Invocation("members", "", ["remove", node]), node)

    def _change(self, fault_id: int, op: Invocation, leaves: str = "") -> None:
        """Ask until it is done, be it after the fault should be over: other faults may leave it no leader.
        leaves: who is to be put back after it.
        """

        def told(done: bool, why: str) -> None:
            if not done:
                self._note(fault_id, "indeterminate", *filter(None, [why]))
                self._sim.after(RETRY_NS, self._change, fault_id, op, leaves)
                return
            self._note(fault_id, "installed")
            over = fault_id not in self._active
            if over:
                self._noted[fault_id] = replace(self._noted[fault_id], ended_ns=self._sim.now)
            if leaves:
                self._out[fault_id, leaves] = True
            if leaves and over:
                self._put_back(fault_id, leaves)

        self._administer(op, told)

    def _put_back(self, fault_id: int, node: str) -> None:
        def told(done: bool, _why: str) -> None:
            if done:
                del self._out[fault_id, node]
            else:
                self._sim.after(RETRY_NS, self._put_back, fault_id, node)

        self._administer(Invocation("members", "", ["add", node]), told)

    def _note(self, fault_id: int, status: Status, *evidence: str) -> None:
        self._noted[fault_id] = replace(self._noted[fault_id], status=status, evidence=evidence)


def _hurt(network: Network, loss: float, duplicate: float, delay_ns: tuple[int, int] | None) -> Network:
    delay = delay_ns or network.delay_ns
    return replace(
        network,
        loss=max(loss, network.loss),
        duplicate=max(duplicate, network.duplicate),
        delay_ns=delay,
        slow_ns=max(network.slow_ns, delay[1]),
    )
