"""Registers in which a value that is read was written once: Gibbons & Korach, "Testing shared memories"
(1997).

A cluster is a write with the reads of its value; one more cluster has the reads of the initial value, and
an unseen write before everything. In a legal order a cluster is one block, its write first: once another
write has happened its value never comes back. Hence the order is legal exactly if

1. inside a cluster the write can stand first: no read returns before its write is called;
2. the blocks can be ordered. A must precede B if some operation of A returns before some operation of B is
   called, that is if m(A) < M(B), with m the earliest return and M the latest call of a cluster.

A cycle of rule 2 contains two clusters with m(A) < M(B) and m(B) < M(A): let A have the least m of the
cycle and B be the one before it. B precedes A by choice; and B has a predecessor P with m(A) <= m(P) <
M(B), so A precedes B. So it is enough that no such pair exists. Call a cluster forward if m < M (it holds
the register from m to M) and backward otherwise (it needs one moment of [M, m]). Two backward clusters
never form a pair. Forward clusters sorted by m form none if each ends at or before the next begins, and it
is enough to compare neighbours. A backward cluster B forms a pair with a forward A exactly if m(A) < M(B)
and m(B) < M(A); of the A with m(A) < M(B) the last reaches farthest, because they do not overlap. All
comparisons are strict since equal times are concurrent.

Without such a pair, ordering the blocks by min(m, M), backward before forward where equal, puts A before B
whenever m(A) < M(B). Both forward: M(A) <= m(B), hence m(A) < m(B). A forward, B backward: m(A) < M(B). A
backward, B forward: M(A) <= m(B), and A is first where these are equal. Both backward: M(A) <= m(A) < M(B).

Open operations: an open read constrains nothing. An open write that nobody read may be left out, as its
block is that write alone; one that was read has happened and never returns (its m is that of its reads).

Invariants: O(n) but for sorting the forward clusters and finding the backward ones among them; no loop over
rows.
"""

from __future__ import annotations

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.result import Bools, Decided, Ints, illegal, legal
from checkers.lincheck.lanes.sources import NOBODY, sources

BEFORE_ALL = np.iinfo(np.int64).min


def registers(call: Ints, ret: Ints, writes: Bools, value: Ints, initial: int) -> Decided | None:
    """Decide a register that holds `initial` at first; None if a value that is read was written twice, or
    is `initial` and was written.

    All of shape (n,), rows in order of call. call, ret: ns, `ret` OPEN_NS for an open operation. value: the
    code that was written, or read (ignored for an open read).
    """
    write_at = np.flatnonzero(writes)
    read_at = np.flatnonzero(~writes & (ret != OPEN_NS))
    source = sources(np.append(value[write_at], initial), value[read_at])
    if source is None:
        return None
    if len(source) and source.min() == NOBODY:
        return illegal([read_at[source.argmin()]])
    clusters = _Clusters(call, ret, write_at, read_at, source)
    core = clusters.read_too_early() or clusters.clash()
    return illegal(core) if core else legal(clusters.order)


class _Clusters:
    """The clusters of a history, numbered as their writes; the last one is that of the initial value.

    least_ret, last_call: m and M of each, shape (writes + 1,).
    """

    def __init__(self, call: Ints, ret: Ints, write_at: Ints, read_at: Ints, source: Ints) -> None:
        self.call, self.ret = call, ret
        self.write_at, self.read_at, self.source = write_at, read_at, source
        self.least_ret = np.append(ret[write_at], BEFORE_ALL)
        self.last_call = np.append(call[write_at], BEFORE_ALL)
        np.minimum.at(self.least_ret, source, ret[read_at])
        np.maximum.at(self.last_call, source, call[read_at])

    def read_too_early(self) -> list[int]:
        """A write and a read of it that returned before; empty if there is none."""
        bad = np.flatnonzero(self.least_ret[:-1] < self.call[self.write_at])
        return self._extremes(int(bad[0]))[:2] if len(bad) else []

    def clash(self) -> list[int]:
        """Operations of two clusters neither of which can precede the other; empty if there are none."""
        least, last = self.least_ret, self.last_call
        forward = least < last
        ahead = np.flatnonzero(forward)
        if not len(ahead):
            return []
        ahead = ahead[np.argsort(least[ahead], kind="stable")]
        begins, ends = least[ahead], last[ahead]
        bad = np.flatnonzero(begins[1:] < ends[:-1])
        if len(bad):
            return self._core(int(ahead[bad[0]]), int(ahead[bad[0] + 1]))
        back = np.flatnonzero(~forward)
        around = np.searchsorted(begins, last[back], side="left") - 1
        bad = np.flatnonzero((around >= 0) & (least[back] < ends[around]))
        return self._core(int(ahead[around[bad[0]]]), int(back[bad[0]])) if len(bad) else []

    def _core(self, a: int, b: int) -> list[int]:
        """What is needed of two clusters that clash."""
        initial = len(self.write_at)
        if initial in (a, b):  # a read of the initial value after somebody had seen or written another
            return [self._extremes(initial)[2], self._extremes(b if a == initial else a)[1]]
        core = []
        for write, first, last in (self._extremes(a), self._extremes(b)):
            # One operation alone says that the register held this value at a moment, whoever wrote it.
            core += [first] if first == last else [write, first, last]
        return core

    def _extremes(self, cluster: int) -> list[int]:
        """Of a cluster: its write (NOBODY: the initial one), who returned first, who was called last."""
        members = self.read_at[self.source == cluster]
        write = NOBODY
        if cluster < len(self.write_at):
            write = int(self.write_at[cluster])
            members = np.append(members, write)
        return [write, int(members[self.ret[members].argmin()]), int(members[self.call[members].argmax()])]

    def order(self) -> Ints:
        """A linearization: blocks as the module says, in a block the write first, then the reads by call."""
        least, last = self.least_ret, self.last_call
        blocks = np.lexsort((least < last, np.minimum(least, last)))
        rank = np.empty(len(blocks), dtype=np.int64)
        rank[blocks] = np.arange(len(blocks))
        happened = np.flatnonzero(least[:-1] != OPEN_NS)
        rows = np.concatenate((self.write_at[happened], self.read_at))
        place = np.concatenate((rank[happened], rank[self.source]))
        return rows[np.argsort(place, kind="stable")]
