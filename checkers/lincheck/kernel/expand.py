"""From one event to the next: everything that may be linearized when an operation returns (`moves`: a, b, c).

The configurations of a layer are roots of a work list; each entry is expanded once, equal entries are one. An
entry in which the operation that returns is no longer open goes into the arena.

Invariants: every step closes one operation, so the work list is finite; STEPS counts its entries.
"""

from __future__ import annotations

from checkers.lincheck.kernel.memory import (
    A_PARENT,
    A_RECORD,
    A_SOURCE,
    A_USED,
    ACT,
    ASSIGN,
    COUNT,
    ENDLESS,
    ENDS,
    ENTRIES,
    EVENT,
    HEADER,
    HEADS_MASK,
    JUNK,
    KIND,
    LAST_SHUNNED,
    LAYER,
    LIMIT,
    LOW,
    MODE,
    NEVER,
    NONE,
    OTHERS,
    PARENT,
    R_RECORD,
    R_USED,
    RANK,
    RESET,
    RESETS,
    RETURNING,
    ROOT,
    SAVED,
    SHIFT,
    SLOTS,
    STAMP,
    STAMPED,
    STEPS,
    TYPES,
    WORDS,
    Ints,
)
from checkers.lincheck.kernel.moves import (
    close,
    cover,
    ctz,
    equal_ints,
    hash_ints,
    is_junk,
    mix,
    owner,
    satisfy,
    step,
    type_at,
)

AT_END, AFTER_RESET, BEFORE_X, BEFORE_X_DONE = 0, 1, 2, 3  # modes of an entry: see a, b, c in `moves`


def entry(p: Ints, r: Ints, i: int) -> int:
    """Where entry `i` of the work list begins."""
    return r[ENTRIES] + i * (R_RECORD + 1 + 2 * p[WORDS])


def place(p: Ints, a: Ints, i: int) -> int:
    """Where entry `i` of the arena begins."""
    return a[ENTRIES] + i * (A_RECORD + 1 + 2 * p[WORDS])


def push(p: Ints, r: Ints, source: int, mode: int, saved: int, act: int) -> int:
    """Make room for an entry that follows entry `source`, with its record; where it begins, or NONE if
    there is no room.
    """
    i = r[COUNT]
    if i >= r[LIMIT] or 2 * i > r[HEADS_MASK]:
        return NONE
    b = entry(p, r, i)
    c = entry(p, r, source)
    for j in range(R_RECORD, R_RECORD + 1 + 2 * p[WORDS]):
        r[b + j] = r[c + j]
    r[b + MODE] = mode
    r[b + SAVED] = saved
    r[b + PARENT] = source
    r[b + ROOT] = r[c + ROOT]
    r[b + ACT] = act
    r[b + R_USED] = r[c + R_USED]
    return b


def use(p: Ints, r: Ints, b: int, k: int, bit: int) -> None:
    """Linearize the operation that owns `bit` in the entry at `b`: it is open no longer, unless it is
    endless and does not return now.
    """
    if p[p[NEVER] + k] & bit:
        r[b + R_USED] += 1
    slot = (k << SHIFT) + ctz(p, bit)
    if p[p[ENDLESS] + k] & bit and slot != p[RETURNING]:
        return
    close(p, r, b + R_RECORD, k, bit)


def keep(p: Ints, r: Ints) -> None:
    """Keep the entry that `push` made room for, unless there is an equal one."""
    width = 1 + 2 * p[WORDS]
    i = r[COUNT]
    b = entry(p, r, i)
    value = mix(hash_ints(r, b + R_RECORD, width), r[b + MODE] * 0x1000001 + r[b + SAVED] + 8)
    at = value & r[HEADS_MASK]
    stamp = r[STAMP] * STAMPED
    while r[HEADER + at] >= stamp:
        c = entry(p, r, r[HEADER + at] - stamp)
        if r[b + MODE] == r[c + MODE] and r[b + SAVED] == r[c + SAVED]:
            if equal_ints(r, b + R_RECORD, c + R_RECORD, width):
                if r[b + R_USED] < r[c + R_USED]:
                    for j in range(R_RECORD):
                        r[c + j] = r[b + j]
                return
        at = (at + 1) & r[HEADS_MASK]
    r[HEADER + at] = stamp + i
    r[COUNT] = i + 1


