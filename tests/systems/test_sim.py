"""The simulating shell: determinism, crashes, pauses, cuts, and what drivers write down."""

from __future__ import annotations

import gc
import hashlib
import os
import subprocess
import sys
import weakref
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from checkers.history import Outcome
from systems import kv
from systems.api import Invocation
from systems.core import (
    CancelTimer,
    CoreConfig,
    Effect,
    Event,
    Persist,
    Receive,
    Reply,
    Request,
    Send,
    SetTimer,
    Start,
    TimerFired,
)
from systems.logic import Leading, Unreached
from systems.primary_backup.core import PrimaryBackupCore
from systems.raft.core import RaftCore
from systems.raft.logic import RaftLogic
from systems.shells.sim import CLIENTS, Simulation
from systems.shells.sim_chaos import Chaos, run_chaos
from systems.shells.sim_clients import Driver, MakeLogic, Patience, Recorder
from systems.shells.sim_parts import Disk, Network
from tests.systems.seeds import RAFT, SYNC

MS = 1_000_000
STEADY = Network(delay_ns=(MS, MS), slow=0.0, loss=0.0, duplicate=0.0)


class Note(msgspec.Struct, frozen=True, tag="note"):
    """Message and record of the `Diary`."""

    number: int


class Diary:
    """A core that writes down each request, then tells n2, then answers; a timer that ticks every 10 ms."""

    message_type = Note
    record_type = Note
    command_type = kv.Command

    def __init__(self, config: CoreConfig, records: Sequence[Note]) -> None:
        self.config = config
        self.restored = [r.number for r in records]
        self.heard: list[int] = []
        self.ticks = 0
        self.late = 0

    def step(self, event: Event) -> list[Effect]:
        match event:
            case Start():
                return [
                    SetTimer("tick", 10 * MS, 10 * MS),
                    SetTimer("never", 5 * MS, 5 * MS),
                    CancelTimer("never"),
                ]
            case TimerFired("late", _):
                self.late += 1
                return []
            case TimerFired(name, _):
                assert name == "tick"
                self.ticks += 1
                if self.ticks == 2:
                    return [SetTimer("tick", 10 * MS, 10 * MS), SetTimer("late", 12 * MS, 12 * MS)]
                return [SetTimer("tick", 10 * MS, 10 * MS)]
            case Receive(_, message):
                self.heard.append(message.number)
                return []
            case Request(request_id, command):
                note = Note(command.value)
                return [Persist(note), Send("n2", note), Reply(request_id, kv.Ok())]


def diary(network: Network = STEADY, seed: int = 1) -> Simulation:
    sim = Simulation(Diary, ("n1", "n2"), seed, network=network)
    sim.run_until(0)
    return sim


def core(sim: Simulation, name: str) -> Diary:
    found = sim.core(name)
    assert isinstance(found, Diary)
    return found


def ask(sim: Simulation, value: int, node: str = "n1") -> list[Any]:
    results: list[Any] = []
    sim.request(node, kv.Write("k", value), results.append)
    return results


