"""One core, quiet timing, and questions judged in a process of their own, whose peak of memory is theirs.

Invariants: a child never outlives the call that started it; its seconds and megabytes are limited.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.lincheck.columns import Columns, Registers

T = TypeVar("T")
SLOW_S = 5.0  # a first run that takes longer is no warm-up, and not repeated
ROOT = Path(__file__).resolve().parents[2]  # of the repository, where children find what they import
GRACE_S = 120.0  # for starting, loading and what the search does between two looks at the clock


def pin() -> int:
    """Stay on one core, children included; its number."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def clocked(call: Callable[[], T]) -> tuple[T, float]:
    """What `call` returns, and its ms."""
    begun = time.perf_counter_ns()
    result = call()
    return result, (time.perf_counter_ns() - begun) / 1e6


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No collection of garbage falls into what is timed here."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def best_of(call: Callable[[], T], runs: int) -> tuple[T, float, int]:
    """The last result, the best ms, and of how many runs; the first run is a warm-up unless it is slow."""
    with uncollected():
        result, ms = clocked(call)
        if ms > SLOW_S * 1e3:
            return result, ms, 1
        spent, done, best = ms, 0, float("inf")
        while done < runs and (not done or spent < 2 * SLOW_S * 1e3):
            result, ms = clocked(call)
            spent, done, best = spent + ms, done + 1, min(best, ms)
        return result, best, done


def peak_mb() -> float:
    """The most memory this process has held since it began its program (VmHWM), in MB of 2**20 bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status names no VmHWM")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a child came to. legal: None if undecided, `why` says why. ms: best of `runs`. events (of
    `returns`): how far an undecided search came.
    """

    legal: bool | None
    why: str
    ms: float | None
    runs: int
    peak_mb: float | None
    events: int
    returns: int
    algorithm: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a child may cost."""

    runs: int
    time_s: float
    memory_mb: int


def judged(question: Columns | Registers, allowed: Allowed) -> Cost:
    """`question` in a process of its own (`benchmarks.lincheck.child`).

    One that fails, is out of time or is killed is an undecided Cost.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "question.npz"
        names = [field.name for field in fields(question)]
        np.savez(file, **{name: getattr(question, name) for name in names})
        numbers = (allowed.runs, allowed.time_s, allowed.memory_mb)
        argv = [sys.executable, "-m", "benchmarks.lincheck.child", str(file), *map(str, numbers)]
        try:
            ended = subprocess.run(
                argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=allowed.time_s + GRACE_S
            )
        except subprocess.TimeoutExpired:
            return _no_cost("killed, far beyond its time")
    if ended.returncode < 0:
        return _no_cost(f"killed by signal {-ended.returncode}")
    if ended.returncode:
        print(ended.stderr, file=sys.stderr)
        return _no_cost("it failed, see standard error")
    return Cost(**json.loads(ended.stdout))


def _no_cost(why: str) -> Cost:
    return Cost(None, why, None, 0, None, 0, 0, "")
