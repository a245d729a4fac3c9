"""The kernel's memory and its calls, for one question at a time: makes room, fills the table, continues.

Invariants: an engine belongs to one question until it is given back; between questions its arrays are kept,
so that a small history costs no allocation. Same question, same answer, plain or compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from checkers.history import OPEN_NS
from checkers.lincheck.kernel import memory as at
from checkers.lincheck.kernel.decide import LAYERING
from checkers.lincheck.kernel.dive import FAILED_PER_EVENT, FAILED_ROOM
from checkers.lincheck.question import Column, Question, Tabled

DONE, DEAD, STOPPED, MISSES, WORK_FULL, ARENA_FULL, ORDER_FULL = 0, 1, 2, 3, 4, 5, 6
MUST_SORT = 8
INTERRUPTED = 9  # not the kernel's: the caller's limits
OUT_OF_MEMORY = 10
SEGMENT = 1 << 22  # integers: the arena of one segment (see `Engine.layers`)
NO_LIMIT = 1 << 62
CHUNK = (100_000, 2_000)  # steps between two looks at the clock, compiled and plain
AHEAD = 16  # transitions that are asked for before they are missing
Tick = Callable[[int, int], bool]  # (steps, events done) -> whether to go on


class OutOfMemory(Exception):
    """The search needs more than it was allowed."""


class Engine:
    """Arrays `p`, `t`, `r`, `a`, `f` of `kernel.memory`, plain (lists) or compiled (int64)."""

    def __init__(self, kernel: Any, plain: bool) -> None:
        self.kernel = kernel
        self.plain = plain
        self.p = self._zeros(1 << 12)
        self.t = self._zeros(at.T_HEADER + 2)
        self.r = self._zeros(1 << 12)
        self.a = self._zeros(1 << 13)
        self.f = self._zeros(1 << 14)
        self.segments: list[tuple[int, Any]] = []
        self.limit = NO_LIMIT

    def load(
        self,
        question: Question,
        endless: Column | None,
        search: int,
        slack: int,
        max_steps: int,
        like: Engine | None = None,
    ) -> int:
        """Begin a search: see `kernel.decide.decide`. endless: (T) 0 or 1, or None. like: another engine that
        has the same question."""
        alphabet = question.alphabet
        self.alphabet = alphabet
        self.segments = []
        states = alphabet.states
        guards = alphabet.guards
        kinds = guards.shape[1]
        n = len(question.call)
        self._need(at.P_HEADER + 7 * n + 6 * kinds + 2 * states + 8 * (n // at.BITS + 2) + 2 * at.BITS, n)
        if states == 0:
            self._begin_table(question, like)
        if endless is not None:
            guards = guards.copy()
            guards[at.TWINS_ROW] += endless
        columns = (question.call, question.ret, question.types, guards.ravel())
        if self.plain:
            columns = tuple(column.tolist() for column in columns)
        memory = (self.p, self.t, self.r, self.a, self.f)
        rest = (OPEN_NS, states, alphabet.initial, search, slack, max_steps)
        code = self.kernel.decide(*memory, *columns, *rest, False)
        if code == MUST_SORT:
            self._sort(question)
            code = self.kernel.decide(*memory, *columns, *rest, True)
        return int(code)

    def _need(self, problem: int, events: int) -> None:
        if len(self.p) < problem:
            self.p = self._zeros(problem + problem // 4)
        wanted = at.F_HEADER + FAILED_ROOM + (3 + FAILED_PER_EVENT) * events
        if len(self.f) < wanted:
            self.f = self._zeros(wanted + events)

    def _sort(self, question: Question) -> None:
        p, m = self.p, self.p[at.EVENTS]
        back = np.nonzero(question.ret != OPEN_NS)[0]
        order = back[np.argsort(question.ret[back], kind="stable")]
        p[p[at.ENDS] : p[at.ENDS] + m] = order.tolist() if self.plain else order
        call, ret = (question.call, question.ret)
        if self.plain:
            self.kernel.number_events(p, call.tolist(), ret.tolist())
        else:
            self.kernel.number_events(p, call, ret)

    @property
    def steps(self) -> int:
        """Steps so far."""
        return int(self.p[at.STEPS])

    @property
    def events(self) -> int:
        """Events handled so far."""
        return int(self.p[at.EVENT]) + 1

    def chunk(self, max_steps: int) -> int:
        """Up to how many steps the next call may go."""
        return min(max_steps, self.steps + CHUNK[self.plain])

    def run(self, code: int, call: Callable[[], int], spent: Callable[[], bool], tick: Tick) -> int:
        """Repeat `call` while something is missing or full, or only a chunk is over and the budget not
        `spent`."""
        while True:
            if code == MISSES:
                self.fill()
            elif code == WORK_FULL:
                self.r = self.grown(self.r, 0)
            elif code == ARENA_FULL:
                self._make_room()
            elif code != STOPPED or spent():
                return code
            if not tick(self.steps, self.events):
                return INTERRUPTED
            code = call()

    def begin_layers(self) -> None:
        """Breadth first from the beginning."""
        self.kernel.rewind(self.p)
        self.p[at.PHASE] = LAYERING
        self.kernel.begin(self.p, self.a)

    def layers_until(self, events: int) -> int:
        """Breadth first up to `events` events."""

        def call() -> int:
            return int(self.kernel.run_layers(self.p, self.t, self.r, self.a, events, NO_LIMIT, True))

        return self.run(call(), call, lambda: True, lambda _s, _e: True)

    def layers(self, code: int, max_steps: int, tick: Tick) -> int:
        """Breadth first to the end. When the arena has grown to a segment, only its last layer is kept, and
        copied: from there the segment can be made again for a path.
        """

        def call() -> int:
            until = self.p[at.EVENTS]
            p, t, r, a = self.p, self.t, self.r, self.a
            return int(self.kernel.run_layers(p, t, r, a, until, self.chunk(max_steps), True))

        return self.run(code, call, lambda: self.steps >= max_steps, tick)

    def dive(self, code: int, slack: int, max_steps: int, tick: Tick) -> int:
        """Depth first to the end, or until the budget is spent (see `kernel.dive.dive`)."""

        def call() -> int:
            p, t, r, a, f = self.p, self.t, self.r, self.a, self.f
            return int(self.kernel.dive(p, t, r, a, f, slack, self.chunk(max_steps)))

        def spent() -> bool:
            return self.steps >= max_steps or self.steps > int(self.kernel.allowed(self.f, slack))

        return self.run(code, call, spent, tick)

    def entries(self, first: int, count: int) -> Any:
        """A copy of entries of the arena."""
        begin = self.kernel.place(self.p, self.a, first)
        return self.a[begin : begin + count * self._width()].copy()

    def _width(self) -> int:
        return at.A_RECORD + 1 + 2 * int(self.p[at.WORDS])

    def _make_room(self) -> None:
        """More room in the arena: forget layers that can be made again, or grow."""
        layer, count = int(self.a[at.LAYER]), int(self.a[at.COUNT])
        big = len(self.a) >= SEGMENT and self.p[at.PHASE] == LAYERING
        if big and (count - layer) * self._width() * 4 < len(self.a):
            self.segments.append((self.events, self.entries(layer, count - layer)))
            self.kernel.move_to_front(self.p, self.a)
            return
        self.a = self.grown(self.a, count, arena=True)

    def restore(self, segment: int) -> None:
        """Before the first event of a segment, with its first layer in the arena."""
        events, entries = self.segments[segment]
        while self.events > events:
            self.kernel.unfinish(self.p)
            self.kernel.uncall(self.p)
        begin = int(self.a[at.ENTRIES])
        self.a[begin : begin + len(entries)] = entries
        self.a[at.LAYER] = 0
        self.a[at.COUNT] = len(entries) // self._width()

    def grown(self, x: Any, kept: int, *, arena: bool = False) -> Any:
        """Four times the room for the work list or the arena; the first `kept` entries are kept."""
        if self.held() + 8 * 4 * len(x) > self.limit:
            raise OutOfMemory
        new = self._zeros(4 * len(x))
        self.kernel.open_list(new, self._width() if arena else at.R_RECORD + 1 + 2 * int(self.p[at.WORDS]))
        if kept:
            old, begin, size = int(x[at.ENTRIES]), int(new[at.ENTRIES]), kept * self._width()
            new[begin : begin + size] = x[old : old + size]
            new[at.COUNT], new[at.LAYER] = kept, x[at.LAYER]
        new[at.STAMP] = x[at.STAMP]
        return new

    def held(self) -> int:
        """Bytes in use."""
        return 8 * sum(map(len, (self.p, self.t, self.r, self.a, self.f))) + 8 * sum(
            len(entries) for _, entries in self.segments
        )

    def _zeros(self, size: int) -> Any:
        return [0] * size if self.plain else np.zeros(size, np.int64)

    def _empty_table(self, size: int) -> None:
        """A table of `size` keys (a power of 2), all free."""
        self.t = self._zeros(at.T_HEADER + 2 * size)
        self.t[at.MASK], self.t[at.VALUES] = size - 1, at.T_HEADER + size
        self.t[at.MISSING_LIMIT] = (at.T_HEADER - at.PAIRS) // 2
        self.t[at.DEFAULT] = at.MISS

    def _begin_table(self, question: Question, like: Engine | None) -> None:
        """What is known of the alphabet: all, or nothing, or what another engine has learned."""
        if isinstance(question.alphabet, Tabled):
            self._complete_table(question.alphabet)
            return
        assigns = question.alphabet.guards[at.ASSIGN_ROW]
        self._kinds = len(assigns)
        self._assigns: list[int] = assigns.tolist()
        self._types: list[int] = question.types.tolist()
        self._known: dict[int, int] = {} if like is None else dict(like._known)
        self._fresh: list[int] = []
        if like is None:
            self._empty_table(64)
        else:
            self.t = like.t.copy()

    def _complete_table(self, alphabet: Tabled) -> None:
        """Everything, as it was laid out beforehand."""
        entries, size = alphabet.entries, 8
        while size < len(entries):  # at most half full
            size *= 2
        self._empty_table(size)
        self.t[at.DEFAULT] = alphabet.rest
        self.kernel.enter(self.t, entries.tolist() if self.plain else entries)

    def fill(self) -> None:
        """Ask the model for what was missing, and for what will be missing next if it goes on as it does:
        what the pending operations do there, and what those that return next do one after the other.
        """
        t = self.t
        missing = range(at.PAIRS, at.PAIRS + 2 * int(t[at.MISSING]), 2)
        pairs = [(int(t[i]), int(t[i + 1])) for i in missing]
        pending, coming = self._pending(), self._coming()
        for state, kind in dict.fromkeys(pairs):
            after = self._learn(state, kind)
            for other in pending:
                self._learn(state, other)
            for other in coming:
                if after < 0:
                    break
                after = self._learn(after, other)
        self._enter()

    def _pending(self) -> list[int]:
        """The types of a few pending operations that the table must know."""
        p, words, begin = self.p, int(self.p[at.WORDS]), int(self.p[at.AT])
        found: set[int] = set()
        for k in range(words):
            mask = int(p[int(p[at.OTHERS]) + k])
            while mask and len(found) < AHEAD:
                bit = mask & -mask
                mask ^= bit
                found.add(self._types[int(p[begin + (k << at.SHIFT) + bit.bit_length() - 1])])
        return sorted(found)

    def _coming(self) -> list[int]:
        """The types of the next operations to return."""
        e, ends = self.events, int(self.p[at.ENDS])
        last = min(e + AHEAD, int(self.p[at.EVENTS]))
        return [self._types[op] for op in list(self.p[ends + e : ends + last])]

    def _learn(self, state: int, kind: int) -> int:
        """What an operation does in a state; the table knows it once it is entered."""
        key = state * self._kinds + kind + 1
        after = self._known.get(key)
        if after is not None:
            return after
        if self._assigns[kind] != at.TABLE:
            return int(self.kernel.step(self.p, self.t, state, kind))
        after = self.alphabet.step(state, kind)
        if after < 0:
            after = at.ILLEGAL
        self._known[key] = after
        self._fresh += (key, after)
        return after

    def _enter(self) -> None:
        """Write down in the table what was learned."""
        if 2 * len(self._known) > int(self.t[at.MASK]):
            size = int(self.t[at.MASK]) + 1
            while 2 * len(self._known) > size:
                size *= 4
            if self.held() + 8 * 2 * size > self.limit:
                raise OutOfMemory
            self._empty_table(size)
            self._fresh = [x for pair in self._known.items() for x in pair]
        self.kernel.enter(self.t, self._fresh if self.plain else np.array(self._fresh, np.int64))
        self._fresh = []
