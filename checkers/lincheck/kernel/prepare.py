"""Lay out the memory of a problem, order its events, and give every operation its slot.

Invariants: the slot of an operation depends on the problem alone, so a search may walk events both ways.
"""

from __future__ import annotations

from checkers.lincheck.kernel.memory import (
    ASSIGN,
    AT,
    BITS,
    CALLED,
    COUNT,
    CRASHED,
    CTZ,
    DE_BRUIJN,
    ENDLESS,
    ENDS,
    ENTRIES,
    EVENT,
    EVENTS,
    EXPECT,
    FORBID,
    GHOSTS,
    HEADER,
    HEADS_MASK,
    INITIAL,
    KIND,
    LAST_SHUNNED,
    LAYER,
    LIMIT,
    LONGEST_SORT,
    LOW,
    N_TYPES,
    NONE,
    OBSERVER,
    OBSERVERS,
    OPS,
    P_HEADER,
    RANK,
    READER,
    SHIFT,
    SHUNNED,
    SLOTS,
    STATES,
    TABLE,
    TWINS,
    TYPES,
    UPTO,
    WANTED,
    WORD,
    WORDS,
    Ints,
)
from checkers.lincheck.kernel.moves import mix


def lay_out(p: Ints, n: int, m: int, types: int, states: int, initial: int) -> None:
    """Write the header: the regions whose size is known at once."""
    p[OPS] = n
    p[EVENTS] = m
    p[N_TYPES] = types
    p[STATES] = states
    p[INITIAL] = initial
    at = P_HEADER
    for region in range(TYPES, RANK + 1):
        p[region] = at
        at += m if region in (ENDS, UPTO) else n
    for region in range(KIND, ASSIGN + 1):
        p[region] = at
        at += types
    p[TWINS] = at
    at += types
    p[WANTED] = at
    p[SHUNNED] = at + states
    p[AT] = at + 2 * states
    for b in range(BITS):
        p[CTZ + ((((1 << b) * DE_BRUIJN) & WORD) >> (BITS - 6))] = b


def load(
    p: Ints, call: Ints, ret: Ints, types: Ints, guards: Ints, never: int, states: int, initial: int
) -> bool:
    """Fill `p` for operations in order of call; `ret` is `never` for those that did not return. Whether ENDS
    could be sorted here; if not, the caller sorts it and calls `number_events`.

    guards: (5 T) KIND, EXPECT, FORBID, ASSIGN, TWINS.
    """
    n = len(call)
    m = 0
    for i in range(n):
        if ret[i] != never:
            m += 1
    count = len(guards) // 5
    lay_out(p, n, m, count, states, initial)
    e = p[ENDS]
    first = p[TYPES]
    for i in range(n):
        p[first + i] = types[i]
        if ret[i] != never:
            p[e] = i
            e += 1
    for i in range(count):
        p[p[KIND] + i] = guards[i]
        p[p[EXPECT] + i] = guards[count + i]
        p[p[FORBID] + i] = guards[2 * count + i]
        p[p[ASSIGN] + i] = guards[3 * count + i]
        p[p[TWINS] + i] = guards[4 * count + i]
    if not sort_returns(p, ret):
        return False
    number_events(p, call, ret)
    return True


def sort_returns(p: Ints, ret: Ints) -> bool:
    """Insertion sort of ENDS (operations in order of call) by return; False if that gets expensive.

    Operations return nearly in order of call: each passes only those that overlap it.
    """
    ends = p[ENDS]
    count = p[EVENTS]
    left = LONGEST_SORT * count + 1000
    for i in range(1, count):
        op = p[ends + i]
        key = ret[op]
        j = i - 1
        while j >= 0 and ret[p[ends + j]] > key:
            p[ends + j + 1] = p[ends + j]
            j -= 1
        p[ends + j + 1] = op
        left -= i - 1 - j
        if left < 0:
            return False
    return True


def number_events(p: Ints, call: Ints, ret: Ints) -> None:
    """Fill UPTO and RANK from the sorted ENDS."""
    n = p[OPS]
    count = p[EVENTS]
    called = 0
    rank = p[RANK]
    ends = p[ENDS]
    upto = p[UPTO]
    for i in range(n):
        p[rank + i] = count
    for e in range(count):
        op = p[ends + e]
        p[rank + op] = e
        at = ret[op]
        while called < n and call[called] <= at:
            called += 1
        p[upto + e] = called


def last_uses(p: Ints) -> bool:
    """Fill WANTED, SHUNNED and LAST_SHUNNED; whether any operation forbids a state."""
    p[LAST_SHUNNED] = NONE
    for s in range(p[STATES]):
        p[p[WANTED] + s] = NONE
        p[p[SHUNNED] + s] = NONE
    types = p[TYPES]
    ranks = p[RANK]
    expects = p[EXPECT]
    forbids_at = p[FORBID]
    wanted = p[WANTED]
    for i in range(p[OPS]):
        t = p[types + i]
        rank = p[ranks + i]
        expect = p[expects + t]
        forbid = p[forbids_at + t]
        if expect >= 0 and p[wanted + expect] < rank:
            p[wanted + expect] = rank
        if forbid >= 0:
            p[p[SHUNNED] + forbid] = max(p[p[SHUNNED] + forbid], rank)
            p[LAST_SHUNNED] = max(p[LAST_SHUNNED], rank)
    return p[LAST_SHUNNED] != NONE


