"""A cluster behind the simulating shell, messages and records encoded as they are on a wire and a disk.

Invariants: virtual time passes only inside `do`, `told` and `until`; a client whose operation ended "info" is
never used again.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from systems import kv
from systems.api import ClientContext, Invocation, RoleChange
from systems.core import MILLISECOND_NS
from systems.logic import Ask, Logic, Unreached
from systems.shells.sim import Simulation
from systems.shells.sim_clients import Call, OutcomeWord
from systems.shells.sim_parts import Disk, Network
from tests.conformance.systems.seam import LIMIT_S, Answer, Case, leading

NODES = ("n1", "n2", "n3")
OPERATION_MS = 800
SEED = 20240229
DISK = Disk((100_000, 2 * MILLISECOND_NS))


class Simulated:
    """Three nodes in one thread."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._sim = Simulation(case.factory, NODES, SEED, case.options, Network(wire=True), disk=DISK)
        self._clients = count()
        self._client: Logic | None = None
        self._crashed_ns: dict[str, int] = {}

    @property
    def nodes(self) -> tuple[str, ...]:
        return self._sim.members

    def do(self, op: Invocation, at: str | None = None) -> Answer:
        if at is not None or self._client is None:
            self._client = self._new_client(at)
        ended: list[Answer] = []

        def done(outcome: OutcomeWord, value: kv.Value, error: str | None) -> None:
            ended.append(Answer(outcome, value if outcome == "ok" else error))

        Call(self._sim, self._client, op, OPERATION_MS * MILLISECOND_NS, done)
        self._pass(lambda: bool(ended), OPERATION_MS + 1)
        if ended[0].kind == "info":
            self._client = None
        return ended[0]

    def told(self, node: str, key: str) -> kv.Result | None:
        question = next(self._new_client(node).perform(Invocation("read", key)))
        assert isinstance(question, Ask)
        results: list[Any] = []
        self._sim.request(node, question.command, results.append)
        self._pass(lambda: bool(results), OPERATION_MS)
        return results[0] if results and not isinstance(results[0], Unreached) else None

    def _new_client(self, home: str | None) -> Logic:
        number = next(self._clients)
        home = home or self.nodes[number % len(self.nodes)]
        addresses = dict.fromkeys(self.nodes, "")
        ctx = ClientContext(number, home, addresses, self._case.options, OPERATION_MS / 1000)
        logic: Logic = self._case.plugin.logic(ctx)
        return logic

    def crash(self, node: str) -> None:
        self._crashed_ns[node] = self._sim.now
        self._sim.crash(node)

    def restart(self, node: str) -> None:
        self._sim.restart(node)

    def pause(self, node: str) -> None:
        self._sim.pause(node)

    def resume(self, node: str) -> None:
        self._sim.resume(node)

    def leader(self) -> str | None:
        changes = [RoleChange(t, n, f["term"], f["role"], f["leader"]) for t, n, f in self._sim.roles]
        return leading(changes, self._crashed_ns, [n for n in self.nodes if self._sim.core(n) is None])

    def until(self, condition: Callable[[], bool], what: str) -> None:
        assert self._pass(condition, LIMIT_S * 1000), f"not within {LIMIT_S} s of virtual time: {what}"

    def _pass(self, condition: Callable[[], bool], limit_ms: int) -> bool:
        """Let time pass, by the millisecond, until `condition` holds; whether it did in time."""
        end_ns = self._sim.now + limit_ms * MILLISECOND_NS
        while not condition():
            if self._sim.now >= end_ns:
                return False
            self._sim.run_until(self._sim.now + MILLISECOND_NS)
        return True