def settle(p: Ints, a: Ints) -> None:
    """Keep the record at the arena's end unless the layer has an equal one."""
    width = 1 + 2 * p[WORDS]
    i = a[COUNT]
    b = place(p, a, i)
    at = hash_ints(a, b + A_RECORD, width) & a[HEADS_MASK]
    stamp = a[STAMP] * STAMPED
    while a[HEADER + at] >= stamp:
        c = place(p, a, a[HEADER + at] - stamp)
        if equal_ints(a, b + A_RECORD, c + A_RECORD, width):
            if a[b + A_USED] < a[c + A_USED]:
                a[c + A_USED] = a[b + A_USED]
                a[c + A_PARENT] = a[b + A_PARENT]
                a[c + A_SOURCE] = a[b + A_SOURCE]
            return
        at = (at + 1) & a[HEADS_MASK]
    a[HEADER + at] = stamp + i
    a[COUNT] = i + 1


def has_room(a: Ints) -> bool:
    """Whether the arena takes one more entry."""
    return a[COUNT] < a[LIMIT] and 2 * (a[COUNT] - a[LAYER]) <= a[HEADS_MASK]


def emit(p: Ints, r: Ints, i: int, a: Ints, k: int, bit: int) -> bool:
    """Entry `i` arrives at the next event, without the operation that returned; False if the arena is
    full."""
    if not has_room(a):
        return False
    c = entry(p, r, i)
    b = place(p, a, a[COUNT])
    a[b + A_PARENT] = r[c + ROOT]
    a[b + A_USED] = r[c + R_USED]
    a[b + A_SOURCE] = i
    for j in range(1 + 2 * p[WORDS]):
        a[b + A_RECORD + j] = r[c + R_RECORD + j]
    close(p, a, b + A_RECORD, k, bit)
    state = r[c + R_RECORD]
    if r[c + MODE] >= BEFORE_X:
        state = r[c + SAVED]
    a[b + A_RECORD] = JUNK if is_junk(p, state, p[EVENT]) else state
    settle(p, a)
    return True


def expand(p: Ints, t: Ints, r: Ints, a: Ints) -> bool:
    """Expand the roots in the work list, and what follows them, into the arena; False if something is
    full."""
    op = p[p[ENDS] + p[EVENT]]
    slot = p[p[SLOTS] + op]
    head = 0
    while head < r[COUNT]:
        p[STEPS] += 1
        if not visit(p, t, r, head, a, op, slot >> SHIFT, 1 << (slot & LOW)):
            return False
        head += 1
    return True


def visit(p: Ints, t: Ints, r: Ints, i: int, a: Ints, op: int, k: int, bit: int) -> bool:
    """One entry: into the arena if `op` is closed, and on to what may follow."""
    c = entry(p, r, i)
    b = c + R_RECORD
    mode = r[c + MODE]
    if not r[b + 1 + k] & bit:
        if not emit(p, r, i, a, k, bit):
            return False
        if mode < BEFORE_X:
            return True
        return follow(p, t, r, i, BEFORE_X_DONE)
    if r[c + PARENT] == NONE and p[p[NEVER] + k] & bit and not emit(p, r, i, a, k, bit):
        return False  # a ghost need not happen
    if p[p[KIND] + p[p[TYPES] + op]] == RESET:
        return visit_reset(p, t, r, i, op, k, bit)
    if not follow(p, t, r, i, mode):
        return False
    if mode != AT_END:
        return True
    if not put_resets(p, t, r, i, op, False):
        return False
    if r[c + PARENT] == NONE and r[b + 1 + p[WORDS] + k] & bit:
        return put_resets(p, t, r, i, op, True)
    return True


def visit_reset(p: Ints, t: Ints, r: Ints, i: int, op: int, k: int, bit: int) -> bool:
    """`op` is an open reset and returns: put it before X if it may go there, and at the end."""
    c = entry(p, r, i)
    if r[c + PARENT] == NONE and r[c + R_RECORD + 1 + p[WORDS] + k] & bit:
        if not put_reset(p, t, r, i, op, k, bit, BEFORE_X_DONE):
            return False
        if is_junk(p, p[p[ASSIGN] + p[p[TYPES] + op]], p[EVENT]) and p[LAST_SHUNNED] <= p[EVENT]:
            return True
    return follow(p, t, r, i, AT_END) and put_reset(p, t, r, i, op, k, bit, AFTER_RESET)


