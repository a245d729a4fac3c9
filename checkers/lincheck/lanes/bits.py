"""One element of a set: a bit that is 0 at first, and what the operations on the element say about it.

Roles: UP turns 0 into 1 and is impossible at 1; DOWN the reverse; SAW_1 and SAW_0 saw the bit. The sweep
goes through calls and returns by time (calls first where equal) and keeps the bit as long as it can:

- a SAW is placed as soon as it is called and the bit is right; if it returns before, the bit must turn;
- an UP that returns unplaced makes the bit turn (at 1 first down, then up), a DOWN likewise;
- a turn up places the called, unplaced UP with the earliest return (open ones last), a turn down likewise.
  It fails if there is none.

Exact: compare with any legal order, as moments. At every moment it has turned at least as often as the
sweep, by induction over what forces a turn. A SAW forces one if the bit was wrong for the whole of its
interval; the legal order has as many turns at its call, or more, and another parity at some moment of it.
An UP (DOWN likewise) that returns at t after u turns up: let the g-th be the last one that placed an UP
with a return after t. Then the u - g later ones and it, all called after that moment and returning by t,
need u - g + 1 turns up after the g-th of the legal order, which came no later. And a turn that the legal
order had by now found an UP, so one is left for ours.

Ghosts (operations left out, which may happen any number of times) are turns that never run out: the same
argument holds.

Invariants: O(k log k) for k operations.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from checkers.history import OPEN_NS

# Roles. The last bit of each is the bit after it. A silent one is the role that is 4 less, or 2 less.
DOWN: Final = 0
UP: Final = 1
SAW_0: Final = 2
SAW_1: Final = 3
SILENT_DOWN: Final = 4
SILENT_UP: Final = 5

BitOp = tuple[int, int, int, int]  # row in the history, call, return, role; open ones are UP or DOWN
Placed = list[tuple[int, int]]  # (moment, row), in order


@dataclass(slots=True)
class _Bit:
    """The bit, and who waits: `turns[b]` is a heap of turns to b, `saws[b]` are those that want to see b."""

    free: tuple[bool, bool]
    now: int = 0
    turns: tuple[list[tuple[int, int]], list[tuple[int, int]]] = field(default_factory=lambda: ([], []))
    saws: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    placed: Placed = field(default_factory=list)
    done: set[int] = field(default_factory=set)

    def turn(self, moment: int) -> bool:
        """Turn the bit; False if nobody can."""
        after = 1 - self.now
        if self.turns[after]:
            self.place(heapq.heappop(self.turns[after])[1:], moment)
        elif not self.free[after]:
            return False
        self.now = after
        if self.saws[after]:
            self.place(self.saws[after], moment)
            self.saws[after].clear()
        return True

    def place(self, rows: Iterable[int], moment: int) -> None:
        for row in rows:
            self.placed.append((moment, row))
            self.done.add(row)


def sweep(ops: Sequence[BitOp], free: tuple[bool, bool] = (False, False)) -> Placed | None:
    """A legal order with moments inside the intervals, moments never falling; None if there is none.

    ops: none of them silent. free: whether ghosts turn the bit to 0, to 1.
    """
    events = [(op[1], 0, i) for i, op in enumerate(ops)]
    events += [(op[2], 1, i) for i, op in enumerate(ops) if op[2] != OPEN_NS]
    events.sort()
    bit = _Bit(free)
    done, turns, saws = bit.done, bit.turns, bit.saws
    for moment, returns, i in events:
        row, _, ret, role = ops[i]
        if returns:
            while row not in done:
                if not bit.turn(moment):
                    return None
        elif role < SAW_0:
            heapq.heappush(turns[role], (ret, row))
        elif role - SAW_0 == bit.now:
            bit.place((row,), moment)
        else:
            saws[role - SAW_0].append(row)
    return bit.placed
