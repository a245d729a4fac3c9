"""One question from a file, judged here and now; prints a `Cost` as JSON.

    python -m benchmarks.lincheck.child QUESTION.npz RUNS SECONDS MEGABYTES

Invariants: nothing but the columns of the question is in memory when the search begins.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, fields

import numpy as np

from benchmarks.lincheck.columns import NIL, Columns, Registers
from benchmarks.lincheck.isolation import Cost, best_of, peak_mb
from checkers.history import OPEN_NS
from checkers.lincheck import jit
from checkers.lincheck.lanes import zones
from checkers.lincheck.question import guard_question
from checkers.lincheck.solve import Found, solve

WARM_UP = 1_000
MEMORY = 1 << 30


def searched(columns: Columns, time_s: float, memory: int) -> Found:
    """The search, from columns to the verdict, interning included. memory: bytes."""
    until = time.perf_counter() + time_s
    c = columns
    question = guard_question(c.call, c.ret, c.expect, c.forbid, c.assign, NIL)
    return solve(question, tick=lambda _s, _e: time.perf_counter() < until, memory=memory, want_order=False)


def search(columns: Columns, runs: int, time_s: float, memory_mb: int) -> Cost:
    """The cost of `searched`; the compiled kernel, whatever the size, loaded by a first few operations."""
    jit.compiled()
    searched(Columns(*(getattr(columns, field.name)[:WARM_UP] for field in fields(columns))), time_s, MEMORY)
    found, ms, done = best_of(lambda: searched(columns, time_s, memory_mb << 20), runs)
    returns = int(np.count_nonzero(columns.ret != OPEN_NS))
    return Cost(found.legal, found.why, ms, done, peak_mb(), found.events, returns, found.algorithm)


def lane(made: Registers, runs: int) -> Cost:
    """The cost of the lane of registers."""
    decided, ms, done = best_of(
        lambda: zones.registers(made.call, made.ret, made.writes, made.value, NIL), runs
    )
    legal = None if decided is None else decided.legal
    n = len(made.call)
    return Cost(legal, "" if decided else "no lane", ms, done, peak_mb(), n if decided else 0, n, "zones")


def main(argv: list[str]) -> None:
    """See the module."""
    file, runs, time_s, memory_mb = argv[0], int(argv[1]), float(argv[2]), int(argv[3])
    with np.load(file) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    if "writes" in held:
        cost = lane(Registers(**held), runs)
    else:
        cost = search(Columns(**held), runs, time_s, memory_mb)
    print(json.dumps(asdict(cost)))


if __name__ == "__main__":
    main(sys.argv[1:])
