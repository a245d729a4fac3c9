"""The nemesis in virtual time: carries out a fault plan on a simulated cluster and notes what happened.

Invariants: those of `harness.run.nemesis`: every planned fault is noted with its evidence, every fault that
began is undone. A partition's or packet fault's evidence is what it did to messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from checkers.history import Disturbance
from harness.run.steps import steps_of
from nemeses.catalogue import describe, resolve, targets_of
from nemeses.faults import Fault, Kill, Packets, Partition, Pause, Reconfigure, Skew, View
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
        self._out: set[str] = set()  # nodes that were taken out of the cluster
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
                sim.dropped = 0
                sim.partition((link.source, link.target) for link in links)
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
            case Reconfigure(action, node):
                if action == "remove":
                    self._out.add(node)
                    self._change(fault_id, Invocation("members", "", ["remove", node]))
                else:
                    self._change(fault_id, Invocation("transfer", "", node))

    def _undo(self, fault_id: int) -> None:
        sim, fault = self._sim, self._active.pop(fault_id)
        evidence: tuple[str, ...] = ()
        match fault:
            case Partition():
                evidence = (f"{sim.dropped} messages dropped",)
                self._note(fault_id, "installed" if sim.dropped else "indeterminate")
                sim.partition(())
            case Kill(nodes):
                for node in nodes:
                    sim.restart(node)
            case Pause(nodes):
                for node in nodes:
                    sim.resume(node)
            case Packets():
                sim.network = self._network
            case Skew(settings):
                for setting in settings:
                    sim.set_clock(setting.node)
            case Reconfigure("remove", node):
                self._put_back(node)
        noted = self._noted[fault_id]
        self._noted[fault_id] = replace(noted, ended_ns=sim.now, evidence=(*noted.evidence, *evidence))

    def _change(self, fault_id: int, op: Invocation) -> None:
        """Ask until it is done or the fault is over."""

        def told(done: bool, why: str) -> None:
            if done:
                self._note(fault_id, "installed")
            elif fault_id in self._active:
                self._sim.after(RETRY_NS, lambda: self._change(fault_id, op))
            else:
                self._note(fault_id, "indeterminate", why)

        self._note(fault_id, "indeterminate")
        self._administer(op, told)

    def _put_back(self, node: str) -> None:
        def told(done: bool, _why: str) -> None:
            if done:
                self._out.discard(node)
            else:
                self._sim.after(RETRY_NS, lambda: self._put_back(node))

        self._administer(Invocation("members", "", ["add", node]), told)

    def _note(self, fault_id: int, status: Status, *evidence: str) -> None:
        noted = self._noted[fault_id]
        self._noted[fault_id] = replace(noted, status=status, evidence=(*noted.evidence, *evidence))


def _hurt(network: Network, loss: float, duplicate: float, delay_ns: tuple[int, int] | None) -> Network:
    delay = delay_ns or network.delay_ns
    return replace(
        network,
        loss=max(loss, network.loss),
        duplicate=max(duplicate, network.duplicate),
        delay_ns=delay,
        slow_ns=max(network.slow_ns, delay[1]),
    )
