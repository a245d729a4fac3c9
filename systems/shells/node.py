"""The real shell around a protocol core: real timers, a real disk, real peers.

One loop takes every event that waits, steps the core through them and performs the effects of the whole
batch in order, with the batch's records joined into one write and one fdatasync. That runs in a thread,
so the node keeps receiving; what arrives meanwhile is the next batch (group commit).

Laws:
- Nothing that stands behind a Persist or a Compact happens before that record, and every earlier one, is on
  stable storage. Effects in front of the batch's first such effect need not wait for the disk, and a batch
  without one does not touch it.
- Timers are the one effect taken out of turn, at the step that sets them: nobody outside can see a timer,
  and its firing is an event like any other, stepped only after this batch has been performed. So a timer
  that an earlier event of the batch replaced does not fire later in the same batch.
- A core that raises, or a disk that fails, ends the node: a node that limps on would be testing something
  else.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from systems.core import (
    CancelTimer,
    Compact,
    CoreConfig,
    CoreFactory,
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
from systems.shells.eventlog import EventLog
from systems.shells.timers import Due, Timers
from systems.shells.wal import WriteAheadLog


class CoreFailed(Exception):
    """The core raised; the cause is what it raised."""


class StorageFailed(Exception):
    """A record could not be made durable."""


class NodeShell:
    """Runs one core. Use it from the event loop's thread only."""

    def __init__(
        self,
        factory: CoreFactory,
        config: CoreConfig,
        *,
        wal: WriteAheadLog,
        log: EventLog,
        rng: random.Random,
        send: Callable[[str, Any], None],
    ) -> None:
        """`send(to, message)` must not block; it may lose the message. Raises CoreFailed for records the
        core rejects.
        """
        self._wal = wal
        self._log = log
        self._send = send
        self._inbox: list[Event | Due] = [Start(*_clocks())]
        self._wake = asyncio.Event()
        self._rng = rng
        self._timers = Timers(rng, self._put)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._requests = 0
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")
        try:
            self._core = factory(config, wal.records)
        except Exception as error:
            raise CoreFailed(f"restoring {len(wal.records)} records") from error

    def receive(self, sender: str, messages: Sequence[Any]) -> None:
        """`messages` arrived from the node `sender`, in this order."""
        now_ns, wall_ns = _clocks()
        self._inbox.extend(Receive(sender, message, now_ns, wall_ns) for message in messages)
        self._wake.set()

    async def request(self, command: Any) -> Any:
        """The core's answer to a client's `command`; waits until it gives one. Cancel it when the client
        is gone.
        """
        self._requests += 1
        request_id = self._requests
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        self._put(Request(request_id, command, *_clocks()))
        try:
            return await answer
        finally:
            self._waiting.pop(request_id, None)

    async def run(self) -> None:
        """Run until cancelled. Raises CoreFailed or StorageFailed."""
        try:
            while True:
                await self._wake_up()
                batch, self._inbox = self._inbox, []
                await self._perform(self._step(batch))
        finally:
            self._disk.shutdown()  # waits for the write under way: its file is about to be closed

    def _put(self, event: Event | Due) -> None:
        self._inbox.append(event)
        self._wake.set()

    async def _wake_up(self) -> None:
        while not self._inbox:
            self._wake.clear()
            await self._wake.wait()

    def _step(self, batch: Sequence[Event | Due]) -> list[Effect]:
        """Step the core through `batch`; its effects in order, timers already taken out."""
        effects: list[Effect] = []
        for item in batch:
            event = item
            if isinstance(event, Due):
                if not self._timers.claim(event):
                    continue
                event = TimerFired(event.name, self._rng.getrandbits(32), *_clocks())
            try:
                step = self._core.step(event)
            except Exception as error:
                raise CoreFailed(f"at the event {event!r}") from error
            for effect in step:
                if isinstance(effect, SetTimer):
                    self._timers.set(effect.name, effect.low_ns, effect.high_ns)
                elif isinstance(effect, CancelTimer):
                    self._timers.cancel(effect.name)
                else:
                    effects.append(effect)
        return effects

    async def _perform(self, effects: Sequence[Effect]) -> None:
        durable = (i for i, effect in enumerate(effects) if isinstance(effect, Persist | Compact))
        first = next(durable, len(effects))
        self._emit(effects[:first])
        if first == len(effects):
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._store, effects[first:])
        except OSError as error:
            raise StorageFailed(f"cannot write {self._wal.path}: {error}") from error
        self._emit(effects[first:])

    def _store(self, effects: Sequence[Effect]) -> None:
        """Make the records of `effects` durable, in one go. Raises OSError."""
        records: list[Any] = []
        replaces = False
        for effect in effects:
            if isinstance(effect, Persist):
                records.append(effect.record)
            elif isinstance(effect, Compact):
                records, replaces = list(effect.records), True
        (self._wal.rewrite if replaces else self._wal.append)(records)

    def _emit(self, effects: Sequence[Effect]) -> None:
        """Perform what goes to others, in order."""
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect.to, effect.message)
            elif isinstance(effect, Reply):
                answer = self._waiting.pop(effect.request_id, None)
                # Without a waiter the client has gone away, or its request has been answered before.
                if answer is not None and not answer.done():
                    answer.set_result(effect.result)
            elif isinstance(effect, Trace):
                self._log.write(effect.event, effect.fields)


def _clocks() -> tuple[int, int]:
    """Monotonic and wall clock, in ns."""
    return time.monotonic_ns(), time.time_ns()
