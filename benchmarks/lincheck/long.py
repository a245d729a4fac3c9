"""Part 3: cost against length, up to ten million operations, each history in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.lincheck.columns import Columns, columns_of, joined, registers
from benchmarks.lincheck.figures import Goal, Report, number, ratio, times
from benchmarks.lincheck.isolation import Allowed, Cost, judged
from benchmarks.lincheck.material import NEW_SEED, Peer, Shape, generated, reference

CLIENTS, VALUES, RUNS = 10, 5, 3
MILLION = 1_000_000
LENGTHS = (1_000, 10_000, 100_000, MILLION, 10 * MILLION)
QUICK_LENGTHS = LENGTHS[:3]
SEARCHED, UNIQUE = "5 values", "unique"
LIMITS = Allowed(RUNS, 300.0, 8192)


@dataclass(frozen=True, slots=True)
class Row:
    """One history. peer: Porcupine at this shape, if there is a figure."""

    kind: str
    ops: int
    bad: bool
    cost: Cost
    peer: Peer | None

    @property
    def ns_per_op(self) -> float | None:
        """None if it was not decided."""
        return None if self.cost.ms is None or self.cost.legal is None else self.cost.ms * 1e6 / self.ops


def measure(quick: bool) -> Iterator[Row]:
    """Both kinds, by length."""
    limits = Allowed(1, LIMITS.time_s, LIMITS.memory_mb) if quick else LIMITS
    peers = reference()
    judged(columns_of(generated(Shape(1000, 5, 5, 50, True), 1)[0]), limits)  # compiles, if need be
    for kind in (SEARCHED, UNIQUE):
        for ops in QUICK_LENGTHS if quick else LENGTHS:
            for bad in (False, True):
                shape = Shape(ops, CLIENTS, VALUES, 0, bad)
                question = (
                    searched(shape) if kind == SEARCHED else registers(ops, CLIENTS, bad, ops + NEW_SEED)
                )
                peer = peers.get(shape) if kind == SEARCHED else None
                yield Row(kind, ops, bad, judged(question, limits), peer)


def searched(shape: Shape, block: int = MILLION) -> Columns:
    """A history of the shared generator; a longer one than `block` is blocks of so many operations, joined,
    of which only the last is illegal if the shape is.
    """

    def one(ops: int, bad: bool) -> Columns:
        part = Shape(ops, shape.clients, shape.domain, shape.crashed, bad)
        return columns_of(generated(part, part.seed + NEW_SEED)[0])

    if shape.ops <= block:
        return one(shape.ops, shape.bad)
    legal = one(block, False)
    return joined([legal] * (shape.ops // block - 1) + [one(block, True) if shape.bad else legal])


def report(rows: Sequence[Row]) -> Report:
    """Nanoseconds per operation, by length."""
    by_size = {(row.kind, row.ops, row.bad): row for row in rows}
    goals = [
        goal
        for kind, ops, limit_mb in ((SEARCHED, MILLION, 1024), (UNIQUE, 10 * MILLION, 4096))
        for bad in (False, True)
        for goal in _goals(by_size.get((kind, ops, bad)), limit_mb)
    ]
    return Report(
        f"cost against length, {CLIENTS} clients",
        (
            "5 values: read, write, cas; ms from columns to the verdict, interning included, by the search",
            "unique: read, write, every written value new; ms of lanes.zones.registers on its columns",
            f"beyond {MILLION:,} operations of 5 values: blocks of so many, joined by a write of nil",
            f"best of up to {RUNS} after a warm-up (of one run if it takes more than 5 s)",
            "peak: MB of the whole process, Python, numpy, numba and the columns included",
        ),
        ("history", "porcupine", "ms", "ratio", "ns/op", "peak", "verdict"),
        [_line(row) for row in rows],
        goals,
        [_name(row) for row in rows if row.cost.legal is not None and row.cost.legal is row.bad],
        rows,
    )


def _goals(row: Row | None, limit_mb: int) -> list[Goal]:
    if row is None:
        return []
    s = None if row.cost.ms is None or row.cost.legal is None else row.cost.ms / 1e3
    name = _name(row)
    return [
        Goal(f"{name}: time", s, 2, True, " s"),
        Goal(f"{name}: peak", row.cost.peak_mb, limit_mb, True, " MB"),
    ]


def _name(row: Row) -> str:
    return f"{row.kind}, {row.ops:,} ops, {'illegal' if row.bad else 'legal'}"


def _line(row: Row) -> tuple[str, ...]:
    cost, peer = row.cost, row.peer
    theirs = "" if peer is None else number(peer.ms) if peer.decided else "gave up" if peer.ms else "memory"
    faster = times(ratio(peer.ms, cost.ms) if peer and peer.decided and cost.legal is not None else None)
    verdict = {True: "legal", False: "illegal", None: f"- ({cost.why})"}[cost.legal]
    return (_name(row), theirs, number(cost.ms), faster, number(row.ns_per_op), number(cost.peak_mb), verdict)
