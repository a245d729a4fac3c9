"""Is there a legal order? Depth-first search over configurations; operations are numbers, it knows no model.

After Wing & Gong, "Testing and verifying concurrent objects" (1993), with Lowe's memoisation ("Testing for
linearizability", 2017). A configuration is which operations have been placed and the machine's state. An
operation may be placed next if no unplaced required operation returned before its call (intervals are closed:
equal times are concurrent).

Required operations (those that returned) are numbered in order of call; a configuration holds the first
unplaced one (`base`) and a bit mask relative to it, so its size is that of the window of concurrency and not
of the history. Open operations (those that never returned) may be placed or not; a mask of their own holds
which were.

Four shortcuts, each of which keeps at least one legal order if there is one:
1. A required operation that only reads, may go next, and leaves the state as it is, is placed at once. In any
   legal order of the rest, move it to the front: nobody else sees a difference, as it changes nothing where
   it stood. (For sets of states: where it stood it could only narrow the set, and a larger set allows
   whatever a smaller one allows.) It does not do to ask only that the state stays as it is: a write of 4
   leaves the state 4 alone, and yet may be needed later.
2. Of open operations that are equal, the one called first goes first: swapped with a later one, the order
   stays legal.
3. An open operation that leaves the state as it is is not placed: leaving it out changes nothing.
4. A configuration is dropped if one was seen with the same required operations placed, the same state, and no
   open operation placed beyond those of this one: whatever this one can still do, that one could.

Invariants: deterministic; no recursion; `steps` (placements tried) never exceeds `max_steps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Transitions(Protocol):
    """What the search asks of a machine: see `checkers.lincheck.states.Machine`."""

    initial: int

    def step(self, at: int, op: int) -> int:
        """The next state, negative if the operation is illegal."""


class Item(NamedTuple):
    """One operation. `op`: its number for the machine; equal operations have equal numbers.

    required: it returned, at `return_ns`; otherwise it may be placed anywhere after its call, or nowhere.
    reads_only: it never changes the state, whatever the state is.
    """

    op: int
    call_ns: int
    return_ns: int
    required: bool
    reads_only: bool


@dataclass(frozen=True, slots=True)
class Found:
    """`legal` is None if the steps ran out. Positions point into the items that were given.

    order: a legal order of all required items (and some open ones), or else the longest that was found,
    counted in required items. stuck: the required items that might come next in real time but cannot follow
    it. placed: required items in `order`.
    """

    legal: bool | None
    order: tuple[int, ...]
    stuck: tuple[int, ...]
    placed: int
    steps: int


@dataclass(slots=True)
class _Frame:
    """A configuration on the path, and the moves that are still to be tried (last one first)."""

    base: int
    mask: int
    used: int
    state: int
    depth: int  # length of the path that led here
    moves: list[int] = field(default_factory=list)


class Search:
    """One question: `items` in any order, a machine, a budget. Call `run` once."""

    def __init__(self, items: Sequence[Item], machine: Transitions, max_steps: int) -> None:
        self.machine = machine
        self.max_steps = max_steps
        by_call = sorted(range(len(items)), key=lambda i: (items[i].call_ns, i))
        required = [i for i in by_call if items[i].required]
        opened = [i for i in by_call if not items[i].required and not items[i].reads_only]
        self.where = required + opened  # number here -> position given
        self.count = len(required)
        chosen = [items[i] for i in self.where]
        self.ops = [item.op for item in chosen]
        self.calls = [item.call_ns for item in chosen]
        self.returns = [item.return_ns for item in chosen]
        self.reads_only = [item.reads_only for item in chosen]
        self.steps = 0
        self._path: list[int] = []
        self._best: tuple[int, tuple[int, ...], tuple[int, ...]] = (-1, (), ())
        self._seen: dict[tuple[int, int, int], list[int]] = {}

    def run(self) -> Found:
        """Search until an order is found, none is left, or the budget is spent."""
        first = self._enter(0, 0, 0, self.machine.initial)
        stack = [] if first is None else [first]
        while stack:
            frame = stack[-1]
            if frame.base == self.count:
                order = tuple(self.where[i] for i in self._path)
                return Found(True, order, (), self.count, self.steps)
            if not frame.moves:
                self._leave(stack.pop())
                continue
            if self.steps >= self.max_steps:
                while stack:
                    self._leave(stack.pop())
                return self._report(None)
            move = frame.moves.pop()
            self.steps += 1
            after = self.machine.step(frame.state, self.ops[move])
            if after >= 0:
                entered = self._place(frame, move, after)
                if entered is not None:
                    stack.append(entered)
        return self._report(False)

    def _place(self, frame: _Frame, move: int, after: int) -> _Frame | None:
        """The configuration after `move`, or None if it was seen or need not be."""
        mask, used = frame.mask, frame.used
        if move < self.count:
            mask |= 1 << (move - frame.base)
        elif after == frame.state:
            return None  # shortcut 3
        else:
            used |= 1 << (move - self.count)
        depth = len(self._path)
        self._path.append(move)
        return self._enter(frame.base, mask, used, after, depth)

    def _enter(self, base: int, mask: int, used: int, state: int, depth: int = 0) -> _Frame | None:
        """A frame for a new configuration; the path is put back as it was if there is nothing to do there."""
        base, mask = _slide(base, mask)
        while True:
            candidates, bound = self._candidates(base, mask)
            reads = [i for i in candidates if self._may_go_at_once(i, state)]
            if not reads:
                break
            self._path.extend(reads)
            for i in reads:
                mask |= 1 << (i - base)
            base, mask = _slide(base, mask)
        if self._dominated((base, mask, state), used):
            del self._path[depth:]
            return None
        candidates.sort(key=self.returns.__getitem__, reverse=True)
        moves = [*self._open_moves(bound, used), *candidates]
        return _Frame(base, mask, used, state, depth, moves)

    def _may_go_at_once(self, i: int, state: int) -> bool:
        """Shortcut 1."""
        return self.reads_only[i] and self.machine.step(state, self.ops[i]) == state

    def _candidates(self, base: int, mask: int) -> tuple[list[int], int]:
        """The required operations that may go next, and the earliest return of an unplaced one (2^63 if none
        is left).

        Calls rise with the number and the bound only falls, so the first call beyond the bound ends the scan.
        """
        calls, returns = self.calls, self.returns
        bound = 1 << 63
        found = []
        for i in range(base, self.count):
            if calls[i] > bound:
                break
            if not mask >> (i - base) & 1:
                found.append(i)
                bound = min(bound, returns[i])
        # None found is beyond the final bound: whoever lowered it was called no earlier than all before it.
        return found, bound

    def _open_moves(self, bound: int, used: int) -> Iterator[int]:
        """Open operations that may go next: of equal ones only the first (shortcut 2)."""
        offered = set()
        for i in range(self.count, len(self.ops)):
            if self.calls[i] > bound:
                return
            if not used >> (i - self.count) & 1 and self.ops[i] not in offered:
                offered.add(self.ops[i])
                yield i

    def _dominated(self, key: tuple[int, int, int], used: int) -> bool:
        """Shortcut 4. Remembers the configuration unless it is dominated."""
        smaller = self._seen.get(key)
        if smaller is None:
            self._seen[key] = [used]
            return False
        if any(other & used == other for other in smaller):
            return True
        smaller[:] = [other for other in smaller if other & used != used]
        smaller.append(used)
        return False

    def _leave(self, frame: _Frame) -> None:
        """Back out of a configuration; remember it if no other placed more required operations."""
        placed = frame.base + frame.mask.bit_count()
        if placed > self._best[0]:
            stuck = tuple(self.where[i] for i in self._candidates(frame.base, frame.mask)[0])
            self._best = (placed, tuple(self.where[i] for i in self._path), stuck)
        del self._path[frame.depth :]

    def _report(self, legal: bool | None) -> Found:
        placed, order, stuck = self._best
        return Found(legal, order, stuck, max(placed, 0), self.steps)


def _slide(base: int, mask: int) -> tuple[int, int]:
    """Move `base` behind the placed operations at the front of the window."""
    run = (~mask & (mask + 1)).bit_length() - 1
    return base + run, mask >> run
