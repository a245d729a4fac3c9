"""A run in virtual time: the plan's clients and faults on a simulated cluster, in one thread, from one seed.

Cores, clients' logic, dispatcher, plan and nemeses are those of a live run. Laws: the same plan and system
give the same `VirtualRun`, byte for byte, on any machine; no clock, no I/O. As in a live run, the workload
ends when every fault is undone and an operation begun after the final heal has succeeded, or is not to be
expected any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec import UNSET

from checkers.history import OPEN_NS, History, Op, Outcome
from harness.plan import RunPlan
from harness.run.dispatch import Act, Dispatch, Done, OutcomeWord, Wait
from harness.run.finals import ATTEMPTS, SETTLE_S, Finals, finals_of
from harness.run.script import Script
from harness.run.virtual_faults import VirtualNemesis
from harness.seeds import Seeds
from harness.workload import WORKLOADS, Generator
from systems.api import ClientContext, Invocation, Simulates
from systems.shells.sim import Simulation
from systems.shells.sim_clients import Call
from systems.shells.sim_parts import Disk, Network

SECOND_NS = 1_000_000_000
RECOVERY_LIMIT_S = 30.0
LOOK_EVERY_NS = 50_000_000
ADMIN_S = 2.0  # for one operation of the administration
NETWORK = Network()
DISK = Disk((100_000, 3_000_000), slow=0.03, slow_ns=40_000_000)
_OUTCOMES = {"ok": Outcome.OK, "fail": Outcome.FAIL, "info": Outcome.INFO}


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run; times in ns of virtual time. heal_ns: the final heal, None without faults.
    quiet_ns: from when on reads are final ones, None if there were none. roles: (time, node, fields).
    """

    history: History
    roles: tuple[tuple[int, str, Mapping[str, Any]], ...]
    end_ns: int
    heal_ns: int | None
    quiet_ns: int | None
    simulation: Simulation

    @property
    def trace(self) -> str:
        """Every event of every node, one line each, and what the clients saw."""
        ops = "".join(f"{op}\n" for op in self.history)
        return self.simulation.trace_text() + ops