def droppable(p: Ints, op: int, first: int, forbids: bool) -> bool:
    """Whether `op`, which never returned and is called before the event `first`, can be left out without
    changing the answer.

    An observer that never returned says nothing. A guarded operation that leaves v matters only if the next
    operation in the order is no reset and is legal at v: were it a reset, or were there none, the order
    without `op` is as legal. Such an operation expects v (then it returns after the call of `op`; WANTED is
    the event of the last one), or it expects nothing, which only those that forbid something or stand in a
    table do (observers without any condition are legal wherever they stand).
    """
    t = p[p[TYPES] + op]
    if p[p[KIND] + t] == OBSERVER or p[p[KIND] + t] == READER or first == p[EVENTS]:
        return True
    if p[p[ASSIGN] + t] < 0 or forbids or p[STATES] == 0:
        return False
    last = p[p[WANTED] + p[p[ASSIGN] + t]]
    return last < p[EVENTS] and last < first


def is_first_twin(p: Ints, op: int) -> bool:
    """Whether `op`, which never returned, needs a slot: one stands for all if its type is endless."""
    at = p[TWINS] + p[p[TYPES] + op]
    if p[at] % GHOSTS == 0:
        return True
    p[at] += 1
    return p[at] % GHOSTS == 2


def assign_slots(p: Ints, forbids: bool) -> int:
    """Give every operation its slot; how many slots there are in all."""
    n = p[OPS]
    free = p[AT]  # a stack, in memory that is not used yet
    p[CRASHED] = 0
    count = p[EVENTS]
    top = 0
    used = 0
    op = 0
    rank = p[RANK]
    slots = p[SLOTS]
    for e in range(count + 1):
        limit = p[p[UPTO] + e] if e < count else n
        while op < limit:
            if p[rank + op] == count and (droppable(p, op, e, forbids) or not is_first_twin(p, op)):
                p[slots + op] = NONE
                op += 1
                continue
            if p[rank + op] == count and p[p[ASSIGN] + p[p[TYPES] + op]] != TABLE:
                p[CRASHED] = 1
            if top > 0:
                top -= 1
                p[slots + op] = p[free + top]
            else:
                p[slots + op] = used
                used += 1
                if used & LOW == BITS:
                    used += 2
            op += 1
        if e < count:
            p[free + top] = p[slots + p[p[ENDS] + e]]
            top += 1
    return used


def give_slots(p: Ints) -> None:
    """Second half of the preparation: slots, and the masks, whose size follows from them."""
    forbids = True
    if p[STATES] > 0:
        forbids = last_uses(p)
    slots = assign_slots(p, forbids)
    words = (slots + LOW) >> SHIFT
    if words == 0:
        words = 1
    p[WORDS] = words
    at = p[AT] + (words << SHIFT)
    for region in range(OBSERVERS, ENDLESS + 1):
        p[region] = at
        at += words
    rewind(p)


def rewind(p: Ints) -> None:
    """Before the first event."""
    p[EVENT] = -1
    p[CALLED] = 0
    for i in range(p[OBSERVERS], p[ENDLESS] + p[WORDS]):
        p[i] = 0


def open_list(x: Ints, width: int) -> None:
    """Get a work list or an arena ready for entries of `width`. Its hash table may hold what it will: stamps
    only rise.
    """
    heads = 1
    while 4 * heads * (width + 2) <= len(x):
        heads *= 2
    if heads != x[HEADS_MASK] + 1:
        x[HEADS_MASK] = heads - 1
        for i in range(heads):
            x[HEADER + i] = 0
    x[COUNT] = 0
    x[LAYER] = 0
    x[ENTRIES] = HEADER + heads
    x[LIMIT] = (len(x) - HEADER - heads) // width


def number_types(expect: Ints, forbid: Ints, assign: Ints, heads: Ints, firsts: Ints, types: Ints) -> int:
    """Give equal guards one type, numbered as they come; how many there are.

    heads: zeros, a power of 2 and at least twice as many as operations. firsts, types: as many as operations;
    the first operation of each type, the type of each operation.
    """
    mask = len(heads) - 1
    count = 0
    for i in range(len(types)):
        at = mix(mix(mix(17, expect[i] + 8), forbid[i] + 8), assign[i] + 8) & mask
        found = heads[at]
        while found != 0:
            j = firsts[found - 1]
            if expect[j] == expect[i] and forbid[j] == forbid[i] and assign[j] == assign[i]:
                break
            at = (at + 1) & mask
            found = heads[at]
        if found == 0:
            firsts[count] = i
            count += 1
            heads[at] = count
            found = count
        types[i] = found - 1
    return count
