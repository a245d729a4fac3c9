"""A cluster behind the simulating shell, messages and records encoded as they are on a wire and a disk.

Invariants: virtual time passes only inside `do`, `told` and `until`; a client is the shell's own `Driver`. An
operation that got no answer in time is withdrawn: if it was never sent (no session could be opened) it never
will be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any

from checkers.history import Outcome
from systems import kv
from systems.api import Invocation, RoleChange
from systems.client import command_of
from systems.core import MILLISECOND_NS
from systems.shells.sim import Network, Simulation, Unreachable
from systems.shells.sim_clients import Driver, Patience, Recorder
from tests.conformance.systems.seam import LIMIT_S, Answer, Case, leading

NODES = ("n1", "n2", "n3")
PATIENCE = Patience(attempt_ns=300 * MILLISECOND_NS, operation_ns=800 * MILLISECOND_NS, think_ns=0)
GIVE_UP_MS = 2_000  # for one operation, the opening of its session included
SEED = 20240229


class _Offer:
    """One command for a driver, until it is withdrawn."""

    def __init__(self, command: kv.Command) -> None:
        self._commands = iter((command,))
        self.withdrawn = False

    def __iter__(self) -> Iterator[kv.Command]:
        return self

    def __next__(self) -> kv.Command:
        if self.withdrawn:
            raise StopIteration
        return next(self._commands)


class Simulated:
    """Three nodes in one thread."""

    def __init__(self, case: Case) -> None:
        self._sim = Simulation(case.factory, NODES, SEED, case.options, Network(wire=True))
        self._dialect = case.dialect
        self._clients = count()
        self._crashed_ns: dict[str, int] = {}

    @property
    def nodes(self) -> tuple[str, ...]:
        return self._sim.members

    def do(self, op: Invocation, at: str | None = None) -> Answer:
        recorder, offer = Recorder(), _Offer(command_of(op))
        number = next(self._clients)
        home, stream = at or self.nodes[number % len(self.nodes)], Random(f"{SEED}/client/{number}")
        driver = Driver(self._sim, recorder, offer, self._dialect, home, stream, PATIENCE)
        self._pass(lambda: len(recorder.history([])) > 0, GIVE_UP_MS)
        offer.withdrawn = True
        ended = list(recorder.history([driver]))
        if not ended:
            return Answer("fail", "no session")
        match ended[0].outcome:
            case Outcome.OK:
                return Answer("ok", ended[0].output)
            case Outcome.FAIL:
                return Answer("fail", ended[0].error)
            case Outcome.INFO:
                return Answer("info", ended[0].error)

    def told(self, node: str, key: str) -> kv.Result | None:
        results: list[Any] = []
        self._sim.request(node, self._dialect().wrap(kv.Read(key)), results.append)
        self._pass(lambda: bool(results), GIVE_UP_MS)
        return results[0] if results and not isinstance(results[0], Unreachable) else None

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