def put_reset(p: Ints, t: Ints, r: Ints, i: int, op: int, k: int, bit: int, mode: int) -> bool:
    """The entry after entry `i` in which the reset `op` was linearized, at its end or before X."""
    b = push(p, r, i, mode, r[entry(p, r, i) + R_RECORD], op)
    if b == NONE:
        return False
    use(p, r, b, k, bit)
    b += R_RECORD
    r[b] = p[p[ASSIGN] + p[p[TYPES] + op]]
    if mode >= BEFORE_X:
        satisfy(p, t, r, b, True)
    else:
        satisfy(p, t, r, b, False)
        cover(p, r, b)
    keep(p, r)
    return True


def put_resets(p: Ints, t: Ints, r: Ints, i: int, op: int, before_x: bool) -> bool:
    """One entry for each value that a pending reset can give and that may lead to `op`."""
    words = p[WORDS]
    b = entry(p, r, i) + R_RECORD
    for k in range(words):
        left = r[b + 1 + k] & p[p[RESETS] + k]
        if before_x:
            left &= r[b + 1 + words + k]
        while left:
            bit = left & -left
            left ^= bit
            one = owner(p, k, bit)
            if not leads_to(p, t, r, b, p[p[ASSIGN] + p[p[TYPES] + one]], op):
                continue
            if not is_first(p, r, b, one, RESETS, before_x, False):
                continue
            if not put_reset(p, t, r, i, one, k, bit, BEFORE_X if before_x else AFTER_RESET):
                return False
    return True


def leads_to(p: Ints, t: Ints, x: Ints, b: int, state: int, op: int) -> bool:
    """Whether `op` is legal in `state`, or something that is no reset may go between."""
    if step(p, t, state, p[p[TYPES] + op]) >= JUNK:
        return True
    for k in range(p[WORDS]):
        left = x[b + 1 + k] & p[p[OTHERS] + k]
        while left:
            bit = left & -left
            left ^= bit
            if step(p, t, state, type_at(p, k, bit)) >= JUNK:
                return True
    return False


def is_first(p: Ints, x: Ints, b: int, op: int, kind: int, covered: bool, uncovered: bool) -> bool:
    """Whether `op` is the one to use of the open operations of its type (among those that are covered, or are
    not, if so asked): the first to return; of those that never return the one called last.

    kind: RESETS or OTHERS.
    """
    words = p[WORDS]
    wanted = p[p[TYPES] + op]
    rank = p[p[RANK] + op]
    for k in range(words):
        left = x[b + 1 + k] & p[p[kind] + k]
        if covered:
            left &= x[b + 1 + words + k]
        if uncovered:
            left &= ~x[b + 1 + words + k]
        while left:
            bit = left & -left
            left ^= bit
            if type_at(p, k, bit) != wanted:
                continue
            other = owner(p, k, bit)
            theirs = p[p[RANK] + other]
            if theirs < rank or (theirs == rank and other > op):
                return False
    return True


def follow(p: Ints, t: Ints, r: Ints, i: int, mode: int) -> bool:
    """One entry for each operation that is no reset, may change the state, and is legal in entry `i`."""
    words = p[WORDS]
    c = entry(p, r, i)
    b = c + R_RECORD
    before_x = mode >= BEFORE_X
    for k in range(words):
        left = r[b + 1 + k] & p[p[OTHERS] + k]
        if before_x:
            left &= r[b + 1 + words + k]
        while left:
            bit = left & -left
            left ^= bit
            one = owner(p, k, bit)
            after = step(p, t, r[b], p[p[TYPES] + one])
            if after < JUNK:
                continue
            covered = before_x or r[b + 1 + words + k] & bit != 0
            if not is_first(p, r, b, one, OTHERS, covered, not covered):
                continue
            d = push(p, r, i, mode, r[c + SAVED], one)
            if d == NONE:
                return False
            use(p, r, d, k, bit)
            r[d + R_RECORD] = after
            satisfy(p, t, r, d + R_RECORD, before_x)
            keep(p, r)
    return True
