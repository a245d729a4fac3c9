"""From a path of configurations, one before each event, to the order of operations that it stands for.

`h`: the records of the path, one after the other: before event 0, before event 1, and so on. `o`: the order:
O_COUNT operations from O_ORDER, and behind them, from O_TAIL, those from the last reset X on, which others
may still be put before.

Invariants: a path through layers always has an order; an operation that is endless may stand in it often.
"""

from __future__ import annotations

from checkers.lincheck.kernel.expand import AFTER_RESET, AT_END, BEFORE_X, entry, expand, keep, place
from checkers.lincheck.kernel.layers import ARENA_FULL, DONE, MISSES
from checkers.lincheck.kernel.memory import (
    A_RECORD,
    A_SOURCE,
    ACT,
    BITS,
    COUNT,
    ENDS,
    EVENT,
    LAYER,
    LOW,
    MISSING,
    MODE,
    NEW,
    NONE,
    OBSERVERS,
    PARENT,
    R_RECORD,
    R_USED,
    ROOT,
    SAVED,
    SHIFT,
    SLOTS,
    STAMP,
    WORDS,
    Ints,
)
from checkers.lincheck.kernel.moves import arrive, finish, move_on, owner, uncall

O_COUNT, O_TAILED, O_ORDER, O_TAIL, O_LIMIT, O_HEADER = 0, 1, 2, 3, 4, 8
ORDER_FULL, LOST = 6, 7


def open_order(o: Ints) -> None:
    """An empty order."""
    half = (len(o) - O_HEADER) // 2
    o[O_COUNT] = 0
    o[O_TAILED] = 0
    o[O_ORDER] = O_HEADER
    o[O_TAIL] = O_HEADER + half
    o[O_LIMIT] = half


def at_end(o: Ints, op: int) -> None:
    """`op` comes last."""
    o[o[O_TAIL] + o[O_TAILED]] = op
    o[O_TAILED] += 1


def before_x(o: Ints, op: int) -> None:
    """`op` comes directly before X."""
    o[o[O_ORDER] + o[O_COUNT]] = op
    o[O_COUNT] += 1


def flush(o: Ints) -> None:
    """What comes next is the new X, or the end."""
    for j in range(o[O_TAILED]):
        o[o[O_ORDER] + o[O_COUNT] + j] = o[o[O_TAIL] + j]
    o[O_COUNT] += o[O_TAILED]
    o[O_TAILED] = 0


def trace(p: Ints, t: Ints, r: Ints, a: Ints, h: Ints, o: Ints, first: int, until: int) -> int:
    """Append the operations of the events up to `until`; `h` begins before event `first`. DONE, or why
    not."""
    width = 1 + 2 * p[WORDS]
    while p[EVENT] + 1 < until:
        if o[O_COUNT] + o[O_TAILED] + 4 * width * BITS > o[O_LIMIT]:
            return ORDER_FULL
        move_on(p)
        base = (p[EVENT] - first) * width
        b = before_event(p, t, r, h, base)
        slot = p[p[SLOTS] + p[p[ENDS] + p[EVENT]]]
        found = 0
        if r[b + R_RECORD + 1 + (slot >> SHIFT)] >> (slot & LOW) & 1:
            found = find(p, t, r, a, h, base + width)
        if t[MISSING] > 0:
            found = -MISSES
        if found < 0:
            uncall(p)
            return -found
        write_seen(p, r, o, b)
        if found > 0:
            write_steps(p, r, o, found)
        finish(p)
    return DONE


def before_event(p: Ints, t: Ints, r: Ints, h: Ints, base: int) -> int:
    """The record at `base`, after the calls before the present event, as the one entry of the work list, not
    yet kept; where it begins.
    """
    r[COUNT] = 0
    r[STAMP] += 1
    b = entry(p, r, 0)
    for j in range(1 + 2 * p[WORDS]):
        r[b + R_RECORD + j] = h[base + j]
    r[b + MODE] = AT_END
    r[b + SAVED] = NONE
    r[b + PARENT] = NONE
    r[b + ROOT] = 0
    r[b + ACT] = NONE
    r[b + R_USED] = 0
    t[MISSING] = 0
    arrive(p, t, r, b + R_RECORD)
    return b


def find(p: Ints, t: Ints, r: Ints, a: Ints, h: Ints, target: int) -> int:
    """The entry of the work list that leads to the record at `target`, or a code as a negative number."""
    keep(p, r)
    a[COUNT] = 0
    a[LAYER] = 0
    a[STAMP] += 1
    if not expand(p, t, r, a):
        return -ARENA_FULL
    if t[MISSING] > 0:
        return -MISSES
    width = 1 + 2 * p[WORDS]
    for i in range(a[COUNT]):
        b = place(p, a, i)
        j = 0
        while j < width and a[b + A_RECORD + j] == h[target + j]:
            j += 1
        if j == width:
            return a[b + A_SOURCE]
    return -LOST


def write_seen(p: Ints, r: Ints, o: Ints, b: int) -> None:
    """The observers among the present calls that the entry at `b` has closed."""
    for k in range(p[WORDS]):
        closed = p[p[NEW] + k] & p[p[OBSERVERS] + k] & ~r[b + R_RECORD + 1 + k]
        while closed:
            bit = closed & -closed
            closed ^= bit
            at_end(o, owner(p, k, bit))


def write_steps(p: Ints, r: Ints, o: Ints, found: int) -> None:
    """The steps from the root of the work list to the entry `found`."""
    i = found
    while r[entry(p, r, i) + PARENT] != NONE:
        parent = r[entry(p, r, i) + PARENT]
        r[entry(p, r, parent) + ROOT] = i  # on the way forth: the next one
        i = parent
    while i != found:
        c = entry(p, r, i)
        i = r[c + ROOT]
        b = entry(p, r, i)
        before = r[b + MODE] >= BEFORE_X
        if r[b + MODE] == AFTER_RESET and r[c + MODE] == AT_END:
            flush(o)
        write_op(o, r[b + ACT], before)
        for k in range(p[WORDS]):
            closed = r[c + R_RECORD + 1 + k] & ~r[b + R_RECORD + 1 + k] & p[p[OBSERVERS] + k]
            while closed:
                bit = closed & -closed
                closed ^= bit
                if owner(p, k, bit) != r[b + ACT]:
                    write_op(o, owner(p, k, bit), before)


def write_op(o: Ints, op: int, before: bool) -> None:
    """One operation, before X or last."""
    if before:
        before_x(o, op)
    else:
        at_end(o, op)