class VirtualRun:
    """One run of `plan` with `system`; final_reads: whether every key is read at every node in the end."""

    def __init__(self, plan: RunPlan, system: Simulates, *, final_reads: bool) -> None:
        seeds = Seeds(plan.seed)
        chance = "" if plan.chance is UNSET else f"-{plan.chance}"
        self._plan = plan
        self._system = system
        self._final_reads = final_reads
        self._sim = Simulation(
            system.core(plan.options),
            plan.nodes,
            seeds.number(f"simulation{chance}"),
            plan.options,
            NETWORK,
            disk=DISK,
        )
        self._addresses = dict.fromkeys(plan.nodes, "")
        self._ops: list[Op] = []
        self._open: dict[int, Op] = {}  # by process
        self._last_ok_call_ns = -1
        self._born: list[str] = []
        self._who = self._dispatch(seeds)
        self._clients: dict[int, Any] = {}  # slot -> logic of the process that acts for it

    def _dispatch(self, seeds: Seeds) -> Dispatch | Script:
        plan = self._plan
        if plan.script is not UNSET:
            self._born = list(dict.fromkeys(op.key for op in plan.script))
            return Script(plan.script, plan.clients, 0)
        workload, stream = WORKLOADS[plan.workload], seeds.stream("operations")
        self._generator = Generator(workload, stream, keys=plan.keys, ops_per_key=plan.ops_per_key)
        rngs = [seeds.stream(f"client-{slot}") for slot in range(plan.clients)]
        return Dispatch(self._generator, rngs, rate=plan.rate, start_ns=0)

    def run(self) -> Ran:
        """From the first event to the last."""
        sim, plan = self._sim, self._plan
        nemesis = VirtualNemesis(plan.faults, sim, NETWORK, self._administer)
        for slot in range(plan.clients):
            sim.at(0, self._next, slot)
        sim.run_until(int(plan.time_s * SECOND_NS))
        heal_ns: int | None = None
        if plan.faults.faults:
            nemesis.heal()
            heal_ns = healed = sim.now
            self._pass(lambda: nemesis.whole and self._last_ok_call_ns >= healed, healed)
        self._who.stop_at(sim.now)
        self._pass(lambda: not self._open, sim.now)
        end_ns = sim.now
        quiet_ns = self._read_finally() if self._final_reads else None
        ops = [*self._ops, *self._open.values()]
        history = History.of(ops, nemesis.finish(), {})
        sim.end()
        return Ran(history, tuple(sim.roles), end_ns, heal_ns, quiet_ns, sim)

    def _pass(self, done: Callable[[], bool], since_ns: int) -> None:
        """Let time pass until `done`, or so long that it is not to be expected any more."""
        while not done() and self._sim.now < since_ns + int(RECOVERY_LIMIT_S * SECOND_NS):
            self._sim.run_until(self._sim.now + LOOK_EVERY_NS)

    # Clients

    def _context(self, process: int, home: str, timeout_s: float) -> ClientContext:
        return ClientContext(process, home, self._addresses, self._plan.options, timeout_s)

    def _next(self, slot: int) -> None:
        decision = self._who.next(slot, self._sim.now)
        match decision:
            case Wait(until_ns):
                self._sim.at(until_ns, self._next, slot)
            case Act(process, op):
                home = self._plan.nodes[slot % len(self._plan.nodes)]
                if slot not in self._clients:
                    ctx = self._context(process, home, self._plan.op_timeout_s)
                    self._clients[slot] = self._system.logic(ctx)
                logic = self._clients[slot]
                self._perform(process, logic, op, home, lambda outcome: self._ended(slot, outcome))
            case Done():
                return

    def _ended(self, slot: int, outcome: OutcomeWord) -> None:
        if outcome == "info":
            del self._clients[slot]
        self._who.complete(slot, outcome, self._sim.now)
        self._next(slot)

    def _perform(
        self, process: int, logic: Any, op: Invocation, home: str, then: Callable[[OutcomeWord], None]
    ) -> None:
        """Have `op` done by `logic` and write down what came of it."""
        call_ns = self._sim.now
        given = list(op.value) if isinstance(op.value, tuple) else op.value

        def row(outcome: OutcomeWord, value: Any, error: str | None, now: int | None) -> Op:
            end = OPEN_NS if outcome == "info" or now is None else now
            node, kind = logic.served_by or home, _OUTCOMES[outcome]
            return Op(0, process, op.f, op.key, given, value, kind, call_ns, end, now, node, error)

        def done(outcome: OutcomeWord, value: Any, error: str | None) -> None:
            del self._open[process]
            self._ops.append(row(outcome, value, error, self._sim.now))
            if outcome == "ok":
                self._last_ok_call_ns = max(self._last_ok_call_ns, call_ns)
            then(outcome)

        self._open[process] = Op(
            0, process, op.f, op.key, given, None, Outcome.INFO, call_ns, OPEN_NS, None, home, None
        )
        Call(self._sim, logic, op, int(self._plan.op_timeout_s * SECOND_NS), done)

    def _administer(self, op: Invocation, told: Callable[[bool, str], None]) -> None:
        logic = self._system.logic(self._context(-1, self._sim.leader() or self._plan.nodes[0], ADMIN_S))
        Call(
            self._sim,
            logic,
            op,
            int(ADMIN_S * SECOND_NS),
            lambda outcome, _value, error: told(outcome == "ok", error or ""),
        )

    # The end

    def _read_finally(self) -> int:
        self._sim.run_until(self._sim.now + int(SETTLE_S * SECOND_NS))
        quiet_ns = self._sim.now
        keys = self._born or self._generator.born
        pending = finals_of(keys, self._plan.nodes, self._who.unused_process)
        left = {finals.process for finals in pending}
        for finals in pending:
            self._read_at(finals, left.discard)
        self._pass(lambda: not left, quiet_ns)
        return quiet_ns

    def _read_at(self, finals: Finals, finished: Callable[[int], None]) -> None:
        """All of a node's reads, one after the other, each with a few attempts."""
        ctx = self._context(finals.process, finals.node, self._plan.op_timeout_s)
        logic = self._system.logic(ctx)
        reads = iter(finals.reads)
        self._read_next(finals, logic, reads, lambda: finished(finals.process))

    def _read_next(
        self, finals: Finals, logic: Any, reads: Iterator[Invocation], finished: Callable[[], None]
    ) -> None:
        op = next(reads, None)
        if op is None:
            finished()
        else:
            go_on = partial(self._read_next, finals, logic, reads, finished)
            self._attempt(finals, logic, op, ATTEMPTS, go_on)

    def _attempt(
        self, finals: Finals, logic: Any, op: Invocation, left: int, go_on: Callable[[], None]
    ) -> None:
        def then(outcome: OutcomeWord) -> None:
            if outcome == "ok" or left == 1:
                go_on()
            else:
                self._attempt(finals, logic, op, left - 1, go_on)

        self._perform(finals.process, logic, op, finals.node, then)
