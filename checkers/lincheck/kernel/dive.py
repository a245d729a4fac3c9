"""Depth first: one configuration at a time, back to the last choice when none follows (Wing & Gong,
"Testing and verifying concurrent objects", 1993; what failed is remembered: Lowe, 2017).

The arena is a stack of layers, each made from one chosen configuration of the layer before.

Invariants: EVENT is the event of the last layer; every layer but the last has a chosen entry, the one before
F_NEXT.
"""

from __future__ import annotations

from checkers.lincheck.kernel.expand import has_room, place
from checkers.lincheck.kernel.layers import DEAD, DONE, STOPPED, begin, come_in, make_layer, prune
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
    F_LATEST,
    F_LIKED,
    F_LIMIT,
    F_MASK,
    F_NEXT,
    F_REACHED,
    F_STARTS,
    JUNK,
    LAYER,
    LOW,
    MISSING,
    NONE,
    OPS,
    RANK,
    RETURNING,
    SHIFT,
    STEPS,
    TYPES,
    UPTO,
    WORDS,
    Ints,
)
from checkers.lincheck.kernel.moves import finish, hash_ints, is_junk, mix, move_on, uncall, unfinish

FAILED_ROOM = 1 << 14  # integers of `f` for what failed, and as many more per event:
FAILED_PER_EVENT = 8
FACTOR, PATIENCE = 4, 4  # see `allowed`


def begin_dive(p: Ints, a: Ints, f: Ints) -> None:
    """One configuration before the first event, and nothing that failed."""
    begin(p, a)
    m = p[EVENTS]
    f[F_STARTS] = F_HEADER
    f[F_NEXT] = F_HEADER + m
    f[F_LIKED] = F_HEADER + 2 * m
    f[F_DEEPEST] = -1
    f[F_REACHED] = 0
    f[F_LATEST] = -1
    f[F_FAILED] = F_HEADER + 3 * m
    f[F_COUNT] = 0
    limit = 1  # the same for the same question, however long `f` is
    while 4 * limit * (4 + 2 * p[WORDS]) <= FAILED_ROOM + FAILED_PER_EVENT * m:
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
    events = p[EVENTS]
    upto = p[UPTO]
    types = p[TYPES]
    at = f[F_LIKED]
    for e in range(events - 1, -1, -1):
        first = p[upto + e]
        while op >= first:
            expect = p[p[EXPECT] + p[types + op]]
            if expect >= 0 and p[p[RANK] + op] < events:
                liked = expect
            op -= 1
        f[at + e] = liked


def allowed(f: Ints, slack: int) -> int:
    """How many steps may be spent before an event further than any is reached: neither many in all, nor many
    since the last time.
    """
    return min(slack + FACTOR * f[F_DEEPEST], f[F_REACHED] + slack + f[F_DEEPEST] // PATIENCE)


def dive(p: Ints, t: Ints, r: Ints, a: Ints, f: Ints, slack: int, max_steps: int) -> int:
    """DONE if the last event was reached, DEAD if there is no way, STOPPED if more than `allowed` (or
    `max_steps`) were spent; else what `make_layer` says, and it may be called again.
    """
    while p[EVENT] + 1 < p[EVENTS]:
        if p[STEPS] > allowed(f, slack) or p[STEPS] >= max_steps:
            return STOPPED
        e = p[EVENT] + 1
        chosen = 0 if e == 0 else f[f[F_NEXT] + e - 1] - 1
        before = a[LAYER]
        end = a[COUNT]
        move_on(p)
        a[LAYER] = end
        if not glide(p, t, a, chosen):
            code = make_layer(p, t, r, a, chosen, chosen + 1)
            if code != DONE:
                a[COUNT] = end
                a[LAYER] = before
                uncall(p)
                return code
            prune(p, a)
            if a[COUNT] > end + 1:
                order_layer(p, a, f[f[F_LIKED] + e])
        finish(p)
        f[f[F_STARTS] + e] = end
        f[f[F_NEXT] + e] = end
        if e > f[F_DEEPEST]:
            f[F_DEEPEST] = e
            f[F_REACHED] = p[STEPS]
        if not choose(p, a, f):
            return DEAD
    return DONE


def glide(p: Ints, t: Ints, a: Ints, chosen: int) -> bool:
    """The layer after the present event, if that is the chosen entry because it has closed the operation that
    returns; False, and nothing has happened, if it takes more.
    """
    if not has_room(a):
        return False
    t[MISSING] = 0
    b = come_in(p, t, a, chosen)
    slot = p[RETURNING]
    if t[MISSING] > 0 or a[b + 1 + (slot >> SHIFT)] >> (slot & LOW) & 1:
        return False
    if is_junk(p, a[b], p[EVENT]):
        a[b] = JUNK
    a[COUNT] += 1
    p[STEPS] += 1
    return True


def order_layer(p: Ints, a: Ints, liked: int) -> None:
    """The most promising entry first: in the liked state, then with the fewest endless operations used."""
    best = a[LAYER]
    for i in range(a[LAYER] + 1, a[COUNT]):
        if is_better(place(p, a, i), place(p, a, best), a, liked):
            best = i
    b = place(p, a, best)
    c = place(p, a, a[LAYER])
    for j in range(A_RECORD + 1 + 2 * p[WORDS]):
        x = a[b + j]
        a[b + j] = a[c + j]
        a[c + j] = x


def is_better(b: int, c: int, a: Ints, liked: int) -> bool:
    """Whether the entry at `b` is tried before that at `c`."""
    if (a[b + A_RECORD] == liked) != (a[c + A_RECORD] == liked):
        return a[b + A_RECORD] == liked
    return a[b + A_USED] < a[c + A_USED]


def choose(p: Ints, a: Ints, f: Ints) -> bool:
    """Choose the next entry of the last layer, going back where there is none; False if nothing is left."""
    while True:
        e = p[EVENT]
        i = f[f[F_NEXT] + e]
        if i < a[COUNT]:
            f[f[F_NEXT] + e] = i + 1
            if e > f[F_LATEST] or not has_failed(p, a, f, i):
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
    f[F_LATEST] = max(f[F_LATEST], p[EVENT])
    for j in range(width):
        f[c + 1 + j] = a[b + j]
    f[f[F_FAILED] + at] = f[F_COUNT]
    f[F_COUNT] += 1
