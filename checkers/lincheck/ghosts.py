"""Questions in which some operations are ghosts: they may take effect between their call and their return
(or ever after, if they never returned), or not. Guards may do so any number of times, which costs nothing
in the configurations; others once, as the states that repetition leads to may have no end.

Every legal order of all operations is, with some of them made ghosts, a legal order of the rest with ghosts
at the places of the others. So if the rest has none, the whole history has none: a ghost is what is left of
an operation that a counter-example does not need.

Invariants: what `summary` gives allows at least what the ghosts that it stands for allow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from checkers.history import OPEN_NS
from checkers.lincheck.kernel.memory import (
    ASSIGN_ROW,
    GHOSTS,
    NONE,
    OBSERVER,
    OTHER,
    READER,
    RESET,
    TABLE,
    TWINS_ROW,
)
from checkers.lincheck.question import Alphabet, Column, Guards, Question


class Haunted:
    """An alphabet twice: type k of the alphabet, and T + k for the ghosts of that type."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.kinds = alphabet.guards.shape[1]
        ghosts = alphabet.guards.copy()
        ghosts[TWINS_ROW] = np.where(ghosts[ASSIGN_ROW] == TABLE, GHOSTS, GHOSTS + 1)
        self.guards: Column = np.concatenate((alphabet.guards, ghosts), axis=1)
        self.states = alphabet.states
        self.initial = alphabet.initial

    def step(self, state: int, kind: int) -> int:
        """See `question.Alphabet`."""
        return self.alphabet.step(state, kind % self.kinds)


def haunted(question: Question, kept: Sequence[int], ghosts: Sequence[int], more: Question) -> Question:
    """The question about the operations `kept`, with `ghosts` and all of `more` (of the same alphabet) as
    ghosts.

    Positions of the answer: first see `origin`.
    """
    alphabet = Haunted(question.alphabet)
    rows = origin(question, kept, ghosts)
    types = question.types[rows] + np.where(np.isin(rows, kept), 0, alphabet.kinds)
    call = np.concatenate((question.call[rows], more.call))
    ret = np.concatenate((question.ret[rows], more.ret))
    types = np.concatenate((types, more.types + alphabet.kinds))
    order = np.argsort(call, kind="stable")
    return Question(call[order], ret[order], types[order], alphabet)


def origin(question: Question, kept: Sequence[int], ghosts: Sequence[int]) -> Column:
    """The positions in `question` of the operations of a haunted one that are in `kept`, or in `ghosts` and
    may change the state; rising.
    """
    given = np.asarray(ghosts, np.int64)
    kinds = question.alphabet.guards[0, question.types[given]]
    matter = given[(kinds != OBSERVER) & (kinds != READER)]
    return np.sort(np.concatenate((np.asarray(kept, np.int64), matter)))


def nothing(question: Question) -> Question:
    """No operations."""
    empty = np.zeros(0, np.int64)
    return Question(empty, empty, empty, question.alphabet)


def summary(
    question: Question, kept: Sequence[int], left: NDArray[np.int64], *, precise: bool = False
) -> tuple[Question, Question]:
    """The operations `left` as few ghosts, one for each type, from the first call to the last return.
    precise: those whose value matters stay ghosts of their own.

    The alphabet must be of guards alone. Returns the question in an alphabet of its own and those ghosts in
    it. Values that no kept operation asks for, not even by way of compare-and-sets, become one value.
    """
    guards = question.alphabet.guards
    kinds = guards.shape[1]
    relevant = _relevant(guards, question.types[np.asarray(kept, np.int64)], question.types[left])
    fresh = question.alphabet.states
    expect, assign = guards[1].copy(), guards[3].copy()
    known = np.append(relevant, [True])  # NONE is the last
    expect = np.where(known[expect], expect, NONE)
    assign = np.where(known[assign], assign, fresh)
    kind = np.where(guards[0] == OBSERVER, OBSERVER, np.where(expect == NONE, RESET, OTHER))
    forbid = np.full(kinds, NONE)
    simple = np.stack((kind, expect, forbid, assign, np.zeros(kinds, np.int64)))
    both, numbers = np.unique(simple, axis=1, return_inverse=True)
    codes = getattr(question.alphabet, "codes", None)
    codes = None if codes is None else np.append(codes, NONE)
    alphabet = Guards(np.concatenate((guards, both), axis=1), fresh + 1, question.alphabet.initial, codes)
    wider = Question(question.call, question.ret, question.types, alphabet)
    types = kinds + numbers.reshape(-1)[question.types[left]]
    if not precise:
        return wider, _hulls(wider, left, types)
    own = assign[question.types[left]] != fresh
    many = _hulls(wider, left[~own], types[~own])
    call = np.concatenate((question.call[left[own]], many.call))
    order = np.argsort(call, kind="stable")
    ret = np.concatenate((question.ret[left[own]], many.ret))[order]
    return wider, Question(call[order], ret, np.concatenate((types[own], many.types))[order], wider.alphabet)


def _relevant(guards: Column, kept: Column, left: Column) -> NDArray[np.bool_]:
    """(S + 1) Which values a kept operation asks for, or one that leads to such a value."""
    _, expect, forbid, assign = guards[:4]
    states = int(max(guards[1:4].max(initial=0), 0)) + 1
    found = np.zeros(states, np.bool_)
    for row in (expect, forbid):
        asked = row[kept]
        found[asked[asked >= 0]] = True
    steps = np.unique(left)
    steps = steps[(expect[steps] >= 0) & (assign[steps] >= 0)]
    while True:
        lead = expect[steps][found[assign[steps]]]
        if np.all(found[lead]):
            return found
        found[lead] = True


def _hulls(question: Question, left: NDArray[np.int64], types: Column) -> Question:
    """One ghost for each type, from the first call to the last return."""
    kinds = question.alphabet.guards[0]
    matter = (kinds[types] != OBSERVER) & (kinds[types] != READER)
    left, types = left[matter], types[matter]
    each, numbers = np.unique(types, return_inverse=True)
    call = np.full(len(each), OPEN_NS, np.int64)
    ret = np.zeros(len(each), np.int64)
    np.minimum.at(call, numbers, question.call[left])
    np.maximum.at(ret, numbers, question.ret[left])
    order = np.argsort(call, kind="stable")
    return Question(call[order], ret[order], each[order], question.alphabet)
