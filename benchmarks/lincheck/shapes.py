"""Part 2: the shapes of the reference, other seeds, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.lincheck.columns import columns_of
from benchmarks.lincheck.figures import Goal, Report, geometric_mean, least, most, number, ratio, times
from benchmarks.lincheck.isolation import Allowed, Cost, judged
from benchmarks.lincheck.material import NEW_SEED, Peer, Shape, generated, reference

RUNS, TIME_S, MEMORY_MB = 5, 60.0, 2048
QUICK_OPS, MANY = 10_000, 50


@dataclass(frozen=True, slots=True)
class Row:
    """One shape: Porcupine's figure for the seed of the reference, our cost for the new one."""

    shape: Shape
    seed: int
    peer: Peer
    cost: Cost

    @property
    def ratio(self) -> float | None:
        """A lower bound where Porcupine gave up."""
        return ratio(self.peer.ms, self.cost.ms) if self.cost.legal is not None else None

    @property
    def within(self) -> bool:
        """Decided in the time and memory that are allowed; memory is all that the process held."""
        ms, peak = self.cost.ms, self.cost.peak_mb
        in_time = ms is not None and ms <= TIME_S * 1e3
        return self.cost.legal is not None and in_time and peak is not None and peak <= MEMORY_MB


def measure(quick: bool) -> Iterator[Row]:
    """Small shapes first."""
    peers = reference()
    judged(columns_of(generated(Shape(1000, 5, 5, 50, True), 1)[0]), Allowed(1, TIME_S, MEMORY_MB))
    for shape in sorted(
        peers, key=lambda s: (s.clients >= MANY, s.ops, s.crashed, s.clients, s.domain, s.bad)
    ):
        if quick and (shape.ops > QUICK_OPS or shape.clients >= MANY):
            continue
        rows, seed = generated(shape, shape.seed + NEW_SEED)
        columns = columns_of(rows)
        del rows
        cost = judged(columns, Allowed(1 if quick else RUNS, TIME_S, MEMORY_MB))
        yield Row(shape, seed, peers[shape], cost)


def is_many(row: Row) -> bool:
    """Of the shapes that are only tried: 50 clients over five values."""
    return row.shape.clients >= MANY and row.shape.domain > 0


def report(rows: Sequence[Row]) -> Report:
    """Every shape, and the means over those that Porcupine decided."""
    known = [row for row in rows if row.peer.decided]
    rest = [row for row in rows if not row.peer.decided and not is_many(row)]
    late = [row.shape.words() for row in rest if not row.within]
    many = [row for row in rows if is_many(row)]
    share = sum(row.within for row in rest) / len(rest) if rest else None
    worst = [row.cost.ms if row.within else None for row in rest]
    peaks = [row.cost.peak_mb for row in rest]
    return Report(
        "generated shapes",
        (
            f"seeds: those of the reference + {NEW_SEED:,}; ms: columns to verdict, interning included",
            f"best of up to {RUNS} after a warm-up (of one run if it takes more than 5 s)",
            "compiled kernel; no lane takes these shapes",
            "peak: MB of the whole process, Python, numpy, numba and the columns included",
            f"limits: {TIME_S:g} s, {MEMORY_MB} MB",
            "gave up: Porcupine after 60 s, 30 s with crashed operations; the ratio is a lower bound (>)",
            "memory: Porcupine passed 12 GB",
            *(f"not decided within the limits: {words}" for words in late),
            *(f"{MANY} clients, {row.shape.domain} values: {_how_far(row)}" for row in many),
        ),
        ("shape", "porcupine", "its MB", "search", "ratio", "peak", "by", "verdict"),
        [_line(row) for row in rows],
        (
            Goal(
                "geometric mean, Porcupine decided", geometric_mean(r.ratio for r in known), 100, False, "x"
            ),
            Goal("worst ratio, Porcupine decided", least(row.ratio for row in known), 1, False, "x"),
            Goal("decided where Porcupine did not", share and share * 100, 100, False, " %"),
            Goal("slowest of these", _seconds(most(worst)), TIME_S, True, " s"),
            Goal("highest peak of these", most(peaks), MEMORY_MB, True, " MB"),
        ),
        [
            f"{row.shape.words()}, seed {row.seed}"
            for row in rows
            if row.cost.legal is not None and row.cost.legal is row.shape.bad
        ],
        rows,
    )


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1e3


def _line(row: Row) -> tuple[str, ...]:
    cost, peer = row.cost, row.peer
    theirs = number(peer.ms) if peer.decided else "gave up" if peer.ms else "memory"
    verdict = {True: "legal", False: "illegal", None: f"- ({cost.why})"}[cost.legal]
    ours = (number(cost.ms), times(row.ratio, more=not peer.decided), number(cost.peak_mb))
    return (row.shape.words(), theirs, number(peer.peak_mb), *ours, cost.algorithm, verdict)


def _how_far(row: Row) -> str:
    """In words."""
    cost, words = row.cost, row.shape.words()
    if cost.legal is not None:
        return f"{words}: decided in {number(_seconds(cost.ms))} s, {number(cost.peak_mb)} MB"
    far = f"{cost.events:,} of {cost.returns:,} returns" if cost.returns else "nobody knows how far"
    return f"{words}: undecided ({cost.why}) after {number(_seconds(cost.ms))} s, {far}"
