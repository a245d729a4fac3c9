"""Part 4: a thousand operations of which fifty never returned, over five values."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.lincheck.child import searched
from benchmarks.lincheck.columns import columns_of
from benchmarks.lincheck.figures import Goal, Report, most, number, ratio, times
from benchmarks.lincheck.isolation import best_of
from benchmarks.lincheck.material import NEW_SEED, Peer, Shape, generated, reference
from checkers.lincheck import jit

SHAPE = Shape(1_000, 5, 5, 50, False)
SEEDS, QUICK_SEEDS, RUNS, TIME_S, MEMORY = 20, 3, 3, 30.0, 4 << 30
BOUND_MS = 100.0


@dataclass(frozen=True, slots=True)
class Row:
    """One history. ms: None if it was not decided."""

    bad: bool
    seed: int
    legal: bool | None
    ms: float | None
    algorithm: str
    peer: Peer | None


def measure(quick: bool) -> Iterator[Row]:
    """Legal ones first."""
    jit.compiled()
    peers = reference()
    for bad in (False, True):
        shape = Shape(SHAPE.ops, SHAPE.clients, SHAPE.domain, SHAPE.crashed, bad)
        for k in range(QUICK_SEEDS if quick else SEEDS):
            rows, seed = generated(shape, shape.seed + NEW_SEED + 1_000 * k)
            columns = columns_of(rows)
            found, ms, _ = best_of(partial(searched, columns, TIME_S, MEMORY), RUNS)
            decided = ms if found.legal is not None else None
            yield Row(bad, seed, found.legal, decided, found.algorithm, peers.get(shape))


def report(rows: Sequence[Row]) -> Report:
    """Median and worst of both kinds."""
    lines, goals = [], []
    for bad, name in ((False, "legal"), (True, "illegal")):
        some = [row for row in rows if row.bad is bad]
        if not some:
            continue
        worst = most(row.ms for row in some)
        middle = statistics.median(row.ms if row.ms is not None else TIME_S * 1e3 for row in some)
        slowest = max(some, key=lambda row: row.ms if row.ms is not None else float("inf"))
        peer = some[0].peer
        theirs = "" if peer is None else number(peer.ms) if peer.decided else f"> {number(peer.ms)}"
        faster = times(ratio(peer.ms if peer else None, middle), more=peer is not None and not peer.decided)
        undecided = sum(row.legal is None for row in some)
        figures = (theirs, number(middle), faster, number(worst), str(slowest.seed), str(undecided))
        lines.append((f"{name}, {len(some)} seeds", *figures))
        goals.append(Goal(f"{name}: worst", worst, BOUND_MS, True, " ms"))
    return Report(
        SHAPE.words().rsplit(",", 1)[0],
        (
            "ms from columns to the verdict, interning included; compiled kernel",
            f"best of {RUNS} after a warm-up; at most {TIME_S:g} s each",
            "porcupine: its figure for the one seed of the reference",
        ),
        ("histories", "porcupine", "median", "ratio", "worst", "worst seed", "undecided"),
        lines,
        goals,
        [f"seed {row.seed}" for row in rows if row.legal is not None and row.legal is row.bad],
        rows,
    )
