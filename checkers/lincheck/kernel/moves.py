"""Configurations and the moves between them.

A configuration stands at an event (the return of an operation) and says what has been decided: the state, for
every pending operation whether it is still *open* in this configuration (not yet linearized), and which of
those are *covered*: called before the last reset X that was linearized. Covered is kept within open, so equal
configurations are equal records.

Operations are linearized as late as possible: only when one that is still open returns (Lowe, "Testing for
linearizability", 2017: just-in-time linearization). What may be linearized then follows from a normal form of
linearizations; let X be the last reset in the order so far:

1. An observer is linearized as soon as the state lets it: moved there, nobody sees a difference. (A reader,
   whose state is a set, only where it leaves the set as it is: where it stood it could only narrow the set,
   and a larger set allows whatever a smaller one allows. Elsewhere it counts as an operation that changes.)
2. A reset, with what follows it up to the next reset, is a *block*. A block may stand anywhere among resets:
   so all blocks but the last one of those that are linearized at an event are left open (*deferred*), and
   put in directly before X when one of their operations returns, if all of them had been called before X
   (are covered). Hence, when operation o returns and is open, the order goes on
   a. at its end: operations that are no resets, up to o;
   b. at its end: some of those, then one reset, then no resets, up to o (o may be that reset);
   c. before X: a covered reset, then covered operations that are no resets, up to o and perhaps beyond: the
      state after X stays what it is.
   A covered reset o that returns may be put before X too (c, with o as the reset). That changes nothing but
   satisfies the observers of its value, so doing it is never worse than not doing it.
3. Of open resets of one type the one that returns first is used: exchange them. Of operations of one type
   that are no resets, the same among the covered ones, and among the others (a covered one may go before X,
   the others may not). Those that never return come last, the latest called first, the covered ones last.
4. State v is JUNK when no operation that returns later expects or forbids v.
5. A covered reset that returns and gives a junk value is not put at the end too if no operation that returns
   later forbids any state: then every state allows whatever a junk one allows. (Otherwise it may be wanted
   there: what it covers goes before it, without its own last state being seen.)

Invariants: none of these functions decides an answer; whoever calls them does, by running out of
configurations or of events.
"""

from __future__ import annotations

from checkers.lincheck.kernel.memory import (
    ASSIGN,
    AT,
    BITS,
    CALLED,
    CTZ,
    DE_BRUIJN,
    DEFAULT,
    ENDLESS,
    ENDS,
    EVENT,
    EVENTS,
    EXPECT,
    FORBID,
    GHOSTS,
    ILLEGAL,
    KIND,
    LOW,
    MASK,
    MISS,
    MISSING,
    MISSING_LIMIT,
    N_TYPES,
    NEVER,
    NEW,
    NONE,
    OBSERVER,
    OBSERVERS,
    OTHERS,
    PAIRS,
    RANK,
    READER,
    RESET,
    RESETS,
    RETURNING,
    SHIFT,
    SHUNNED,
    SLOTS,
    STATES,
    T_HEADER,
    TABLE,
    TWINS,
    TYPES,
    UPTO,
    VALUES,
    WANTED,
    WORD,
    WORDS,
    Ints,
)


def step(p: Ints, t: Ints, state: int, kind: int) -> int:
    """The state after an operation of type `kind`, ILLEGAL, or MISS."""
    after = p[p[ASSIGN] + kind]
    if after == TABLE:
        return look_up(p, t, state, kind)
    expect = p[p[EXPECT] + kind]
    if expect != NONE and expect != state:
        return ILLEGAL
    if p[p[FORBID] + kind] == state:
        return ILLEGAL
    return state if after == NONE else after


def look_up(p: Ints, t: Ints, state: int, kind: int) -> int:
    """The same from the table, or its default; notes what it does not know."""
    key = state * p[N_TYPES] + kind + 1
    i = table_start(key, t[MASK])
    while t[T_HEADER + i] != 0:
        if t[T_HEADER + i] == key:
            return t[t[VALUES] + i]
        i = (i + 1) & t[MASK]
    n = t[MISSING]
    if t[DEFAULT] == MISS and n < t[MISSING_LIMIT]:
        t[PAIRS + 2 * n] = state
        t[PAIRS + 1 + 2 * n] = kind
        t[MISSING] = n + 1
    return t[DEFAULT]


def enter(t: Ints, learned: Ints) -> None:
    """Write keys and values, by turns in `learned`, into the table."""
    for i in range(0, len(learned), 2):
        j = table_start(learned[i], t[MASK])
        while t[T_HEADER + j] != 0:
            j = (j + 1) & t[MASK]
        t[T_HEADER + j] = learned[i]
        t[t[VALUES] + j] = learned[i + 1]


def table_start(key: int, mask: int) -> int:
    """Where to look for `key` first; below 2^62 on the way, as plain integers do not wrap around."""
    return ((key & 0x7FFFFFFF) * 0x5BD1E995 >> 16 ^ key >> 31) & mask


def ctz(p: Ints, bit: int) -> int:
    """The number of the only bit of a word (Leiserson, Prokop, Randall, "Using de Bruijn sequences to index a
    1 in a computer word", 1998).
    """
    return p[CTZ + (((bit * DE_BRUIJN) & WORD) >> (BITS - 6))]


def type_at(p: Ints, k: int, bit: int) -> int:
    """The type of the operation that owns `bit` of word `k`."""
    return p[p[TYPES] + p[p[AT] + (k << SHIFT) + ctz(p, bit)]]


