"""Which values open dequeues may have taken.

A value that nobody took may have to be gone by some moment: for FIFO by the return of a dequeue whose value
was enqueued after it (er(a) < ec(b)), in any queue by the moment t > er(a) of an empty dequeue. An open
dequeue that is called by then can take it, and never returns. Either way a value with an earlier er must be
gone as early or earlier. So, whatever the moments of the empty dequeues are, lending the first calls to the
first er succeeds if anything does: where it fails for the i-th value at some moment, i values must be gone
by then and fewer open dequeues were called. Hence the history is legal exactly if it is legal with what is
lent. A value that is left behind does not precede (by er < ec <= er) one that is lent away.

Invariants: O(n log n); no loop over values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from checkers.lincheck.lanes.presence import NEVER, Values
from checkers.lincheck.lanes.result import Ints
from checkers.lincheck.lanes.sources import NOBODY

AT_LAST = NEVER - 1  # an open dequeue ends before those that never happen


class Lending:
    """waiting: the values that nobody took, by er. open_at: the open dequeues, by call (`call`, of each)."""

    def __init__(self, values: Values, open_at: Ints, call: Ints) -> None:
        self.values, self.open_at, self.call = values, open_at, call
        waiting = np.flatnonzero(values.taken_at == NOBODY)
        self.waiting = waiting[np.argsort(values.er[waiting], kind="stable")]

    def lent(self) -> Values:
        """The values after as many as possible were lent."""
        count = min(len(self.waiting), len(self.open_at))
        to = self.waiting[:count]
        taken_at, dc, dr = (c.copy() for c in (self.values.taken_at, self.values.dc, self.values.dr))
        taken_at[to] = self.open_at[:count]
        dc[to] = np.maximum(self.call[:count], self.values.ec[to])
        dr[to] = AT_LAST
        return dataclasses.replace(self.values, taken_at=taken_at, dc=dc, dr=dr)

    def rows(self, numbers: Iterable[int]) -> list[int]:
        """The operations to name where these values contradict: for one that nobody took also those that
        must be gone as early, and all open dequeues.
        """
        named = set(numbers)
        waits = np.flatnonzero(np.isin(self.waiting, list(named)))
        rows: list[int] = []
        if len(waits):
            named.update(self.waiting[: int(waits[-1]) + 1].tolist())
            rows = self.open_at.tolist()
        for number in sorted(named):
            rows += self.values.rows(number)
        return rows
