"""Who performs the next operation, and when: the decisions of a run, without clock or I/O.

Each of the `clients` slots is a line of processes, one after another. Invariants:
- a process has at most one operation open; one whose operation ended INFO never acts again: its slot goes on
  with a process number that was never used before;
- no operation begins at or after the stop time, whatever is due;
- a slot's due times come from its own stream, so one slow slot moves no other; a slot that is late does not
  catch up.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.workload import Generator
from systems.api import Invocation

SECOND_NS = 1_000_000_000
FAIL_REST_NS = 20_000_000  # an unthrottled client that is refused at once would otherwise do nothing else


@dataclass(frozen=True, slots=True)
class Act:
    """Perform `op` now, as `process`."""

    process: int
    op: Invocation


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again at `until_ns`."""

    until_ns: int


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more for this slot."""


Decision = Act | Wait | Done
OutcomeWord = Literal["ok", "fail", "info"]


class Dispatch:
    """Decides for `clients` slots at `rate` operations per second altogether (0: as fast as they answer)."""

    def __init__(
        self, generator: Generator, rngs: Sequence[random.Random], *, rate: float, start_ns: int
    ) -> None:
        self._generator = generator
        self._rngs = rngs
        self._clients = len(rngs)
        self._slot_rate = rate / self._clients
        self._process = list(range(self._clients))
        self._key = [""] * self._clients  # of the last operation
        self._stop_ns: int | None = None
        self._due = [start_ns + self._gap(slot) for slot in range(self._clients)]

    def _gap(self, slot: int) -> int:
        """Time to the slot's next operation: exponential, as of independent clients."""
        if self._slot_rate == 0:
            return 0
        return int(self._rngs[slot].expovariate(self._slot_rate) * SECOND_NS)

    def stop_at(self, time_ns: int) -> None:
        """No operation begins at `time_ns` or later."""
        self._stop_ns = time_ns

    def process_of(self, slot: int) -> int:
        """The process that acts for `slot` now."""
        return self._process[slot]

    @property
    def unused_process(self) -> int:
        """A process number that, like those behind it, nobody has used."""
        return max(self._process) + self._clients

    def next(self, slot: int, now_ns: int) -> Decision:
        """What `slot`, which has no operation open, does at `now_ns`."""
        if self._stop_ns is not None and now_ns >= self._stop_ns:
            return Done()
        due = self._due[slot]
        if due > now_ns:
            return Wait(due)
        self._due[slot] = now_ns + self._gap(slot)
        op = self._generator.next()
        self._key[slot] = op.key
        return Act(self._process[slot], op)

    def complete(self, slot: int, outcome: OutcomeWord, now_ns: int) -> None:
        """The slot's operation ended at `now_ns`."""
        if outcome == "info":
            self._process[slot] += self._clients
            self._generator.unknown(self._key[slot])
        elif outcome == "fail":
            self._due[slot] = max(self._due[slot], now_ns + FAIL_REST_NS)
