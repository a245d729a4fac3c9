"""Who performs the next operation of a scripted run: as `harness.run.dispatch`, but from a list.

Invariants: those of a dispatch; the operations of a slot are performed in their order, none before its time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from harness.plan import ScriptedOp
from harness.run.dispatch import Act, Decision, Done, OutcomeWord, Wait
from systems.api import Invocation


class Script:
    """Deals `ops` out to `slots` slots."""

    def __init__(self, ops: Iterable[ScriptedOp], slots: int, start_ns: int) -> None:
        self._queues: list[deque[ScriptedOp]] = [deque() for _ in range(slots)]
        for op in ops:
            self._queues[op.slot].append(op)
        self._slots = slots
        self._start_ns = start_ns
        self._process = list(range(slots))
        self._stop_ns: int | None = None

    @property
    def unused_process(self) -> int:
        """A process number that, like those behind it, nobody has used."""
        return max(self._process) + self._slots

    def stop_at(self, time_ns: int) -> None:
        """No operation begins at `time_ns` or later."""
        self._stop_ns = time_ns

    def process_of(self, slot: int) -> int:
        """The process that acts for `slot` now."""
        return self._process[slot]

    def next(self, slot: int, now_ns: int) -> Decision:
        """What `slot`, which has no operation open, does at `now_ns`."""
        queue = self._queues[slot]
        if not queue or (self._stop_ns is not None and now_ns >= self._stop_ns):
            return Done()
        if self._start_ns + queue[0].at_ns > now_ns:
            return Wait(self._start_ns + queue[0].at_ns)
        op = queue.popleft()
        return Act(self._process[slot], Invocation(op.f, op.key, op.value))

    def complete(self, slot: int, outcome: OutcomeWord, now_ns: int) -> None:  # noqa: ARG002
        """The slot's operation ended at `now_ns`."""
        if outcome == "info":
            self._process[slot] += self._slots
