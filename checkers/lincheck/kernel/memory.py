"""The layout of the kernel's memory: flat arrays of int64 (lists, when plain), each with a header.

One array as an argument costs a call nothing, a tuple of twenty costs more than the work; so the kernel's
structures are regions of flat arrays, as they would be in C, and the names below are offsets.

`p`, the problem: n operations in order of call, m of which return, T types, S states. A return is an *event*,
numbered in order of time. Intervals are closed, so calls at the moment of a return come before it.
While an operation is pending it owns a *slot*, a bit in every mask; masks are words of BITS bits, so that
each is a small positive integer.

`t`, the table of transitions: open addressing, `keys[i]` = state * T + type + 1 (0 is free), `values[i]`;
and the list of what was asked and is missing. If the table is complete, DEFAULT is the state that whatever is
not in it leads to, and nothing is ever missing.

`f`: the memory of the depth-first search.

`r`, the work list, and `a`, the arena: entries, with a hash table (stamp * 2^31 + index) that finds equal
ones.

A *record* is a configuration: 1 + 2 * words integers: state, open mask, covered mask (see `moves`).

Invariants: headers are written by `prepare`; nothing here or elsewhere in the
kernel allocates.
"""

from __future__ import annotations

from typing import Any

Ints = Any  # an int64 array, or a list of integers when the kernel runs plain

BITS = 62  # of a word
SHIFT, LOW = 6, 63  # slot s is bit s & LOW of word s >> SHIFT, so two slots of every 64 are not used
WORD = (1 << BITS) - 1
# As BITS bits, with zeros behind: all its windows of 6 bits are different.
DE_BRUIJN = 0x8628E4B34F5DBF
NONE = -1  # no guard on the state, no slot, no operation
TABLE = -9  # in ASSIGN: the type's transitions stand in the table, not in guards
JUNK = -2  # the one state for all that no later operation expects or forbids; whatever is above is legal too
ILLEGAL = -3
MISS = -4  # the table does not know yet

# Kinds of types. An observer never changes the state; a reset is legal in every state and always leaves the
# same one. A reader is an observer whose states are sets of possible states: it may narrow the set.
OBSERVER, RESET, OTHER, READER = 0, 1, 2, 3

LONGEST_SORT = 64  # moves per operation before another sort is better

# Rows of `question.Alphabet.guards`.
KIND_ROW, EXPECT_ROW, FORBID_ROW, ASSIGN_ROW, TWINS_ROW = 0, 1, 2, 3, 4

# A ghost need not happen, and if so from its call to its return: any number of times (GHOSTS + 1) or once
# (GHOSTS). See `checkers.lincheck.ghosts`.
GHOSTS = 1 << 40

# p: numbers.
OPS, EVENTS, N_TYPES, STATES, WORDS, INITIAL = 0, 1, 2, 3, 4, 5
EVENT = 6  # the event that was handled last
CALLED = 7  # how many operations have been called by then
STEPS = 8
PHASE = 9  # what is running: see `decide`

# p: where regions begin.
TYPES = 10  # n
ENDS = 11  # m: operations in order of return
UPTO = 12  # m: how many operations are called at or before the event
SLOTS = 13  # n: or NONE
RANK = 14  # n: the event of its return; m if it never returns
KIND = 15  # T
EXPECT = 16  # T: see `checkers.lincheck.model.Guard`; NONE stands for ANY
FORBID = 17  # T
ASSIGN = 18  # T
WANTED = 19  # S: the last event of an operation that expects the state; m if it never returns; NONE if none
SHUNNED = 20  # S: the same for those that forbid it
AT = 21  # slots: the operation that owns the slot
OBSERVERS = 22  # words: pending operations by kind
RESETS = 23
OTHERS = 24
NEW = 25  # words: those called since the event before
NEVER = 26  # words: those that never return
# words: of those, which stand for any number of their kind (a relaxation, see `checkers.lincheck.search`)
ENDLESS = 27
TWINS = (
    28  # T: 0, or whether operations of the type that never return are endless: 1, and 2 once one has a slot
)
LAST_SHUNNED = 29  # the last event of an operation that forbids any state; NONE if none does
RETURNING = 30  # the slot of the operation that returns
CRASHED = 31  # whether an operation never returned, has a slot, and is a guard
CTZ = 32  # 64: see `moves.ctz`
P_HEADER = 100

# t
MASK, VALUES, MISSING, MISSING_LIMIT = 0, 1, 2, 3  # size - 1; offset of values; missing pairs so far; most
DEFAULT = 4  # the state after what is not in the table; MISS if that is to be asked
PAIRS = 5  # the missing pairs stand between here and T_HEADER
T_HEADER = 65  # keys begin here

# f, for depth first: per event the first entry of its layer, the next to try, the state that operations
# called soon seem to want; and records that failed: event, record.
F_STARTS, F_NEXT, F_LIKED, F_FAILED, F_LIMIT, F_COUNT, F_MASK, F_ENTRIES = 0, 1, 2, 3, 4, 5, 6, 7
F_DEEPEST = 8  # the last event ever reached
F_REACHED = 9  # STEPS by then
F_LATEST = 10  # the last event of a record that failed
F_HEADER = 16

# r and a
COUNT = 0  # entries so far
STAMP = 1
LIMIT = 2  # entries that fit
HEADS_MASK = 3  # size of the hash table - 1; the table begins at HEADER, entries behind it
ENTRIES = 4
LAYER = 5  # a: where the present layer begins
HEADER = 8
STAMPED = 1 << 31

# An entry of r: these, then the record.
MODE, SAVED, PARENT, ROOT, ACT, R_USED, R_RECORD = 0, 1, 2, 3, 4, 5, 6
# An entry of a: the index of the entry at the event before, how often operations that never return were
# used on the way here, the entry of the work list that it came from, then the record.
A_PARENT, A_USED, A_SOURCE, A_RECORD = 0, 1, 2, 3