@pytest.mark.parametrize("make", ["raft", "sync"])
def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(make: str) -> None:
    program = (
        "import hashlib\n"
        "from systems.primary_backup.core import PrimaryBackupCore\n"
        "from systems.raft.core import RaftCore\n"
        "from systems.shells.sim_chaos import run_chaos\n"
        "from tests.systems.seeds import RAFT, SYNC\n"
        f"factory, chaos = {{'raft': (RaftCore, RAFT), 'sync': (PrimaryBackupCore, SYNC)}}['{make}']\n"
        "texts = [run_chaos(factory, seed, chaos).trace for seed in (7, 8)]\n"
        "print(hashlib.sha256(''.join(texts).encode()).hexdigest(), len(texts[0]))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for hash_seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert int(outputs.pop().split()[1]) > 10_000


def test_another_seed_gives_another_run() -> None:
    traces = [hashlib.sha256(run_chaos(RaftCore, seed, RAFT).trace.encode()).digest() for seed in range(5)]
    assert len(set(traces)) == 5


@pytest.mark.parametrize(
    ("factory", "chaos"), [(RaftCore, RAFT), (PrimaryBackupCore, SYNC), (PrimaryBackupCore, Chaos())]
)
def test_messages_and_records_survive_the_wire(factory: Any, chaos: Chaos) -> None:
    """Encoding and decoding everything changes nothing at all."""
    plain = run_chaos(factory, 3, chaos)
    coded = run_chaos(factory, 3, replace(chaos, network=replace(chaos.network, wire=True)))
    assert plain.trace == coded.trace


def test_a_crash_keeps_what_was_persisted_and_nothing_else() -> None:
    sim = diary()
    answers = ask(sim, 5)
    sim.run_until(25 * MS)
    assert (answers, core(sim, "n2").heard, core(sim, "n1").ticks) == ([kv.Ok()], [5], 2)
    sim.crash("n1")
    refused = ask(sim, 6)
    sim.run_until(28 * MS)
    assert refused == [Unreached("cannot connect to n1")]
    sim.restart("n1")
    sim.run_until(37 * MS)
    assert (core(sim, "n1").restored, core(sim, "n1").ticks) == ([5], 0), (
        "the tick due at 30 ms must not fire"
    )
    assert core(sim, "n1").late == 0, "set before the crash for 32 ms"
    sim.run_until(38 * MS)
    assert core(sim, "n1").ticks == 1


def test_a_crash_within_a_step_cuts_the_effects_in_order() -> None:
    """Persist, Send, Reply: what was done is always a beginning of that list, and every beginning occurs."""
    seen = set()
    for seed in range(40):
        sim = diary(seed=seed)
        sim.crash_in_step("n1")
        answers = ask(sim, 5)
        sim.run_until(5 * MS)
        assert sim.core("n1") is None
        sim.restart("n1")
        seen.add((len(core(sim, "n1").restored), len(core(sim, "n2").heard), len(answers)))
    assert seen == {(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)}


def test_a_paused_node_does_nothing_until_it_is_resumed() -> None:
    sim = diary()
    sim.pause("n1")
    answers = ask(sim, 5)
    sim.run_until(35 * MS)
    assert (answers, core(sim, "n1").ticks) == ([], 0)
    sim.resume("n1")
    sim.run_until(37 * MS)
    assert (answers, core(sim, "n1").ticks) == ([kv.Ok()], 1), "a timer fires once, however late"


def slow_diary() -> Simulation:
    """A write takes 8 ms: one that is asked for at 0 is on the disk at 9 ms."""
    sim = Simulation(Diary, ("n1", "n2"), 1, network=STEADY, disk=Disk((8 * MS, 8 * MS)))
    sim.run_until(0)
    return sim


def test_what_stands_behind_a_write_waits_for_the_disk() -> None:
    sim = slow_diary()
    answers = ask(sim, 5)
    sim.run_until(9 * MS)
    assert (answers, core(sim, "n2").heard) == ([], [])
    sim.run_until(10 * MS)
    assert (answers, core(sim, "n2").heard) == ([kv.Ok()], [5])
    sim.crash("n1")
    sim.restart("n1")
    assert core(sim, "n1").restored == [5]


def test_a_write_under_way_in_a_crash_ends_nothing_of_the_next_incarnation() -> None:
    sim = slow_diary()
    answers = ask(sim, 5)
    sim.run_until(4 * MS)
    sim.crash("n1")
    sim.restart("n1")
    sim.run_until(30 * MS)
    assert (answers, core(sim, "n2").heard) == ([], [])


def test_the_end_of_a_write_waits_while_its_node_is_paused() -> None:
    sim = slow_diary()
    answers = ask(sim, 5)
    sim.run_until(4 * MS)
    sim.pause("n1")
    sim.run_until(30 * MS)
    assert (answers, core(sim, "n2").heard) == ([], [])
    sim.resume("n1")
    sim.run_until(31 * MS)
    assert (answers, core(sim, "n2").heard) == ([kv.Ok()], [5])


def test_a_simulation_that_ended_is_held_by_nothing_of_its_own() -> None:
    """A write whose end is frozen, a request without an answer, timers."""
    gc.disable()
    try:
        sim = slow_diary()
        sim.request("n1", kv.Write("k", 5), lambda _, sim=sim: None)  # type: ignore[misc]
        sim.run_until(4 * MS)
        sim.pause("n1")
        sim.run_until(12 * MS)
        sim.end()
        gone = weakref.ref(sim)
        del sim
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("cut", "heard", "answered"),
    [(("n1", "n2"), [], 1), (("n2", "n1"), [5], 1), ((CLIENTS, "n1"), [], 0), (("n1", CLIENTS), [5], 0)],
)
def test_a_cut_has_one_direction(cut: tuple[str, str], heard: list[int], answered: int) -> None:
    sim = diary()
    sim.partition([cut])
    answers = ask(sim, 5)
    sim.run_until(9 * MS)
    assert (core(sim, "n2").heard, len(answers)) == (heard, answered)
    sim.heal()
    later = ask(sim, 6)
    sim.run_until(19 * MS)
    assert core(sim, "n2").heard[-1:] == [6]
    assert later == [kv.Ok()]


