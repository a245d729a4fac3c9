"""How much a question may cost: placements, seconds, megabytes; and how far it has come.

Invariants: values only; the clock is the caller's (`checkers.lincheck.clock`), so that a budget of steps
gives the same answer every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Algorithm = Literal["auto", "dfs", "bfs", "lane"]


@dataclass(frozen=True, slots=True)
class Limits:
    """None: no limit. max_steps: placements tried per key. time_s: for the whole history, explanation
    included. memory_mb: what the search itself may hold, all keys together.
    """

    max_steps: int | None = None
    time_s: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check has come. `keys_done` of `keys` are decided, `ops_done` of `ops` operations placed."""

    keys: int
    keys_done: int
    ops: int
    ops_done: int


Report = Callable[[Progress], None]
