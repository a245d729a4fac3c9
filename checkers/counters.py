"""The claim that a replicated counter counts every acknowledged increment once.

After Jepsen's `counter` checker, which gives bounds; here the final reads are held to the exact sums as well.
A final read is the sum of all increments acknowledged before the quiet time and of some of those that may or
may not have happened: without an answer, or not over by then. An earlier read shows any part of the
increments called before it returned, since a replica may know of any of them and of none.

Invariants: pure; whole numbers of any size; the set of possible sums is exact while it has at most
`MOST_SUMS` members by span (a bit set: one shift for each increment in doubt), otherwise only its bounds
count, and a note says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from checkers.anomalies import COUNTER_IMPOSSIBLE_SUM, COUNTER_TOO_HIGH, COUNTER_TOO_LOW
from checkers.history import History, Op, Outcome
from checkers.identity import identity
from checkers.lincheck.evidence import any_key
from checkers.replicas import acknowledged, clause, of_kind, some
from checkers.verdict import Invalid, Unknown, Valid, Verdict

MOST_SUMS = 1 << 20
MOST_WORK = 1 << 30  # bits shifted for one set of sums


class _Found(NamedTuple):
    """One read that cannot be."""

    anomaly: str
    key: Any
    sentence: str


class Counters:
    """Final reads are sums of what was acknowledged and some of what may have happened. A
    `checkers.claim.Claim`.

    quiet_ns: see `checkers.replicas`.
    """

    name = "counters"
    promise = "each acknowledged increment counts once at last; nothing else counts"
    anomalies: tuple[str, ...] = (COUNTER_TOO_LOW, COUNTER_TOO_HIGH, COUNTER_IMPOSSIBLE_SUM)

    def __init__(self, quiet_ns: int) -> None:
        self.quiet_ns = quiet_ns

    def __call__(self, history: History) -> Verdict:
        """Judge `history`. Raises ValueError for a key of no one kind, and for an increment or a read that is
        no whole number.
        """
        keys = [_Counter(part, self.quiet_ns) for part in of_kind(history, "counter")]
        checked = sum(len(one.part) for one in keys)
        found = [wrong for one in keys for wrong in one.found()]
        unread = [one.key for one in keys if not one.finals]
        inexact = [one.key for one in keys if one.inexact]
        notes = [f"no final read of {some(unread)}"] if unread else []
        if inexact:
            notes.append(
                f"too many increments without an answer, so only bounds were checked: {some(inexact)}"
            )
        if found:
            # A read in the quiet time says more than one before it: those come first.
            first = found[0]
            bad = tuple({identity(one.key): one.key for one in found}.values())
            told = any_key(first.key) + first.sentence
            return Invalid(checked, told, bad_keys=bad, notes=tuple(notes), anomaly=first.anomaly)
        if len(unread) == len(keys):
            return Unknown("no final reads of a counter", checked)
        return Valid(checked, notes=tuple(notes))


class _Counter:
    """The operations of one counter."""

    def __init__(self, part: History, quiet_ns: int) -> None:
        self.part = part
        self.key = part[0].key
        self.inexact = False
        happened = [op for op in part if op.outcome != Outcome.FAIL]
        self.increments = [op for op in happened if op.f == "increment"]
        self.deltas = [_whole(op, op.input) for op in self.increments]
        self.calls = [op.call_ns for op in self.increments]
        reads = [op for op in happened if op.f == "read" and op.outcome == Outcome.OK]
        self.finals = [op for op in reads if op.call_ns >= quiet_ns]
        self.earlier = [op for op in reads if op.call_ns < quiet_ns]
        sure = [acknowledged(op, quiet_ns) for op in self.increments]
        self.base = sum(d for d, known in zip(self.deltas, sure, strict=True) if known)
        self.doubtful = [not known for known in sure]
        self._sums: dict[int, int | None] = {}

    def found(self) -> Iterator[_Found]:
        """What is wrong, final reads first."""
        for read in self.finals:
            called = bisect_right(self.calls, read.return_ns)
            chosen = zip(self.deltas[:called], self.doubtful[:called], strict=True)
            doubtful = [d for d, doubt in chosen if doubt]
            low = self.base + sum(d for d in doubtful if d < 0)
            high = self.base + sum(d for d in doubtful if d > 0)
            yield from self._outside(read, low, high, "final ")
            value = _whole(read, read.output)
            if low <= value <= high and not self._reaches(called, doubtful, value - low):
                told = (
                    f"{_reads(read, 'final ')}, which no choice of the increments in doubt ({some(doubtful)})"
                )
                yield _Found(
                    COUNTER_IMPOSSIBLE_SUM, self.key, f"{told} makes of the {self.base} acknowledged"
                )
        lows = [0, *accumulate(min(d, 0) for d in self.deltas)]
        highs = [0, *accumulate(max(d, 0) for d in self.deltas)]
        for read in self.earlier:
            called = bisect_right(self.calls, read.return_ns)
            yield from self._outside(read, lows[called], highs[called], "")

    def _outside(self, read: Op, low: int, high: int, which: str) -> Iterator[_Found]:
        value = _whole(read, read.output)
        if value < low:
            told = f"{_reads(read, which)}, but the increments make at least {low}"
            yield _Found(COUNTER_TOO_LOW, self.key, told)
        elif value > high:
            told = f"{_reads(read, which)}, but the increments make at most {high}"
            yield _Found(COUNTER_TOO_HIGH, self.key, told)

    def _reaches(self, called: int, doubtful: Sequence[int], above: int) -> bool:
        """Whether some of the doubtful increments come to `above` more than the least they can come to."""
        if called not in self._sums:
            self._sums[called] = _sums(doubtful)
        sums = self._sums[called]
        if sums is None:
            self.inexact = True
            return True
        return bool(sums >> above & 1)


def _sums(deltas: Sequence[int]) -> int | None:
    """Bit n is set exactly if some of `deltas` come to n more than the least they can come to; None if that
    is too much to find out.

    Each negative delta is taken for granted in the least sum, and leaving it out adds its size; so every
    delta adds its size or nothing.
    """
    sizes = [abs(d) for d in deltas if d]
    span = sum(sizes)
    if span > MOST_SUMS or span * len(sizes) > MOST_WORK:
        return None
    reached = 1
    for size in sizes:
        reached |= reached << size
    return reached


def _whole(op: Op, value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"operation {op.index}: {op.f} of a counter needs a whole number, not {value!r:.60}")
    return value


def _reads(read: Op, which: str) -> str:
    return f"the {which}read {clause(read)} gives {read.output}"