def test_a_cut_takes_what_is_on_its_way() -> None:
    sim = diary()
    ask(sim, 5)
    sim.at(MS + 1, lambda: sim.partition([("n1", "n2")]))
    sim.at(MS + 2, sim.heal)
    sim.at(MS + 3, lambda: sim.partition([("n1", "n2")]))
    sim.run_until(9 * MS)
    assert core(sim, "n2").heard == []


def test_messages_are_lost_doubled_and_reordered_but_requests_are_not() -> None:
    sim = diary(Network(delay_ns=(MS, 30 * MS), slow=0.0, loss=0.2, duplicate=0.2))
    answers = [ask(sim, i) for i in range(200)]
    sim.run_until(100 * MS)
    heard = core(sim, "n2").heard
    assert all(results == [kv.Ok()] for results in answers)
    assert len(set(heard)) < 190
    assert len(heard) > len(set(heard))
    assert heard != sorted(heard)


def drive(
    sim: Simulation, operations: list[Invocation], logic: MakeLogic, patience: Patience, ms: int
) -> list[Any]:
    """One driver's rows as (f, input, output, outcome, process)."""
    recorder = Recorder()
    driver = Driver(sim, recorder, iter(operations), logic, "n1", Random(1), patience)
    sim.run_until(ms * MS)
    return [(op.f, op.input, op.output, op.outcome, op.process) for op in recorder.history([driver])]


def test_a_process_whose_write_has_no_answer_retires() -> None:
    sim = diary()
    sim.partition([("n1", CLIENTS), ("n2", CLIENTS)])
    sim.at(100 * MS, sim.heal)
    patience = Patience(operation_ns=60 * MS, think_ns=0)
    rows = drive(sim, [Invocation("write", "k", i) for i in (1, 2, 3)], Leading, patience, 300)
    assert rows == [
        ("write", 1, None, Outcome.INFO, 0),
        ("write", 2, None, Outcome.INFO, 1),
        ("write", 3, None, Outcome.OK, 2),
    ]


def test_what_no_node_took_is_a_fail_and_what_is_still_open_is_info() -> None:
    sim = diary()
    sim.crash("n1")
    sim.crash("n2")

    def come_back_mute() -> None:
        sim.heal()
        sim.partition([("n1", CLIENTS), ("n2", CLIENTS)])

    sim.at(200 * MS, come_back_mute)
    patience = Patience(operation_ns=190 * MS, think_ns=0)
    rows = drive(sim, [Invocation("write", "k", i) for i in (1, 2)], Leading, patience, 370)
    assert rows == [
        ("write", 1, None, Outcome.FAIL, 0),
        ("write", 2, None, Outcome.INFO, 0),
    ]


def test_a_session_asks_again_with_the_same_number() -> None:
    sim = Simulation(RaftCore, ("n1",), 5, {"election_ms": "50"}, STEADY)
    sim.at(150 * MS, lambda: sim.partition([("n1", CLIENTS)]))
    sim.at(250 * MS, sim.heal)
    patience = Patience(operation_ns=600 * MS, think_ns=0)
    operations = [Invocation("write", "k", i) for i in range(60)]
    rows = drive(sim, [*operations, Invocation("cas", "k", (59, 60))], RaftLogic, patience, 900)
    assert [row[3] for row in rows] == [Outcome.OK] * 61
    assert rows[-1][2] is True
    raft = sim.core("n1")
    assert isinstance(raft, RaftCore)
    assert raft.replica.log.last_index > 1 + 1 + 61, "at least one command was sent twice"
