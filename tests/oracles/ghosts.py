"""What a counter-example claims: its operations contradict each other whatever the others did.

An operation that is left out is a ghost: it may take effect between its call and its return (ever after, if
it never returned), or not. How often, once or any number of times, is left to the checker: that operations
contradict each other is judged with ghosts that act once; that one is not needed, with ghosts that act any
number of times. So neither judgement depends on it, and neither blames an innocent.

Invariants: shares no code with the checker; None means undecided (see `exact`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checkers.history import Op, Outcome
from tests.oracles.exact import Question
from tests.oracles.specs import Spec

BUDGET = 30_000
OFTEN = 2_000  # ghosts that act for ever make states without end


class Haunted(Question):
    """`kept` with ghosts. often: whether these act any number of times."""

    def __init__(self, kept: Sequence[Op], ghosts: Sequence[Op], spec: Spec, often: bool) -> None:
        super().__init__([*kept, *ghosts], spec)
        hidden = {id(op) for op in ghosts}
        self.often = often
        self.ghosts = sum(1 << i for i, op in enumerate(self.ops) if id(op) in hidden)
        self.required &= ~self.ghosts

    def must_precede(self, op: Op) -> int:
        """Nothing: `legal` asks for returned operations alone."""
        return 0

    def legal(self, budget: int = BUDGET) -> bool | None:
        """Whether an order of what is kept exists, ghosts anywhere in their intervals."""
        n = range(len(self.ops))
        earlier = [sum(1 << j for j in n if self.ops[j].return_ns < self.ops[i].call_ns) for i in n]
        later = [sum(1 << j for j in n if self.ops[i].return_ns < self.ops[j].call_ns) for i in n]
        seen = {(0, 0, self.spec.start)}  # placed, what it is too late for, state
        stack: list[tuple[int, int, Any]] = list(seen)
        while stack:
            mask, past, state = stack.pop()
            if mask & self.required == self.required:
                return True
            if len(seen) > budget:
                return None
            for i in n:
                ghost = self.ghosts >> i & 1
                if (mask | past) >> i & 1 or earlier[i] & self.required & ~mask or later[i] & mask:
                    continue
                placed = mask if ghost and self.often else mask | 1 << i
                for then in self.after(state, i):
                    found = (placed, past | earlier[i], then)
                    if found not in seen:
                        seen.add(found)
                        stack.append(found)
        return False


def contradicts(kept: Sequence[Op], ghosts: Sequence[Op], spec: Spec, often: bool) -> bool | None:
    """Whether no order of `kept`, of one key, is legal with the rest as ghosts."""
    legal = Haunted(kept, ghosts, spec, often).legal(OFTEN if often else BUDGET)
    return None if legal is None else not legal


def fault_of(inside: set[int], ops: Sequence[Op], spec: Spec, minimal: bool = True) -> str | None:
    """What is wrong with a counter-example (indices `inside`) of one key, if anything."""
    ops = [op for op in ops if op.outcome != Outcome.FAIL]
    kept = [op for op in ops if op.index in inside]
    rest = [op for op in ops if op.index not in inside]
    if len(kept) != len(inside):
        return f"operations {sorted(inside - {op.index for op in kept})} are not of this key, or failed"
    if contradicts(kept, rest, spec, False) is False:
        return "does not contradict itself"
    for op in kept if minimal else ():
        others = [other for other in kept if other is not op]
        if contradicts(others, [*rest, op], spec, True) is True:
            return f"operation {op.index} is not needed"
    return None
