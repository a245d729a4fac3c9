"""A linearization of a legal queue, as the argument in `queues` constructs it.

Invariants: called for legal histories only; no search; only the linear extension loops over values.
"""

from __future__ import annotations

import numpy as np

from checkers.lincheck.lanes.presence import Values
from checkers.lincheck.lanes.result import Ints
from checkers.lincheck.lanes.sources import NOBODY


def linearization(values: Values, empty_at: Ints, moments: Ints, in_order: bool) -> Ints:
    """Positions in a legal order. moments: when each of the empty dequeues happens. in_order: FIFO, else a
    bag.
    """
    cuts = np.unique(moments)
    layer = np.searchsorted(cuts, values.dc, side="left")
    ec, dc = values.ec.copy(), values.dc.copy()
    rank = np.arange(len(ec), dtype=np.int64)
    if in_order:
        extension = np.array(_linear_extension(values), dtype=np.int64)
        rank[extension] = np.arange(len(extension))
        ec[extension] = np.maximum.accumulate(ec[extension])
        dc[extension] = np.maximum.accumulate(dc[extension])
    taken = np.flatnonzero(values.taken_at != NOBODY)
    rows = np.concatenate((values.made_at, values.taken_at[taken], empty_at))
    part = np.concatenate((2 * layer, 2 * layer[taken], 2 * np.searchsorted(cuts, moments) + 1))
    moment = np.concatenate((ec, dc[taken], moments))
    rank = np.concatenate((rank, rank[taken], np.zeros(len(empty_at), dtype=np.int64)))
    return rows[np.lexsort((rank, moment, part))]


def _linear_extension(values: Values) -> list[int]:
    """All values, a before b wherever er(a) < ec(b) or dr(a) < dc(b).

    A value may go next once its ec is at most the least er left and its dc at most the least dr left. Both
    least times only rise, so four sorted lists with a finger in each find who may go.
    """
    ends = [_sorted(values.er), _sorted(values.dr)]
    begins = [_sorted(values.ec), _sorted(values.dc)]
    finger, reached = [0, 0], [0, 0]
    count = len(values.ec)
    waits = [2] * count
    gone = [False] * count
    ready: list[int] = []
    order: list[int] = []
    while len(order) < count:
        for side in (0, 1):
            times, queue = ends[side]
            at = finger[side]
            while gone[queue[at]]:
                at += 1
            finger[side], bound = at, times[queue[at]]
            times, queue = begins[side]
            at = reached[side]
            while at < count and times[queue[at]] <= bound:
                waits[queue[at]] -= 1
                if not waits[queue[at]]:
                    ready.append(queue[at])
                at += 1
            reached[side] = at
        one = ready.pop()
        gone[one] = True
        order.append(one)
    return order


def _sorted(column: Ints) -> tuple[list[int], list[int]]:
    """The times, and the rows in their order."""
    return column.tolist(), np.argsort(column, kind="stable").tolist()
