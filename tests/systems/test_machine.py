"""The seam of state machines: registers are one, and both replications carry another."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from systems import kv
from systems.api import ClientContext, Invocation
from systems.core import MILLISECOND_NS, CoreFactory
from systems.logic import Leading, Steps
from systems.machine import MESSAGE_BYTES, Kind
from systems.primary_backup import sync_core
from systems.raft import core as raft_core
from systems.raft.logic import RaftLogic
from systems.shells.sim import Simulation
from systems.shells.sim_clients import Call
from systems.shells.sim_parts import Network

NODES = ("n1", "n2", "n3")


class Add(msgspec.Struct, frozen=True, tag="add", array_like=True):
    """Add `delta`; the answer is the sum."""

    delta: int


class Sum(msgspec.Struct, frozen=True, tag="sum", array_like=True):
    """The sum."""


class Counter:
    """Starts at the option `start`."""

    def __init__(self, start: int) -> None:
        self.sum = start

    def apply(self, command: Add | Sum) -> kv.Ok:
        if isinstance(command, Add):
            self.sum += command.delta
        return kv.Ok(self.sum)

    def dump(self) -> bytes:
        return str(self.sum).encode()

    def load(self, dump: bytes) -> None:
        self.sum = int(dump)


COUNTER = Kind(lambda options: Counter(int(options["start"])), Add, Sum)
HEAVY = Kind(COUNTER.make, Add, Sum, weigh=lambda _command: MESSAGE_BYTES)


class Raft(RaftLogic):
    def perform(self, op: Invocation) -> Steps:
        return (yield from count(self, op))


class Backups(Leading):
    def perform(self, op: Invocation) -> Steps:
        return (yield from count(self, op))


def count(logic: Leading, op: Invocation) -> Steps:
    if op.f == "read":
        return (yield from logic.read(Sum()))
    return (yield from logic.change(Add(op.value)))


def test_registers_come_back_from_their_dump() -> None:
    one, other = kv.Store(), kv.Store()
    for key, value in (("a", 1), ("b", "two"), ("c", None)):
        one.apply(kv.Write(key, value))
    other.apply(kv.Write("d", 4))
    other.load(one.dump())
    one.apply(kv.Write("a", 5))
    assert other.values == {"a": 1, "b": "two", "c": None}


def test_a_message_holds_so_many_bytes_of_changes_but_at_least_one() -> None:
    kind = Kind(COUNTER.make, Add, Sum, weigh=lambda command: command.delta)
    half = MESSAGE_BYTES // 2
    assert kind.fitting([Add(half), Add(half), Add(1)]) == 2
    assert kind.fitting([Add(half), None, Add(half), None]) == 4
    assert kind.fitting([Add(2 * MESSAGE_BYTES), Add(1)]) == 1
    assert kind.fitting([]) == 0
    assert COUNTER.fitting([Add(2 * MESSAGE_BYTES)] * 3) == 3


@pytest.mark.parametrize(
    ("factory", "make"), [(raft_core.replicating(COUNTER), Raft), (sync_core.replicating(COUNTER), Backups)]
)
def test_another_machine_is_replicated_over_wire_and_disk(factory: CoreFactory, make: type[Leading]) -> None:
    sim = Simulation(factory, NODES, 1, {"start": "10"}, Network(loss=0, duplicate=0, wire=True))
    sim.run_until(3000 * MILLISECOND_NS)
    logic = make(ClientContext(0, "n1", dict.fromkeys(NODES, ""), {}, 1.0))
    values: list[Any] = []
    for op in (Invocation("increment", "c", 5), Invocation("increment", "c", 6), Invocation("read", "c")):
        Call(sim, logic, op, 1000 * MILLISECOND_NS, lambda outcome, value, error: values.append(value))
        sim.run_until(sim.now + 1000 * MILLISECOND_NS)
    for node in NODES:
        sim.crash(node)
        sim.restart(node)
    sim.run_until(sim.now + 3000 * MILLISECOND_NS)
    Call(sim, logic, Invocation("read", "c"), 1000 * MILLISECOND_NS, lambda o, value, e: values.append(value))
    sim.run_until(sim.now + 1000 * MILLISECOND_NS)
    assert values == [15, 21, 21, 21]


@pytest.mark.parametrize("factory", [raft_core.replicating(HEAVY), sync_core.replicating(HEAVY)])
def test_large_changes_travel_one_by_one_to_a_node_that_was_away(factory: CoreFactory) -> None:
    sim = Simulation(factory, NODES, 1, {"start": "0"}, Network(loss=0, duplicate=0, wire=True))
    sim.run_until(3000 * MILLISECOND_NS)
    leader = sim.leader()
    assert leader is not None
    away = next(node for node in NODES if node != leader)
    sim.crash(away)
    sim.run_until(sim.now + 1000 * MILLISECOND_NS)
    sizes: list[int] = []
    observe = sim._send

    def send(source: str, target: str, message: Any) -> None:
        sizes.append(str(message).count("Add("))
        observe(source, target, message)

    logic = (Raft if "raft" in factory.__module__ else Backups)(
        ClientContext(0, leader, dict.fromkeys(NODES, ""), {}, 1.0)
    )
    for _ in range(5):
        Call(sim, logic, Invocation("increment", "c", 1), 1000 * MILLISECOND_NS, lambda o, v, e: None)
        sim.run_until(sim.now + 1000 * MILLISECOND_NS)
    sim._send = send  # type: ignore[method-assign]
    sim.restart(away)
    sim.run_until(sim.now + 2000 * MILLISECOND_NS)
    assert max(sizes) == 1
    assert sum(sizes) >= 5
