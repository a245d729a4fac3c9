"""Sets, empty at first: with add, remove and contains; and sets that only grow and are read as a whole.

unordered_set: elements do not influence each other, so each is a bit of its own (linearizability is local:
Herlihy & Wing 1990) that `bits` decides. An add that answered true is UP, one that answered false SAW_1;
remove true DOWN, remove false SAW_0; contains either SAW; an open add may be an UP, an open remove a DOWN.
An add without an answer was one of the two, UP or SAW_1, in any legal order, so all choices are tried; a
remove likewise. That is exact, and affordable where an element has few of those. Without any turn down
there is at most one turn up, and if an add without an answer makes it, it may be the one that was called
first: exchanging the two, the other one sees 1. Without any turn up the bit is always 0. Orders of elements
are merged by the moments at which their operations were placed.

grow_only: reads must form a chain of sets. Then the order is fixed but for what commutes: the elements of
the first set, reads of it, the elements that the second has besides, reads of it, and so on, at last the
elements nobody saw. So it is legal exactly if nobody returns before somebody of an earlier block is called
(inside a block they go by call). An open add that nobody saw is left out.

Invariants: O(n log n) for few adds and removes without an answer; grow_only is linear in the size of all
reads besides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.lanes import bits
from checkers.lincheck.lanes.bits import BitOp, Placed, sweep
from checkers.lincheck.lanes.result import Bools, Decided, Ints, illegal, legal
from checkers.lincheck.lanes.sources import NOBODY, sources

ADD: Final = 0
REMOVE: Final = 1
CONTAINS: Final = 2
NO_ANSWER: Final = -1
MOST_SILENT = 5  # operations without an answer on one element, of which all 2^5 meanings are tried
MOST_EFFORT = 500_000  # operations looked at while a core is reduced

_DOWNS = frozenset({bits.DOWN, bits.SILENT_DOWN})
_UPS = frozenset({bits.UP, bits.SILENT_UP})
_SAYS_NOTHING = -1
_ROLES = np.array(  # by f and by answer: NO_ANSWER, false, true
    [
        [bits.SILENT_UP, bits.SAW_1, bits.UP],
        [bits.SILENT_DOWN, bits.SAW_0, bits.DOWN],
        [_SAYS_NOTHING, bits.SAW_0, bits.SAW_1],
    ]
)


def unordered_set(call: Ints, ret: Ints, f: Ints, value: Ints, answer: Ints) -> Decided | None:
    """Decide a set with add, remove and contains; None if nothing is wrong elsewhere and some element has
    too many adds and removes without an answer.

    All of shape (n,), rows in order of call. call, ret: ns, `ret` OPEN_NS for an open operation. f: ADD,
    REMOVE or CONTAINS. value: the element's code. answer: 1 true, 0 false, NO_ANSWER; ignored for open
    operations.
    """
    placed: Placed = []
    undecided = False
    for element in _elements(call, ret, f, value, answer):
        found, known = element.decide()
        if found is not None:
            placed += found
        elif known:
            return illegal(element.core())
        undecided = undecided or not known
    if undecided:
        return None

    def order() -> Ints:
        moments, rows = np.array(placed, dtype=np.int64).reshape(-1, 2).T
        merged: Ints = rows[np.argsort(moments, kind="stable")]
        return merged

    return legal(order)


def _elements(call: Ints, ret: Ints, f: Ints, value: Ints, answer: Ints) -> Iterator[_Element]:
    """The operations of each element; those that say nothing are left out."""
    opened = ret == OPEN_NS
    role = _ROLES[f, np.where(opened, NO_ANSWER, answer) + 1]
    role = np.where(opened & (role >= bits.SILENT_DOWN), role - bits.SILENT_DOWN, role)
    telling = np.flatnonzero(role != _SAYS_NOTHING)
    telling = telling[np.argsort(value[telling], kind="stable")]
    starts = np.flatnonzero(np.diff(value[telling])) + 1
    columns = [column[telling].tolist() for column in (call, ret, role)]
    ops = list(zip(telling.tolist(), *columns, strict=True))
    for begin, end in itertools.pairwise([0, *starts.tolist(), len(ops)]):
        if begin < end:
            yield _Element(ops[begin:end])


class _Element:
    """The operations on one element, in order of call."""

    def __init__(self, ops: Sequence[BitOp]) -> None:
        self.ops = ops
        self.turns = _turns(ops)

    def decide(self) -> tuple[Placed | None, bool]:
        """A legal order of these operations, and whether None means that there is none."""
        return _decide(self.ops, (False, False), self.turns)

    def core(self) -> list[int]:
        """Rows that contradict each other: chunks of falling size are left out while that is affordable."""
        kept = list(self.ops)
        size, effort = (len(kept) + 1) // 2, 0
        while size > 0:
            for end in range(len(kept), 0, -size):
                rest = kept[: max(0, end - size)] + kept[end:]
                effort += len(rest)
                if effort > MOST_EFFORT:
                    return [op[0] for op in kept]
                if self._contradict(rest):
                    kept = rest
            size //= 2
        return [op[0] for op in kept]

    def _contradict(self, kept: Sequence[BitOp]) -> bool:
        """Whether these have no legal order although the others may happen at will."""
        inside = {op[0] for op in kept}
        free = _turns([op for op in self.ops if op[0] not in inside])
        found, _ = _decide(kept, free, self.turns)  # known for fewer as it was for all
        return found is None


def _turns(ops: Sequence[BitOp]) -> tuple[bool, bool]:
    """Whether some of these may turn the bit to 0, to 1."""
    roles = {op[3] for op in ops}
    return bool(roles & _DOWNS), bool(roles & _UPS)


def _decide(
    ops: Sequence[BitOp], free: tuple[bool, bool], turns: tuple[bool, bool]
) -> tuple[Placed | None, bool]:
    """See `_Element.decide`. turns: whether operations or ghosts turn the bit to 0, to 1."""
    silent = [op for op in ops if op[3] >= bits.SILENT_DOWN]
    if not silent:
        return sweep(ops, free), True
    told = [op for op in ops if op[3] < bits.SILENT_DOWN]
    choices = _choices(silent, turns)
    if choices is None:
        return None, False
    for meaning in choices:
        found = sweep([*told, *meaning], free)
        if found is not None:
            return found, True
    return None, True


def _choices(silent: Sequence[BitOp], turns: tuple[bool, bool]) -> Iterable[Sequence[BitOp]] | None:
    """What the operations without an answer may have been; None if that is too much to try."""
    turned = [(row, call, ret, role - 4) for row, call, ret, role in silent]
    saw = [(row, call, ret, role - 2) for row, call, ret, role in silent]
    if not turns[1]:
        return [saw]
    if not turns[0]:
        first = min(range(len(silent)), key=lambda i: silent[i][1])
        return [saw, [*saw[:first], turned[first], *saw[first + 1 :]]]
    if len(silent) > MOST_SILENT:
        return None
    return itertools.product(*zip(turned, saw, strict=True))


def grow_only(
    call: Ints, ret: Ints, adds: Bools, value: Ints, reads: Sequence[frozenset[int] | None]
) -> Decided | None:
    """Decide a set that only grows; None if an element that was seen was added twice.

    call, ret, adds, value: shape (n,), rows in order of call. call, ret: ns, `ret` OPEN_NS for an open
    operation. value: the code that was added, ignored for reads. reads: the codes that a read answered;
    ignored for adds and open reads.
    """
    add_at = np.flatnonzero(adds)
    read_at = np.flatnonzero(~adds & (ret != OPEN_NS))
    answers = [reads[i] or frozenset() for i in read_at.tolist()]
    first_reader: dict[frozenset[int], int] = {}
    for row, answer in zip(read_at.tolist(), answers, strict=True):
        first_reader.setdefault(answer, row)
    chain = sorted(first_reader, key=len)
    for less, more in itertools.pairwise(chain):
        if not less <= more:
            return illegal([first_reader[less], first_reader[more]])
    level = {answer: number for number, answer in enumerate(chain)}
    new = [sorted(more - less) for less, more in itertools.pairwise([frozenset[int](), *chain])]
    seen = np.array(list(itertools.chain.from_iterable(new)), dtype=np.int64)
    source = sources(value[add_at], seen)
    if source is None:
        return None
    appears = np.repeat(np.arange(len(chain)), [len(part) for part in new])
    if np.any(source == NOBODY):
        return illegal([first_reader[chain[appears[source.argmin()]]]])
    block = np.full(len(add_at), 2 * len(chain))
    block[source] = 2 * appears
    there = (ret[add_at] != OPEN_NS) | (block < 2 * len(chain))
    rows = np.concatenate((add_at[there], read_at))
    block = np.concatenate((block[there], np.array([2 * level[answer] + 1 for answer in answers], dtype=int)))
    order = np.argsort(block, kind="stable")
    rows, block = rows[order], block[order]
    late = np.flatnonzero(ret[rows] < np.maximum.accumulate(call[rows]))
    if not len(late):
        return legal(lambda: rows)
    one = int(late[0])
    other = int(call[rows[:one]].argmax())
    core = [int(rows[one]), int(rows[other])]
    if adds[rows[one]] and adds[rows[other]]:  # somebody saw the one and not the other
        core.append(first_reader[chain[int(block[other]) // 2]])
    return illegal(core)
