"""Partial linearizations: for each operation the longest legal order found that contains it.

The depth-first search of Porcupine (Athalye 2017; after Wing & Gong 1993, Lowe 2017) without any of the
shortcuts that `checkers.lincheck.solve` takes: those keep an answer, but not every order. A configuration is
the set of operations placed and the machine's state. Each is entered once; the orders that reach one all have
the same length and the same operations, so the longest order that contains an operation is found if the
search comes to its end.

The orders are kept as one tree, in which orders that begin alike share what they share: with n operations n
orders of length n need not take n². Afterwards one pass from the leaves to the root finds the deepest node
below every node.

Invariants: deterministic; no recursion; at most `max_steps` placements are tried, and never more nodes than
that; every path of the tree is legal and respects real time ([call, return] is closed). `complete` says
whether all was seen.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from checkers.lincheck.states import Item, Transitions

NONE = -1
NEVER = 1 << 63
WINDOW = 64  # an item that is open while more than this many others are called counts as long


@dataclass(frozen=True, slots=True)
class Partials:
    """A tree of orders. Node k places the item `items[k]` after its parent (NONE: it is the first; parents
    have smaller numbers) and leaves the machine in `states[k]`.

    leaf: by item, the node at which the longest order found that contains the item ends, NONE if none was
    found. best: the end of the longest order of all, NONE if nothing can be placed. full: it holds every
    required item. complete: the search came to its end, so that `leaf` is exact. steps: placements tried.
    """

    items: tuple[int, ...]
    parents: tuple[int, ...]
    states: tuple[int, ...]
    leaf: tuple[int, ...]
    best: int
    full: bool
    complete: bool
    steps: int

    def path(self, node: int) -> list[int]:
        """The items up to `node`, in order."""
        found = []
        while node != NONE:
            found.append(self.items[node])
            node = self.parents[node]
        return found[::-1]

    def leaves(self) -> list[int]:
        """The ends of the different orders that `leaf` names, longest first (equal ones in order of
        discovery).
        """
        depth: list[int] = []
        for parent in self.parents:
            depth.append(1 if parent == NONE else depth[parent] + 1)
        return sorted(set(self.leaf) - {NONE}, key=lambda node: (-depth[node], node))


def along(order: Iterable[int], items: Sequence[Item], machine: Transitions) -> Partials:
    """The tree of one known order of all required items (a witness). Raises ValueError if it is not legal."""
    at, states, placed = machine.initial, [], list(order)
    for i in placed:
        at = machine.step(at, items[i].op)
        if at < 0:
            raise ValueError(f"the order is not legal at item {i}")
        states.append(at)
    leaf = [NONE] * len(items)
    for i in placed:
        leaf[i] = len(placed) - 1
    full = all(leaf[i] != NONE for i, item in enumerate(items) if item.required)
    parents = tuple(range(NONE, len(placed) - 1))
    return Partials(
        tuple(placed), parents, tuple(states), tuple(leaf), len(placed) - 1, full, True, len(placed)
    )


def search(items: Sequence[Item], machine: Transitions, max_steps: int) -> Partials:
    """All orders worth showing of `items` (in any order), as far as `max_steps` goes; stops at a full one."""
    return _Search(items, machine, max_steps).run()


@dataclass(slots=True)
class _Frame:
    """A configuration and the moves left to try (last one first).

    Short items are numbered by call: all before `base` are placed, of the others those in `mask`, which is
    relative to `base`. Long items (`WINDOW`) and open ones have bits of their own in `used`; in `mask` one
    crashed operation would hold `base` back, and every configuration would be as large as the history.
    """

    node: int
    base: int
    mask: int
    used: int
    state: int
    moves: list[int] = field(default_factory=list)


class _Search:
    def __init__(self, items: Sequence[Item], machine: Transitions, max_steps: int) -> None:
        self.machine = machine
        self.max_steps = max_steps
        by_call = sorted(range(len(items)), key=lambda i: (items[i].call_ns, i))
        calls = [items[i].call_ns for i in by_call]
        ends = [items[i].return_ns if items[i].required else NEVER for i in by_call]
        long = [end == NEVER or bisect.bisect_right(calls, end) - n > WINDOW for n, end in enumerate(ends)]
        order = [n for n in range(len(calls)) if not long[n]] + [n for n in range(len(calls)) if long[n]]
        self.count = len(calls) - sum(long)
        self.where = [by_call[n] for n in order]  # number here -> position given
        self.ops = [items[i].op for i in self.where]
        self.calls = [calls[n] for n in order]
        self.returns = [ends[n] for n in order]
        self.reads_only = [items[i].reads_only for i in self.where]
        self.must = sum(1 << n for n, end in enumerate(self.returns[self.count :]) if end != NEVER)
        self.nodes: list[int] = []
        self.parents: list[int] = []
        self.states: list[int] = []
        self.steps = 0

    def run(self) -> Partials:
        """First in haste, with half of the steps, to come far; then, unless that found a full order,
        thoroughly.
        """
        last = self._explore(self.max_steps // 2, haste=True) if any(self.reads_only) else None
        if last is None or not self._full(last):
            last = self._explore(self.max_steps, haste=False)
        full = last is not None and self._full(last)
        return self._tree(last.node if last and full else NONE, full, complete=full or last is None)

    def _explore(self, max_steps: int, *, haste: bool) -> _Frame | None:
        """Enter configurations until an order is full, and give the last one entered; None if there are no
        more.

        haste: an operation that only reads is placed the moment it is legal, and nothing else is tried there.
        That keeps the answer whether there is an order (`checkers.lincheck.solve`), but not the longest
        orders where there is none.
        """
        seen: set[tuple[int, int, int, int]] = set()
        stack = [self._frame(NONE, 0, 0, 0, self.machine.initial, haste)]
        while stack and not self._full(stack[-1]) and self.steps < max_steps:
            frame = stack[-1]
            if not frame.moves:
                stack.pop()
                continue
            move = frame.moves.pop()
            self.steps += 1
            state = self.machine.step(frame.state, self.ops[move])
            if state < 0:
                continue
            if haste and self.reads_only[move] and state == frame.state:
                frame.moves.clear()
            base, mask, used = self._placed(frame, move)
            if (base, mask, used, state) in seen:
                continue
            seen.add((base, mask, used, state))
            self.nodes.append(move)
            self.parents.append(frame.node)
            self.states.append(state)
            stack.append(self._frame(len(self.nodes) - 1, base, mask, used, state, haste))
        return stack[-1] if stack else None

    def _full(self, frame: _Frame) -> bool:
        return frame.base == self.count and frame.used & self.must == self.must

    def _placed(self, frame: _Frame, move: int) -> tuple[int, int, int]:
        """Base, mask and used after `move`; the base slides behind what is placed at the front of the
        window.
        """
        if move >= self.count:
            return frame.base, frame.mask, frame.used | 1 << (move - self.count)
        mask = frame.mask | 1 << (move - frame.base)
        run = (~mask & (mask + 1)).bit_length() - 1
        return frame.base + run, mask >> run, frame.used

    def _frame(self, node: int, base: int, mask: int, used: int, state: int, haste: bool) -> _Frame:
        """With the items that may come next in real time; the one that returns first is tried first."""
        waiting = [i for i in range(self.count, len(self.ops)) if not used >> (i - self.count) & 1]
        bound = min((self.returns[i] for i in waiting), default=NEVER)
        found = []
        for i in range(base, self.count):
            if self.calls[i] > bound:
                break
            if not mask >> (i - base) & 1:
                found.append(i)
                bound = min(bound, self.returns[i])
        found += [i for i in waiting if self.calls[i] <= bound]
        found.sort(key=self.returns.__getitem__, reverse=True)
        if haste:
            found.sort(key=self.reads_only.__getitem__)
        return _Frame(node, base, mask, used, state, found)

    def _tree(self, end: int, full: bool, *, complete: bool) -> Partials:
        """Find the deepest node below each node, choose each item's leaf, and keep only what leads to one."""
        count = len(self.nodes)
        depth = [0] * count
        for k, parent in enumerate(self.parents):
            depth[k] = 1 if parent == NONE else depth[parent] + 1
        deepest = list(range(count))
        for k in range(count - 1, -1, -1):
            parent = self.parents[k]
            if parent != NONE and depth[deepest[k]] >= depth[deepest[parent]]:
                deepest[parent] = deepest[
                    k
                ]  # children come last to first: of equal ones, the first found stays
        leaf = [NONE] * len(self.ops)
        for k, move in enumerate(self.nodes):
            known = leaf[move]
            if known == NONE or depth[deepest[k]] > depth[known]:
                leaf[move] = deepest[k]
        at = end
        while at != NONE:  # a full order is the one to show, also where a longer one has more open operations
            leaf[self.nodes[at]] = end
            at = self.parents[at]
        return self._pruned(leaf, depth, end, full, complete)

    def _pruned(self, leaf: list[int], depth: list[int], end: int, full: bool, complete: bool) -> Partials:
        kept: set[int] = set()
        for node in set(leaf):
            while node != NONE and node not in kept:
                kept.add(node)
                node = self.parents[node]
        order = sorted(kept)
        new = {node: k for k, node in enumerate(order)} | {NONE: NONE}
        leaves = [NONE] * len(leaf)
        for i, node in enumerate(leaf):
            leaves[self.where[i]] = new[node]
        longest = max(set(leaf) - {NONE}, key=lambda node: (depth[node], -node), default=NONE)
        return Partials(
            items=tuple(self.where[self.nodes[k]] for k in order),
            parents=tuple(new[self.parents[k]] for k in order),
            states=tuple(self.states[k] for k in order),
            leaf=tuple(leaves),
            best=new[longest if end == NONE else end],
            full=full,
            complete=complete,
            steps=self.steps,
        )
