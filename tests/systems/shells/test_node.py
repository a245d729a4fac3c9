"""The real shell: the order of effects, group commit, timers, and how it ends."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

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
    Trace,
)
from systems.shells.node import CoreFailed, NodeShell, StorageFailed

MS = 1_000_000


class Disk:
    """A write-ahead log that is as slow as the test wants."""

    path = Path("disk")

    def __init__(self, seen: list[Any]) -> None:
        self.records: list[Any] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fault: OSError | None = None
        self._seen = seen

    def append(self, records: Sequence[Any]) -> None:
        self._seen.append(("writing", tuple(records)))
        assert self.gate.wait(10)
        if self.fault:
            raise self.fault
        self._seen.append(("durable", tuple(records)))


class Log:
    """A structured log in memory."""

    def __init__(self, seen: list[Any]) -> None:
        self._seen = seen

    def write(self, event: str, fields: Any) -> None:
        self._seen.append(("log", event))


class Bench:
    """A shell around a core made of one function, and everything that was seen of it."""

    def __init__(self, step: Callable[[Event], list[Effect]]) -> None:
        self.seen: list[Any] = []
        self.events: list[Event] = []
        self.disk = Disk(self.seen)
        self._step = step

        self.shell = NodeShell(
            lambda config, records: self,  # type: ignore[arg-type]
            CoreConfig("n1", ("n1", "n2")),
            wal=self.disk,  # type: ignore[arg-type]
            log=Log(self.seen),  # type: ignore[arg-type]
            rng=random.Random(1),
            send=lambda to, message: self.seen.append(("send", message)),
        )

    def step(self, event: Event) -> list[Effect]:
        self.events.append(event)
        return self._step(event)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


def run(bench: Bench, scenario: Callable[[], Awaitable[None]]) -> None:
    async def both() -> None:
        running = asyncio.ensure_future(bench.shell.run())
        try:
            await scenario()
        finally:
            bench.disk.gate.set()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(both())


def scripted(table: dict[Any, list[Effect]]) -> Callable[[Event], list[Effect]]:
    return lambda event: table.get(event.message, []) if isinstance(event, Receive) else []


def test_nothing_behind_a_persist_happens_before_it_is_durable() -> None:
    effects: list[Effect] = [
        Send("n2", "early"),
        Persist("r1"),
        Send("n2", "late"),
        Trace("x"),
        Persist("r2"),
    ]
    bench = Bench(scripted({"go": [*effects, Send("n2", "last")]}))
    bench.disk.gate.clear()

    async def scenario() -> None:
        bench.shell.receive("n2", ["go"])
        await until(lambda: len(bench.seen) >= 2)
        await asyncio.sleep(0)
        assert bench.seen == [("send", "early"), ("writing", ("r1", "r2"))]
        bench.disk.gate.set()
        await until(lambda: ("send", "last") in bench.seen)

    run(bench, scenario)
    assert bench.seen[2:] == [("durable", ("r1", "r2")), ("send", "late"), ("log", "x"), ("send", "last")]


def test_events_that_arrive_during_a_sync_share_the_next_one() -> None:
    bench = Bench(scripted({m: [Persist(m), Send("n2", m)] for m in "abc"}))
    bench.disk.gate.clear()

    async def scenario() -> None:
        bench.shell.receive("n2", ["a"])
        await until(lambda: bench.seen == [("writing", ("a",))])
        bench.shell.receive("n2", ["b"])
        bench.shell.receive("n2", ["c"])
        bench.disk.gate.set()
        await until(lambda: ("send", "c") in bench.seen)

    run(bench, scenario)
    assert bench.seen == [
        ("writing", ("a",)),
        ("durable", ("a",)),
        ("send", "a"),
        ("writing", ("b", "c")),
        ("durable", ("b", "c")),
        ("send", "b"),
        ("send", "c"),
    ]


def test_without_persist_the_disk_is_left_alone() -> None:
    bench = Bench(scripted({"go": [Send("n2", "out")]}))

    async def scenario() -> None:
        bench.shell.receive("n2", ["go"])
        await until(lambda: bool(bench.seen))

    run(bench, scenario)
    assert bench.seen == [("send", "out")]
    assert bench.events[0] == Start()


def test_a_request_gets_the_cores_reply_and_a_cancelled_one_is_forgotten() -> None:
    def step(event: Event) -> list[Effect]:
        if isinstance(event, Request) and event.command == "answer me":
            return [Reply(event.request_id, "done"), Reply(event.request_id, "twice")]
        return []

    bench = Bench(step)

    async def scenario() -> None:
        assert await bench.shell.request("answer me") == "done"
        unanswered = asyncio.ensure_future(bench.shell.request("ignore me"))
        await until(lambda: len(bench.events) == 3)
        unanswered.cancel()
        await asyncio.gather(unanswered, return_exceptions=True)
        assert not bench.shell._waiting

    run(bench, scenario)


def test_a_timer_fires_once_and_not_when_cancelled_or_replaced() -> None:
    table: dict[Any, list[Effect]] = {
        "set": [SetTimer("t", MS, MS), SetTimer("gone", MS, MS), CancelTimer("gone")],
        "replace": [SetTimer("t", 20 * MS, 20 * MS)],
    }
    bench = Bench(scripted(table))

    async def scenario() -> None:
        bench.shell.receive("n2", ["set"])
        bench.shell.receive("n2", ["replace", "replace"])
        await until(lambda: TimerFired("t") in bench.events)
        bench.shell.receive("n2", ["nothing"])
        await until(lambda: len(bench.events) == 6)

    run(bench, scenario)
    assert [e for e in bench.events if isinstance(e, TimerFired)] == [TimerFired("t")]


def test_a_timer_that_ran_out_during_a_sync_can_still_be_replaced() -> None:
    table: dict[Any, list[Effect]] = {
        "set": [SetTimer("t", 200 * MS, 200 * MS), Persist("r")],
        "replace": [SetTimer("t", 1000_000 * MS, 1000_000 * MS)],
        "end": [Send("n2", "end")],
    }
    bench = Bench(scripted(table))
    bench.disk.gate.clear()

    async def scenario() -> None:
        bench.shell.receive("n2", ["set"])
        await until(lambda: bench.seen == [("writing", ("r",))])
        # The replacement stands in the inbox in front of the firing, both waiting for the disk.
        bench.shell.receive("n2", ["replace"])
        await until(lambda: len(bench.shell._inbox) == 2)
        bench.shell.receive("n2", ["end"])
        bench.disk.gate.set()
        await until(lambda: ("send", "end") in bench.seen)

    run(bench, scenario)
    assert not [e for e in bench.events if isinstance(e, TimerFired)]


def test_delays_come_from_the_seed_within_the_range() -> None:
    def delays(seed: int) -> list[float]:
        async def draw() -> list[float]:
            from systems.shells.timers import Timers

            loop, seen = asyncio.get_running_loop(), []
            timers = Timers(random.Random(seed), lambda due: None)
            for _ in range(20):
                before = loop.time()
                timers.set("t", 100 * MS, 200 * MS)
                seen.append(timers._live["t"][1].when() - before)
            timers.cancel("t")
            return seen

        return asyncio.run(draw())

    one, two, other = delays(1), delays(1), delays(2)
    assert all(0.1 <= d <= 0.21 for d in one)
    assert one == pytest.approx(two, abs=0.005)
    assert one != pytest.approx(other, abs=0.005)


def test_a_core_that_raises_ends_the_node() -> None:
    def step(event: Event) -> list[Effect]:
        raise ZeroDivisionError("boom")

    async def scenario() -> None:
        with pytest.raises(CoreFailed, match="at the event Start") as caught:
            await Bench(step).shell.run()
        assert isinstance(caught.value.__cause__, ZeroDivisionError)

    asyncio.run(scenario())


def test_a_disk_that_fails_ends_the_node_before_anything_is_sent() -> None:
    bench = Bench(lambda event: [Persist("r"), Send("n2", "late")])
    bench.disk.fault = OSError(28, "No space left on device")

    async def scenario() -> None:
        with pytest.raises(StorageFailed, match=r"cannot write disk: .*No space left"):
            await bench.shell.run()

    asyncio.run(scenario())
    assert bench.seen == [("writing", ("r",))]
