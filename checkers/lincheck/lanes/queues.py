"""FIFO queues and bags (unordered queues), empty at first, whose dequeued values were enqueued once.

Henzinger, Sezgin & Vafeiadis, "Aspect-oriented linearizability proofs" (2013) and Bouajjani, Emmi, Enea &
Hamza, "On reducing linearizability to state reachability" (2015) list what can be wrong; the argument below
is our own.

Write E = [ec, er] and D = [dc, dr] for the enqueue and the dequeue of a value. A value that nobody took has
dc = dr = never; an open enqueue of such a value is left out. Since D follows E, let dc := max(dc, ec).
Everything is legal exactly if

1. every value taken was enqueued, was taken once, and D does not return before E is called;
2. FIFO only: no two values have er(a) < ec(b) and dr(b) < dc(a);
3. every dequeue that answered "empty" has a moment t in [call, return] outside of all open intervals (er,
   dc): in those the value is certainly there. At t = er the enqueue may come just after, at t = dc the
   dequeue just before.

Each is necessary. They suffice. First without 3: let a precede b if er(a) < ec(b) or dr(a) < dc(b). Both
parts are interval orders: a < b and c < d imply a < d or c < b. So a cycle can be shortened to one of two
values (inside one part by transitivity, across parts by that law), which 2 excludes; hence there is a
linear extension S, with the values that nobody took at its end, as dr < never. Put each E at the latest ec,
and each D at the latest dc, of all values up to its own in S. That is at most its er and dr: otherwise a
later value would precede. Both kinds are then in the order S (at equal moments put them in the order S,
too), and E is before its D, as ec <= dc: a FIFO order. Operations that do not overlap have different
moments.

With 3, take a t for each empty dequeue. What has dc <= t goes before it, the rest after it. The former are
called by t (ec <= dc <= t), the latter return at t or later (er >= t by the choice of t, and dr >= dc > t),
so this respects real time. What precedes a value that goes before goes before as well: er(a) < ec(b) <=
dc(b) <= t implies dc(a) <= t by the choice of t, and dr(a) < dc(b) <= t does anyway. So the order without
3, taken layer by layer between the moments, has its precedences and is FIFO still. A bag needs no S: each E
at its own ec, each D at its own dc.

Open dequeues took an unknown value, or nothing: `lending` settles which. They are asked only if it is not
legal without them.

Invariants: O(n log n); only the linear extension, for a legal FIFO order, loops over values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.lending import Lending
from checkers.lincheck.lanes.presence import NEVER, Presence, Values, running_max
from checkers.lincheck.lanes.queue_order import linearization
from checkers.lincheck.lanes.result import Bools, Decided, Ints, illegal, legal
from checkers.lincheck.lanes.sources import NOBODY, sources


def fifo(call: Ints, ret: Ints, enqueues: Bools, value: Ints, empty: Bools) -> Decided | None:
    """Decide a FIFO queue; None if a value that was taken was enqueued twice.

    All of shape (n,), rows in order of call. call, ret: ns, `ret` OPEN_NS for an open operation. value:
    codes, ignored for open and for empty dequeues. empty: whether a dequeue answered "empty".
    """
    return _decide(call, ret, enqueues, value, empty, in_order=True)


def unordered(call: Ints, ret: Ints, enqueues: Bools, value: Ints, empty: Bools) -> Decided | None:
    """Decide a bag, in which a dequeue takes any value; arguments and None as for `fifo`."""
    return _decide(call, ret, enqueues, value, empty, in_order=False)


def _decide(
    call: Ints, ret: Ints, enqueues: Bools, value: Ints, empty: Bools, *, in_order: bool
) -> Decided | None:
    done = ret != OPEN_NS
    made_at = np.flatnonzero(enqueues)
    taken_at = np.flatnonzero(~enqueues & ~empty & done)
    source = sources(value[made_at], value[taken_at])
    if source is None:
        return None
    core = _mismatch(call, ret, made_at, taken_at, source)
    if core:
        return illegal(core)
    values = _values(call, ret, made_at, taken_at, source)
    empty_at = np.flatnonzero(~enqueues & empty & done)
    found = _contradiction(values, call[empty_at], ret[empty_at], in_order)
    open_at = np.flatnonzero(~enqueues & ~done)
    lending = Lending(values, open_at, call[open_at])
    if found.numbers and len(open_at):
        values = lending.lent()
        found = _contradiction(values, call[empty_at], ret[empty_at], in_order)
    if found.numbers:
        return illegal([*empty_at[found.empties], *lending.rows(found.numbers)])
    return legal(lambda: linearization(values, empty_at, found.moments, in_order))


def _mismatch(call: Ints, ret: Ints, made_at: Ints, taken_at: Ints, source: Ints) -> list[int]:
    """Operations that break rule 1; empty if none do."""
    nowhere = np.flatnonzero(source == NOBODY)
    if len(nowhere):
        return [int(taken_at[nowhere[0]])]
    taker = np.full(len(made_at), NOBODY, dtype=np.int64)
    numbers = np.arange(len(taken_at), dtype=np.int64)
    taker[source] = numbers
    again = np.flatnonzero(taker[source] != numbers)
    if len(again):
        first = int(again[0])
        return [int(made_at[source[first]]), int(taken_at[first]), int(taken_at[taker[source[first]]])]
    early = np.flatnonzero(ret[taken_at] < call[made_at[source]])
    return [int(made_at[source[early[0]]]), int(taken_at[early[0]])] if len(early) else []


def _values(call: Ints, ret: Ints, made_at: Ints, taken_at: Ints, source: Ints) -> Values:
    taken = np.full(len(made_at), NOBODY, dtype=np.int64)
    taken[source] = taken_at
    dc = np.where(taken == NOBODY, NEVER, call[taken])
    dr = np.where(taken == NOBODY, NEVER, ret[taken])
    ec, er = call[made_at], ret[made_at]
    values = Values(made_at, taken, ec, er, np.maximum(dc, ec), dr)
    return values.where((er != OPEN_NS) | (taken != NOBODY))


@dataclass(frozen=True, slots=True)
class _Found:
    """numbers: values that break rule 2 or 3, none if none do. empties: the empty dequeue that they leave
    no moment. moments: one for each empty dequeue.
    """

    numbers: list[int]
    empties: list[int]
    moments: Ints


def _contradiction(values: Values, call: Ints, ret: Ints, in_order: bool) -> _Found:
    """What is wrong with values and empty dequeues; call, ret: of the latter."""
    there = Presence(values)
    moments = there.first_gap(call)
    pair = _out_of_order(values) if in_order else []
    late = np.flatnonzero(moments > ret)
    if pair or not len(late):
        return _Found(pair, [], moments)
    one = int(late[0])
    return _Found(there.cover(int(call[one]), int(ret[one])), [one], moments)


def _out_of_order(values: Values) -> list[int]:
    """Two values that break rule 2: a was enqueued before b, and b taken before a."""
    by_er = np.argsort(values.er, kind="stable")
    latest, holder = running_max(values.dc[by_er])
    before = np.searchsorted(values.er[by_er], values.ec, side="left") - 1
    bad = np.flatnonzero((before >= 0) & (latest[before] > values.dr))
    return [int(by_er[holder[before[bad[0]]]]), int(bad[0])] if len(bad) else []
