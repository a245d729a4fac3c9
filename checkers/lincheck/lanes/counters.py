"""Counters that start at 0: equal increments with reads, and fetch-and-add.

counter: sweep through calls and returns by time (calls first where equal) and keep the count as low as
possible:

- a read of k that returns while the count is below k raises the count to k;
- an increment that returns unplaced raises it by one;
- whoever raises the count places the called, unplaced increment with the earliest return (open ones last).

It fails if no such increment is left, or if the count is above k when a read of k is called. Exact: compare
with any legal order, as moments. Its count is never below ours, by induction over our events. (a) A read
forces the same there. (b) Let an increment X force at its return t, after u placements, and let the g-th be
the last one that placed an increment with a return after t (g = 0: none). After it every increment that
returns by t and was still unplaced was also uncalled, so the u - g placed later and X, u - g + 1 in all,
were called after that moment and returned by t. At that moment the legal count was at least g, so at t it
is at least u + 1. (c) The legal order has placed as many called increments as we want to, so one is left.
Hence a failure of ours is one there: in the first case fewer were called than it needs, in the second its
count is above k as well. If nothing fails, the moments are a linearization: the count rises by ones, and
was k at some moment of each read of k. (Unit jobs with release times and deadlines: Jackson's rule, 1955.)

fetch_and_add: amounts are positive, so the answers alone order the operations.

Invariants: O(n log n). An increment among the ghosts can raise the count at will, so the core of a read
that is too high contains every increment.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.lanes.result import Bools, Decided, Ints, illegal, legal
from checkers.lincheck.lanes.sources import NOBODY


def counter(call: Ints, ret: Ints, adds: Bools, amount: Ints, answer: Ints) -> Decided | None:
    """Decide a counter; None unless all increments are by one and the same positive amount.

    All of shape (n,), rows in order of call. call, ret: ns, `ret` OPEN_NS for an open operation. adds:
    increments, without an answer; the rest are reads. amount: of increments, ignored elsewhere. answer: of
    reads that returned, ignored elsewhere.
    """
    add_at = np.flatnonzero(adds)
    read_at = np.flatnonzero(~adds & (ret != OPEN_NS))
    unit = int(amount[add_at[0]]) if len(add_at) else 1
    if unit <= 0 or np.any(amount[add_at] != unit):
        return None
    level, odd = np.divmod(answer, unit)
    wrong = read_at[(odd[read_at] != 0) | (level[read_at] < 0)]
    if len(wrong):
        return illegal([int(wrong[0])])
    placed, stuck = _sweep(call, ret, adds, level, np.sort(np.concatenate((add_at, read_at))))
    if stuck != NOBODY:
        return illegal(_core(call, ret, level, add_at, read_at, stuck))

    def order() -> Ints:
        """The increments as they were placed, each read of k behind the k-th."""
        rows = np.concatenate((placed, read_at))
        numbers = 2 * np.arange(1, len(placed) + 1, dtype=np.int64)
        return rows[np.argsort(np.concatenate((numbers, 2 * level[read_at] + 1)), kind="stable")]

    return legal(order)


def _sweep(call: Ints, ret: Ints, adds: Bools, level: Ints, rows: Ints) -> tuple[Ints, int]:
    """The increments among `rows` as the sweep places them; the read where it fails (NOBODY: none)."""
    is_add, levels, returns_at = adds.tolist(), level.tolist(), ret.tolist()
    waiting: list[tuple[int, int]] = []
    done = [False] * len(call)
    placed: list[int] = []
    for row, returns in _events(call, ret, rows):
        if returns:
            while not done[row] if is_add[row] else len(placed) < levels[row]:
                if not waiting:
                    return np.array(placed, dtype=np.int64), row
                one = heapq.heappop(waiting)[1]
                done[one] = True
                placed.append(one)
        elif is_add[row]:
            heapq.heappush(waiting, (returns_at[row], row))
        elif len(placed) > levels[row]:
            return np.array(placed, dtype=np.int64), row
    return np.array(placed, dtype=np.int64), NOBODY


def _events(call: Ints, ret: Ints, rows: Ints) -> Iterator[tuple[int, bool]]:
    """Calls and returns of `rows` (row, whether it returns) in order of time, calls first."""
    back = rows[ret[rows] != OPEN_NS]
    returns = np.arange(len(rows) + len(back)) >= len(rows)
    order = np.lexsort((returns, np.concatenate((call[rows], ret[back]))))
    return zip(np.concatenate((rows, back))[order].tolist(), returns[order].tolist(), strict=True)


def _core(call: Ints, ret: Ints, level: Ints, add_at: Ints, read_at: Ints, stuck: int) -> list[int]:
    """Why the read `stuck` of k is impossible, in few operations.

    Too low: after a read of j (or at first, j = 0), k + 1 - j increments were called and returned before
    it: by (b) there are such. The largest j needs the fewest. Too high: a later read says less, or else it
    is all increments.
    """
    k, called, returned = int(level[stuck]), call[stuck], ret[stuck]
    after = read_at[(call[read_at] > returned) & (level[read_at] < k)]
    if len(after):
        return [stuck, int(after[0])]
    finished = add_at[ret[add_at] < called]
    starts = np.sort(call[finished])
    before = read_at[ret[read_at] < called]
    least = level[before] + len(starts) - np.searchsorted(starts, ret[before], side="right")
    proof = before[least > k]
    if len(proof):
        base = int(proof[level[proof].argmax()])
        more = finished[call[finished] > ret[base]][: max(0, k + 1 - int(level[base]))]
        return [base, *more.tolist(), stuck]
    if len(finished) > k:
        return [*finished[: k + 1].tolist(), stuck]
    return [*add_at.tolist(), stuck]


def fetch_and_add(call: Ints, ret: Ints, amount: Ints, answer: Ints) -> Decided | None:
    """Decide additions that answer the value before them; None if an amount is not positive, or if open
    additions of several amounts are needed to explain the answers.

    All of shape (n,), rows in order of call. call, ret: ns, `ret` OPEN_NS for an open operation, whose
    answer is ignored.
    """
    if np.any(amount <= 0):
        return None
    sure = np.flatnonzero(ret != OPEN_NS)
    sure = sure[np.argsort(answer[sure], kind="stable")]
    before, after = answer[sure], answer[sure] + amount[sure]
    if not len(sure):
        return legal(lambda: sure)
    if before[0] < 0:
        return illegal([int(sure[0])])
    gaps = before - np.append(0, after[:-1])
    bad = np.flatnonzero(gaps < 0)
    if len(bad):
        return illegal(sure[bad[0] - 1 : bad[0] + 1].tolist())
    latest = np.maximum.accumulate(call[sure])
    bad = np.flatnonzero(ret[sure] < latest)
    if len(bad):
        late = int(bad[0])
        return illegal([int(sure[late]), int(sure[call[sure[:late]].argmax()])])
    return _fill(call, ret, amount, sure, gaps) if gaps.any() else legal(lambda: sure)


def _fill(call: Ints, ret: Ints, amount: Ints, sure: Ints, gaps: Ints) -> Decided | None:
    """Open additions have to explain the gaps in front of the operations `sure`.

    With equal amounts the first gap takes the one that was called first, and so on: whoever stands behind a
    gap must not return before it is called, and the least return of those behind only rises from gap to
    gap. A ghost that answered adds to its own answer only, so all open additions and one operation behind a
    gap contradict.
    """
    spare = np.flatnonzero(ret == OPEN_NS)
    if not len(spare):
        return illegal([int(sure[gaps.argmax()])])
    unit = amount.min()
    missing, odd = np.divmod(gaps, unit)
    if np.any(amount != unit):
        return None
    if odd.any():
        at = int(odd.argmax())
        return illegal(sure[max(at - 1, 0) : at + 1].tolist())
    by_call = spare[np.argsort(call[spare], kind="stable")]
    behind = np.repeat(np.arange(len(sure)), missing)
    if len(behind) > len(spare):
        return illegal([*spare.tolist(), int(sure[behind[len(spare)]])])
    by_call = by_call[: len(behind)]
    deadline = np.minimum.accumulate(ret[sure][::-1])[::-1]
    late = np.flatnonzero(call[by_call] > deadline[behind])
    if len(late):
        after = sure[behind[late[0]] :]
        return illegal([*spare.tolist(), int(after[ret[after].argmin()])])
    return legal(lambda: np.insert(sure, behind, by_call))
