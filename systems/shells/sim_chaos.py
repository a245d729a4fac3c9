"""Chaos from one seed: a simulated cluster, clients and faults, all drawn from it.

Laws: the same factory, seed and `Chaos` give the same `SimResult`, byte for byte; the streams of the
workload, the faults, the network and the timers are separate, so a change in one moves no other. Values
written are unique within a run. Every run ends healed, and then every client reads every key, so that what
was lost is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from checkers.history import History
from systems.api import ClientContext, Invocation
from systems.core import MILLISECOND_NS, CoreFactory
from systems.logic import Leading
from systems.shells.sim import CLIENTS, Observer, Simulation
from systems.shells.sim_clients import Call, Driver, MakeLogic, Patience, Recorder
from systems.shells.sim_parts import Disk, Network

FAST = {"election_ms": "100", "heartbeat_ms": "30", "takeover_ms": "120"}

FAULTS = (
    *("split", "split", "isolate", "isolate", "bridge", "one-way", "clients"),
    *("crash", "crash-in-step", "crash-all", "pause"),
)
# For systems whose clocks matter, and that can be administered.
DRIFT = 0.05  # of a node's monotonic clock, either way
ADMIN_NS = 300 * MILLISECOND_NS  # for one operation of the administration


@dataclass(frozen=True, slots=True)
class Chaos:
    """What a run is made of.

    nodes: sizes of cluster, one is drawn. span_ms: faults come during this time; settle_ms: healed
    afterwards. calm_ms: range of the time between two faults; fault_ms: range of a fault's length. faults:
    the kinds, each drawn as often as it stands there. options: the cores' `-o` options.
    """

    logic: MakeLogic = Leading
    nodes: tuple[int, ...] = (3, 3, 3, 5)
    clients: int = 4
    keys: int = 2
    span_ms: int = 1200
    settle_ms: int = 800
    calm_ms: tuple[int, int] = (10, 150)
    fault_ms: tuple[int, int] = (20, 400)
    faults: tuple[str, ...] = FAULTS
    options: Mapping[str, str] = field(default_factory=lambda: FAST)
    network: Network = field(default_factory=Network)
    disk: Disk = field(default_factory=Disk)
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class SimResult:
    """What came out. `roles`: (time in ns, node, fields) per role change; `faults`: (time in ns, what)."""

    seed: int
    history: History
    roles: list[tuple[int, str, Mapping[str, Any]]]
    faults: list[tuple[int, str]]
    simulation: Simulation

    @property
    def trace(self) -> str:
        """Every event of every node, one line each."""
        return self.simulation.trace_text()


def run_chaos(
    factory: CoreFactory, seed: int, chaos: Chaos | None = None, observer: Observer | None = None
) -> SimResult:
    """One run. Whatever a core or the observer raises comes through."""
    chaos = chaos or Chaos()
    size = Random(f"{seed}/size").choice(chaos.nodes)
    members = [f"n{i + 1}" for i in range(size)]
    sim = Simulation(factory, members, seed, chaos.options, chaos.network, observer, chaos.disk)
    recorder = Recorder()
    span_ns = chaos.span_ms * MILLISECOND_NS
    values = count(1)
    drivers = [
        _driver(sim, recorder, chaos, Random(f"{seed}/client/{i}"), members[i % size], values)
        for i in range(chaos.clients)
    ]
    faults = _Faults(sim, chaos, Random(f"{seed}/faults"))
    faults.begin()
    sim.at(span_ns, faults.end)
    sim.run_until(span_ns + chaos.settle_ms * MILLISECOND_NS)
    return SimResult(seed, recorder.history(drivers), sim.roles, faults.done, sim)


def _driver(
    sim: Simulation, recorder: Recorder, chaos: Chaos, stream: Random, home: str, values: Iterator[int]
) -> Driver:
    operations = _operations(sim, chaos, stream, values)
    return Driver(sim, recorder, operations, chaos.logic, home, stream, chaos.patience)


def _operations(sim: Simulation, chaos: Chaos, stream: Random, values: Iterator[int]) -> Iterator[Invocation]:
    """Reads, writes and compare-and-sets while there are faults, then a read of every key in the calm."""
    keys = [f"k{i}" for i in range(chaos.keys)]
    seen = dict.fromkeys(keys, 0)  # the value this client wrote last: a guess that a cas can succeed with
    span_ns = chaos.span_ms * MILLISECOND_NS
    while sim.now < span_ns:
        key, dice = stream.choice(keys), stream.random()
        if dice < 0.4:
            yield Invocation("read", key)
            continue
        value = next(values)
        is_write = dice < 0.8
        yield Invocation("write", key, value) if is_write else Invocation("cas", key, (seen[key], value))
        seen[key] = value
    for key in keys:
        yield Invocation("read", key)


class _Faults:
    """Draws faults one after the other; two may overlap."""

    def __init__(self, sim: Simulation, chaos: Chaos, stream: Random) -> None:
        self.done: list[tuple[int, str]] = []
        self._sim = sim
        self._chaos = chaos
        self._stream = stream
        self._over = False
        self._out: set[str] = set()  # nodes that were taken out of the cluster
        self._kinds: dict[str, Callable[[], None]] = {
            "split": self._split,
            "isolate": self._isolate_leader,
            "bridge": self._bridge,
            "one-way": self._one_way,
            "clients": self._clients_from_leader,
            "crash": self._crash,
            "crash-in-step": self._crash_in_step,
            "crash-all": self._crash_all,
            "pause": self._pause,
            "drift": self._drift,
            "remove": self._remove,
            "transfer": self._transfer,
        }

    def begin(self) -> None:
        """Plan the next fault."""
        self._sim.after(self._draw_ns(self._chaos.calm_ms), self._strike)

    def end(self) -> None:
        """No more faults; all is healed."""
        self._over = True
        self._sim.heal()
        for node in sorted(self._out):
            self._put_back(node)

    def _draw_ns(self, range_ms: tuple[int, int]) -> int:
        return self._stream.randint(range_ms[0] * MILLISECOND_NS, range_ms[1] * MILLISECOND_NS)

    def _strike(self) -> None:
        if not self._over:
            self._kinds[self._stream.choice(self._chaos.faults)]()
            self.begin()

    def _later(self, undo: Callable[[], None]) -> None:
        self._sim.after(self._draw_ns(self._chaos.fault_ms), lambda: None if self._over else undo())

    def _victim(self) -> str:
        """The leader as often as any node."""
        leader = self._sim.leader()
        return leader if leader and self._stream.random() < 0.5 else self._stream.choice(self._sim.members)

    def _note(self, what: str) -> None:
        self.done.append((self._sim.now, what))

    def _cut(self, what: str, links: list[tuple[str, str]]) -> None:
        self._note(f"{what}: {links}")
        self._sim.partition(links)
        self._later(lambda: self._sim.partition(()))

    def _two_sides(self, what: str, one: list[str]) -> None:
        other = [m for m in self._sim.members if m not in one]
        self._cut(what, [(a, b) for a in one for b in other] + [(b, a) for a in one for b in other])

    def _split(self) -> None:
        members = list(self._sim.members)
        self._stream.shuffle(members)
        self._two_sides("split", members[: self._stream.randint(1, len(members) - 1)])

    def _isolate_leader(self) -> None:
        self._two_sides("isolate", [self._sim.leader() or self._sim.members[0]])

    def _bridge(self) -> None:
        """Two halves that see each other only through one node."""
        members = list(self._sim.members)
        self._stream.shuffle(members)
        half = len(members) // 2
        one, other = members[:half], members[half + 1 :]
        self._cut("bridge", [(a, b) for a in one for b in other] + [(b, a) for a in one for b in other])

    def _one_way(self) -> None:
        victim = self._victim()
        others = [m for m in self._sim.members if m != victim]
        deaf = self._stream.random() < 0.5
        self._cut("one way", [(m, victim) if deaf else (victim, m) for m in others])

    def _clients_from_leader(self) -> None:
        victim = self._victim()
        links = [(CLIENTS, victim), (victim, CLIENTS)]
        self._cut("clients", links if self._stream.random() < 0.5 else links[1:])

    def _crash(self) -> None:
        victim = self._victim()
        self._note(f"crash {victim}")
        self._sim.crash(victim)
        self._later(lambda: self._sim.restart(victim))

    def _crash_in_step(self) -> None:
        victim = self._victim()
        self._note(f"crash {victim} within its next step")
        self._sim.crash_in_step(victim)
        self._later(lambda: self._sim.restart(victim))

    def _crash_all(self) -> None:
        self._note("crash all")
        for member in self._sim.members:
            self._sim.crash(member)
            self._later(lambda member=member: self._sim.restart(member))  # type: ignore[misc]

    def _pause(self) -> None:
        victim = self._victim()
        self._note(f"pause {victim}")
        self._sim.pause(victim)
        self._later(lambda: self._sim.resume(victim))

    def _drift(self) -> None:
        """The leader's clock slow and all others' fast, or as it comes."""
        leader = self._sim.leader() if self._stream.random() < 0.5 else None
        self._note("drift")
        for member in self._sim.members:
            way = self._stream.choice((-1, 0, 1)) if leader is None else (-1 if member == leader else 1)
            self._sim.set_clock(member, 1.0 + way * DRIFT)

    def _remove(self) -> None:
        """Take one node out of the cluster, and put it back later; one at a time."""
        if not self._out:
            victim = self._victim()
            self._note(f"remove {victim}")
            self._out.add(victim)
            self._administer(Invocation("members", "", ["remove", victim]), lambda _done: None)
            self._later(lambda: self._put_back(victim))

    def _put_back(self, node: str) -> None:
        def told(done: bool) -> None:
            if done:
                self._out.discard(node)
            else:
                self._sim.after(20 * MILLISECOND_NS, lambda: self._put_back(node))

        self._administer(Invocation("members", "", ["add", node]), told)

    def _transfer(self) -> None:
        target = self._stream.choice((None, *self._sim.members))
        self._note(f"transfer to {target}")
        self._administer(Invocation("transfer", "", target), lambda _done: None)

    def _administer(self, op: Invocation, told: Callable[[bool], None]) -> None:
        sim = self._sim
        home, addresses = sim.leader() or sim.members[0], dict.fromkeys(sim.members, "")
        logic = self._chaos.logic(ClientContext(-1, home, addresses, sim.options, ADMIN_NS / 1e9))
        Call(sim, logic, op, ADMIN_NS, lambda outcome, _value, _error: told(outcome == "ok"))
