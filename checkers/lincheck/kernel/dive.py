"""Depth first: one configuration at a time, back to the last choice when none follows (Wing & Gong,
"Testing and verifying concurrent objects", 1993; what failed is remembered: Lowe, 2017).

The arena is a stack of layers, each made from one chosen configuration of the layer before.

Invariants: EVENT is the event of the last layer; every layer but the last has a chosen entry, the one before
F_NEXT.
"""

from __future__ import annotations

from checkers.lincheck.kernel.expand import place
from checkers.lincheck.kernel.layers import DEAD, DONE, STOPPED, begin, make_layer, prune
from checkers.lincheck.kernel.memory import (
    A_RECORD,
    A_USED,
    COUNT,
    EVENT,
    EVENTS,
    EXPECT,
    F_COUNT,
    F_DEEPEST,
    F_ENTRIES,
    F_FAILED,
    F_HEADER,
    F_LIKED,
    F_LIMIT,
    F_MASK,
    F_NEXT,
    F_STARTS,
    LAYER,
    NONE,
    OPS,
    RANK,
    STEPS,
    TYPES,
    UPTO,
    WORDS,
    Ints,
)
from checkers.lincheck.kernel.moves import finish, hash_ints, mix, move_on, uncall, unfinish

FAILED_ROOM = 1 << 14  # integers of `f` for what failed


def begin_dive(p: Ints, a: Ints, f: Ints) -> None:
    """One configuration before the first event, and nothing that failed."""
    begin(p, a)
    m = p[EVENTS]
    f[F_STARTS] = F_HEADER
    f[F_NEXT] = F_HEADER + m
    f[F_LIKED] = F_HEADER + 2 * m
    f[F_DEEPEST] = -1
    f[F_FAILED] = F_HEADER + 3 * m
    f[F_COUNT] = 0
    limit = 1  # the same for the same question, however long `f` is
    while 4 * limit * (4 + 2 * p[WORDS]) <= FAILED_ROOM:
        limit *= 2
    f[F_LIMIT] = limit
    f[F_MASK] = 2 * limit - 1
    f[F_ENTRIES] = f[F_FAILED] + 2 * limit
    for i in range(f[F_FAILED], f[F_ENTRIES]):
        f[i] = NONE
    guess_liked(p, f)


def guess_liked(p: Ints, f: Ints) -> None:
    """Per event: what the first operation called after it expects."""
    liked = NONE
    op = p[OPS] - 1
    for e in range(p[EVENTS] - 1, -1, -1):
        while op >= p[p[UPTO] + e]:
            expect = p[p[EXPECT] + p[p[TYPES] + op]]
            if expect >= 0 and p[p[RANK] + op] < p[EVENTS]:
                liked = expect
            op -= 1
        f[f[F_LIKED] + e] = liked


def dive(p: Ints, t: Ints, r: Ints, a: Ints, f: Ints, slack: int, factor: int, max_steps: int) -> int:
    """DONE if the last event was reached, DEAD if there is no way, STOPPED if `factor` steps per event
    reached and `slack` more (or `max_steps`) were spent; else what `make_layer` says, and it may be called
    again.
    """
    m = p[EVENTS]
    while p[EVENT] + 1 < m:
        if p[STEPS] > slack + factor * f[F_DEEPEST] or p[STEPS] >= max_steps:
            return STOPPED
        code = descend(p, t, r, a, f)
        if code != DONE:
            return code
        if not choose(p, a, f):
            return DEAD
    return DONE


def descend(p: Ints, t: Ints, r: Ints, a: Ints, f: Ints) -> int:
    """Make the next layer from the chosen entry; if something is missing or full, nothing has happened."""
    e = p[EVENT] + 1
    chosen = 0 if e == 0 else f[f[F_NEXT] + e - 1] - 1
    before = a[LAYER]
    end = a[COUNT]
    move_on(p)
    a[LAYER] = end
    code = make_layer(p, t, r, a, chosen, chosen + 1)
    if code != DONE:
        a[COUNT] = end
        a[LAYER] = before
        uncall(p)
        return code
    finish(p)
    prune(p, a)
    f[f[F_STARTS] + e] = end
    f[f[F_NEXT] + e] = end
    if a[COUNT] > end + 1:
        order_layer(p, a, f[f[F_LIKED] + e])
    f[F_DEEPEST] = max(f[F_DEEPEST], e)
    return DONE


def order_layer(p: Ints, a: Ints, liked: int) -> None:
    """The most promising entry first: fewest endless operations used, then the liked state."""
    best = a[LAYER]
    for i in range(a[LAYER], a[COUNT]):
        if score(p, a, i, liked) < score(p, a, best, liked):
            best = i
    b = place(p, a, best)
    c = place(p, a, a[LAYER])
    for j in range(A_RECORD + 1 + 2 * p[WORDS]):
        x = a[b + j]
        a[b + j] = a[c + j]
        a[c + j] = x


def score(p: Ints, a: Ints, i: int, liked: int) -> int:
    """Lower is tried first."""
    b = place(p, a, i)
    return 2 * a[b + A_USED] + (0 if a[b + A_RECORD] == liked else 1)


def choose(p: Ints, a: Ints, f: Ints) -> bool:
    """Choose the next entry of the last layer, going back where there is none; False if nothing is left."""
    while True:
        e = p[EVENT]
        i = f[f[F_NEXT] + e]
        if i < a[COUNT]:
            f[f[F_NEXT] + e] = i + 1
            if f[F_COUNT] == 0 or not has_failed(p, a, f, i):
                return True
            continue
        a[COUNT] = f[f[F_STARTS] + e]
        unfinish(p)
        uncall(p)
        if e == 0:
            a[LAYER] = 0
            return False
        a[LAYER] = f[f[F_STARTS] + e - 1]
        remember(p, a, f, f[f[F_NEXT] + e - 1] - 1)


def find_failed(p: Ints, a: Ints, f: Ints, i: int) -> int:
    """Where entry `i` of the last layer stands in the table, or would."""
    width = 1 + 2 * p[WORDS]
    b = place(p, a, i) + A_RECORD
    at = mix(hash_ints(a, b, width), p[EVENT]) & f[F_MASK]
    while f[f[F_FAILED] + at] != NONE:
        c = f[F_ENTRIES] + f[f[F_FAILED] + at] * (1 + width)
        if f[c] == p[EVENT] and same(a, b, f, c + 1, width):
            return at
        at = (at + 1) & f[F_MASK]
    return at


def same(a: Ints, b: int, f: Ints, c: int, count: int) -> bool:
    """Whether two records in different memories are equal."""
    for j in range(count):
        if a[b + j] != f[c + j]:
            return False
    return True


def has_failed(p: Ints, a: Ints, f: Ints, i: int) -> bool:
    """Whether entry `i` of the last layer is known to lead nowhere."""
    return f[f[F_FAILED] + find_failed(p, a, f, i)] != NONE


def remember(p: Ints, a: Ints, f: Ints, i: int) -> None:
    """Entry `i` of the last layer leads nowhere. When the table is full it is not remembered, which costs
    time only.
    """
    if f[F_COUNT] >= f[F_LIMIT]:
        return
    at = find_failed(p, a, f, i)
    if f[f[F_FAILED] + at] != NONE:
        return
    width = 1 + 2 * p[WORDS]
    b = place(p, a, i) + A_RECORD
    c = f[F_ENTRIES] + f[F_COUNT] * (1 + width)
    f[c] = p[EVENT]
    for j in range(width):
        f[c + 1 + j] = a[b + j]
    f[f[F_FAILED] + at] = f[F_COUNT]
    f[F_COUNT] += 1
