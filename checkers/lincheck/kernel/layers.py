"""Breadth first: all configurations of one event before any of the next, without those that another makes
useless.

A configuration is useless beside one with the same state that has closed every observer the other has closed,
has no obligation more, and keeps every choice that the other has: whatever the useless one can still do, that
one can do too.

Invariants: an event is handled completely or not at all; the arena's last layer is that of event EVENT.
"""

from __future__ import annotations

from checkers.lincheck.kernel.expand import AT_END, entry, expand, has_room, keep, place, settle
from checkers.lincheck.kernel.memory import (
    A_PARENT,
    A_RECORD,
    A_USED,
    ACT,
    COUNT,
    ENDS,
    EVENT,
    HEADS_MASK,
    INITIAL,
    JUNK,
    LAYER,
    LIMIT,
    LOW,
    MISSING,
    MODE,
    NEVER,
    NONE,
    OBSERVERS,
    OTHERS,
    PARENT,
    R_RECORD,
    R_USED,
    RESETS,
    ROOT,
    SAVED,
    SHIFT,
    SHUNNED,
    SLOTS,
    STAMP,
    STATES,
    STEPS,
    WORDS,
    Ints,
)
from checkers.lincheck.kernel.moves import arrive, finish, is_junk, move_on, uncall

DONE, DEAD, STOPPED, MISSES, WORK_FULL, ARENA_FULL = 0, 1, 2, 3, 4, 5


def begin(p: Ints, a: Ints) -> None:
    """The one configuration before the first event."""
    b = place(p, a, 0)
    for j in range(A_RECORD + 1 + 2 * p[WORDS]):
        a[b + j] = 0
    a[b + A_PARENT] = NONE
    a[b + A_RECORD] = p[INITIAL]
    a[COUNT] = 1
    a[LAYER] = 0


def run_layers(p: Ints, t: Ints, r: Ints, a: Ints, until: int, max_steps: int, keeping: bool) -> int:
    """Handle events up to (not including) `until`: DONE, or why it stopped before.

    keeping: whether all layers stay in the arena (for a path through them), or only the last one.
    """
    while p[EVENT] + 1 < until:
        if p[STEPS] >= max_steps:
            return STOPPED
        if not keeping and 2 * a[LAYER] > a[LIMIT]:
            move_to_front(p, a)
        start = a[LAYER]
        end = a[COUNT]
        move_on(p)
        a[LAYER] = end
        code = make_layer(p, t, r, a, start, end)
        if code != DONE:
            a[COUNT] = end
            a[LAYER] = start
            uncall(p)
            return code
        finish(p)
        prune(p, a)
        if a[COUNT] == end:
            return DEAD
    return DONE


def move_to_front(p: Ints, a: Ints) -> None:
    """Forget all layers but the last."""
    source = place(p, a, a[LAYER])
    target = place(p, a, 0)
    for j in range(place(p, a, a[COUNT]) - source):
        a[target + j] = a[source + j]
    a[COUNT] -= a[LAYER]
    a[LAYER] = 0


def make_layer(p: Ints, t: Ints, r: Ints, a: Ints, start: int, end: int) -> int:
    """The layer after the present event, from that of the event before (`start` to `end`)."""
    slot = p[p[SLOTS] + p[p[ENDS] + p[EVENT]]]
    k = slot >> SHIFT
    bit = 1 << (slot & LOW)
    a[STAMP] += 1
    r[STAMP] += 1
    r[COUNT] = 0
    t[MISSING] = 0
    for c in range(start, end):
        p[STEPS] += 1
        if not has_room(a):
            return ARENA_FULL
        b = come_in(p, t, a, c)
        if not a[b + 1 + k] & bit:
            if is_junk(p, a[b], p[EVENT]):
                a[b] = JUNK
            if end - start == 1:
                a[COUNT] += 1  # alone in its layer
            else:
                settle(p, a)
        elif not add_root(p, r, a, b, c):
            return WORK_FULL
    if r[COUNT] > 0 and not expand(p, t, r, a):
        return WORK_FULL if has_room(a) else ARENA_FULL
    return MISSES if t[MISSING] > 0 else DONE


def come_in(p: Ints, t: Ints, a: Ints, c: int) -> int:
    """Entry `c` again at the arena's end, not yet kept, after the calls before the present event; where its
    record begins.
    """
    source = place(p, a, c)
    b = place(p, a, a[COUNT])
    for j in range(A_USED, A_RECORD + 1 + 2 * p[WORDS]):
        a[b + j] = a[source + j]
    a[b + A_PARENT] = c
    b += A_RECORD
    arrive(p, t, a, b)
    return b


def add_root(p: Ints, r: Ints, a: Ints, source: int, c: int) -> bool:
    """The record at `source`, entry `c` after the calls, goes into the work list; False if that is full."""
    if r[COUNT] >= r[LIMIT] or 2 * r[COUNT] > r[HEADS_MASK]:
        return False
    b = entry(p, r, r[COUNT])
    for j in range(1 + 2 * p[WORDS]):
        r[b + R_RECORD + j] = a[source + j]
    r[b + MODE] = AT_END
    r[b + SAVED] = NONE
    r[b + PARENT] = NONE
    r[b + ROOT] = c
    r[b + ACT] = NONE
    r[b + R_USED] = a[source - A_RECORD + A_USED]
    keep(p, r)
    return True


def prune(p: Ints, a: Ints) -> None:
    """Drop what is useless from the last layer."""
    start = a[LAYER]
    end = a[COUNT]
    if end - start < 2:
        return
    kept = start
    for i in range(start, end):
        if is_useless(p, a, start, kept, i):
            continue
        j = start
        while j < kept:
            if dominates(p, a, i, j):
                kept -= 1
                copy_place(p, a, kept, j)
            else:
                j += 1
        copy_place(p, a, i, kept)
        kept += 1
    a[COUNT] = kept


def is_useless(p: Ints, a: Ints, start: int, end: int, i: int) -> bool:
    """Whether one of the entries from `start` to `end` dominates entry `i`."""
    for j in range(start, end):
        if dominates(p, a, j, i):
            return True
    return False


def copy_place(p: Ints, a: Ints, source: int, target: int) -> None:
    """Copy an entry of the arena."""
    if source == target:
        return
    b = place(p, a, source)
    c = place(p, a, target)
    for j in range(A_RECORD + 1 + 2 * p[WORDS]):
        a[c + j] = a[b + j]


def dominates(p: Ints, a: Ints, i: int, j: int) -> bool:
    """Whether entry `i` makes entry `j` useless."""
    words = p[WORDS]
    b = place(p, a, i) + A_RECORD
    c = place(p, a, j) + A_RECORD
    if a[b - A_RECORD + A_USED] > a[c - A_RECORD + A_USED]:
        return False
    if a[b] != a[c]:
        if a[c] != JUNK or p[STATES] == 0 or p[p[SHUNNED] + a[b]] > p[EVENT]:
            return False
    for k in range(words):
        mine = a[b + 1 + k]
        theirs = a[c + 1 + k]
        covered = a[b + 1 + words + k]
        more = mine & ~theirs
        less = theirs & ~mine
        never = p[p[NEVER] + k]
        if more & p[p[OBSERVERS] + k] or less & (p[p[RESETS] + k] | never):
            return False
        if (more | less) & p[p[OTHERS] + k] & ~p[p[OBSERVERS] + k] & ~never:
            return False
        if more & p[p[RESETS] + k] & ~never & ~covered or a[c + 1 + words + k] & ~covered & mine:
            return False
    return True