def owner(p: Ints, k: int, bit: int) -> int:
    """The operation that owns `bit` of word `k`."""
    return p[p[AT] + (k << SHIFT) + ctz(p, bit)]


def lets(p: Ints, t: Ints, state: int, k: int, bit: int) -> bool:
    """Whether the state lets the observer that owns `bit` of word `k` happen, and is not narrowed by it."""
    return step(p, t, state, type_at(p, k, bit)) == state


def satisfy(p: Ints, t: Ints, x: Ints, b: int, covered_only: bool) -> None:
    """Close the open observers that the state of the record at `b` lets happen (those called before X, if so
    asked).
    """
    words = p[WORDS]
    state = x[b]
    for k in range(words):
        left = x[b + 1 + k] & p[p[OBSERVERS] + k]
        if covered_only:
            left &= x[b + 1 + words + k]
        while left:
            bit = left & -left
            left ^= bit
            if lets(p, t, state, k, bit):
                close(p, x, b, k, bit)


def close(p: Ints, x: Ints, b: int, k: int, bit: int) -> None:
    """An operation is open no longer."""
    x[b + 1 + k] &= ~bit
    x[b + 1 + p[WORDS] + k] &= ~bit


def cover(p: Ints, x: Ints, b: int) -> None:
    """A reset was linearized at the end: all that is open now had been called before it."""
    words = p[WORDS]
    for k in range(words):
        x[b + 1 + words + k] = x[b + 1 + k]


def arrive(p: Ints, t: Ints, x: Ints, b: int) -> None:
    """Open the operations called since the event before; of the observers those that the state does not let
    happen (what has been open was asked when the state last changed).
    """
    for k in range(p[WORDS]):
        new = p[p[NEW] + k]
        x[b + 1 + k] |= new
        new &= p[p[OBSERVERS] + k]
        while new:
            bit = new & -new
            new ^= bit
            if lets(p, t, x[b], k, bit):
                close(p, x, b, k, bit)


def is_junk(p: Ints, state: int, e: int) -> bool:
    """Whether nothing that returns after event `e` expects or forbids `state`."""
    if state < 0:
        return True
    return p[STATES] > 0 and p[p[WANTED] + state] <= e and p[p[SHUNNED] + state] <= e


def move_on(p: Ints) -> None:
    """To the next event: its operations are called."""
    e = p[EVENT] + 1
    p[EVENT] = e
    p[RETURNING] = p[p[SLOTS] + p[p[ENDS] + e]]
    for k in range(p[WORDS]):
        p[p[NEW] + k] = 0
    limit = p[p[UPTO] + e]
    for op in range(p[CALLED], limit):
        slot = p[p[SLOTS] + op]
        if slot != NONE:
            p[p[NEW] + (slot >> SHIFT)] |= 1 << (slot & LOW)
            mark(p, op, slot)
    p[CALLED] = limit


def mark(p: Ints, op: int, slot: int) -> None:
    """`op` becomes pending."""
    p[p[AT] + slot] = op
    k = slot >> SHIFT
    bit = 1 << (slot & LOW)
    kind = p[p[KIND] + p[p[TYPES] + op]]
    if kind == OBSERVER:
        p[p[OBSERVERS] + k] |= bit
    elif kind == RESET:
        p[p[RESETS] + k] |= bit
    else:
        p[p[OTHERS] + k] |= bit
        if kind == READER:
            p[p[OBSERVERS] + k] |= bit
    twins = p[p[TWINS] + p[p[TYPES] + op]]
    if p[p[RANK] + op] == p[EVENTS] or twins >= GHOSTS:
        p[p[NEVER] + k] |= bit
        if twins % GHOSTS > 0:
            p[p[ENDLESS] + k] |= bit


def unmark(p: Ints, op: int) -> None:
    """`op` is pending no longer."""
    slot = p[p[SLOTS] + op]
    if slot == NONE:
        return
    k = slot >> SHIFT
    rest = ~(1 << (slot & LOW))
    p[p[OBSERVERS] + k] &= rest
    p[p[RESETS] + k] &= rest
    p[p[OTHERS] + k] &= rest
    p[p[NEVER] + k] &= rest
    p[p[ENDLESS] + k] &= rest


def finish(p: Ints) -> None:
    """The operation of the present event has returned."""
    unmark(p, p[p[ENDS] + p[EVENT]])


def uncall(p: Ints) -> None:
    """Undo `move_on`: the event before has just been finished."""
    e = p[EVENT]
    first = p[p[UPTO] + e - 1] if e > 0 else 0
    for op in range(first, p[CALLED]):
        unmark(p, op)
    p[CALLED] = first
    p[EVENT] = e - 1


def unfinish(p: Ints) -> None:
    """Undo `finish`."""
    op = p[p[ENDS] + p[EVENT]]
    mark(p, op, p[p[SLOTS] + op])


def mix(value: int, part: int) -> int:
    """A hash of a word more; stays below 2^62."""
    value = (value ^ part ^ (part >> 29)) & 0x3FFFFFFF
    value = value * 0x5BD1E995 + (part & 0xFFFFFF) + (part >> 40)
    return (value ^ (value >> 15)) & 0x3FFFFFFFFFFFFFF


def hash_ints(x: Ints, b: int, count: int) -> int:
    """A hash of `count` integers from `b`."""
    value = 17
    for j in range(b, b + count):
        value = mix(value, x[j] + 8)
    return value


def equal_ints(x: Ints, b: int, c: int, count: int) -> bool:
    """Whether `count` integers from `b` and from `c` are the same."""
    for j in range(count):
        if x[b + j] != x[c + j]:
            return False
    return True
