"""The plain exact judge of mid-size histories: depth first over (placed operations, state), each visited
once (Wing & Gong 1993; the memory is Lowe's, 2017). No reduction but one: operations that are equal in
everything, times included, are placed in order; of equal crashed ones, which have no deadline, the one
called first goes first (what a later one can do, it can do in its place).

It is slow where it should be: `legal` gives up after `budget` configurations. `orders` checks it.

Invariants: shares no code with `checkers.lincheck`; keys are judged one by one (Herlihy & Wing 1990); None
means undecided and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from checkers.history import Op, Outcome
from checkers.identity import identity
from tests.oracles.specs import Spec


def _word(op: Op) -> tuple[Any, ...]:
    """Equal for operations that ask and answer the same."""
    crashed = op.outcome == Outcome.INFO
    return (op.f, identity(op.input), None if crashed else identity(op.output), crashed)


class Question:
    """The operations of one key as bits of a mask."""

    def __init__(self, ops: Sequence[Op], spec: Spec) -> None:
        # Deadlines first, so that legal histories are found legal soon; any order gives the same answer.
        self.ops = sorted(ops, key=lambda op: (op.return_ns, op.call_ns))
        self.spec = spec
        self.words = [_word(op) for op in self.ops]
        self.required = sum(1 << i for i, op in enumerate(self.ops) if op.outcome == Outcome.OK)
        self.before = [self.must_precede(op) for op in self.ops]
        latest: dict[Any, int] = {}
        for i, op in enumerate(self.ops):
            twin = (self.words[i], None if op.outcome == Outcome.INFO else (op.call_ns, op.return_ns))
            if twin in latest:
                self.before[i] |= 1 << latest[twin]
            latest[twin] = i
        self._next: dict[tuple[Any, tuple[Any, ...]], list[Any]] = {}

    def must_precede(self, op: Op) -> int:
        """The operations that returned before `op` was called."""
        return sum(1 << j for j, other in enumerate(self.ops) if other.return_ns < op.call_ns)

    def after(self, state: Any, i: int) -> list[Any]:
        """The states after operation `i`."""
        op = self.ops[i]
        name = (state, self.words[i])
        found = self._next.get(name)
        if found is None:
            crashed = op.outcome == Outcome.INFO
            found = self._next[name] = self.spec.after(state, op.f, op.input, op.output, crashed)
        return found

    def legal(self, budget: int) -> bool | None:
        """Whether an order exists; None after `budget` configurations."""
        moves = [(i, 1 << i, self.before[i]) for i in reversed(range(len(self.ops)))]
        seen = {(0, self.spec.start)}
        stack: list[tuple[int, Any]] = [(0, self.spec.start)]
        while stack:
            mask, state = stack.pop()
            if mask & self.required == self.required:
                return True
            if len(seen) > budget:
                return None
            for i, bit, before in moves:
                if mask & bit or before & ~mask:
                    continue
                for then in self.after(state, i):
                    configuration = (mask | bit, then)
                    if configuration not in seen:
                        seen.add(configuration)
                        stack.append(configuration)
        return False


def by_key(ops: Iterable[Op]) -> list[list[Op]]:
    """The operations that may have happened, key by key."""
    parts: dict[Any, list[Op]] = defaultdict(list)
    for op in ops:
        if op.outcome != Outcome.FAIL:
            parts[identity(op.key)].append(op)
    return list(parts.values())


def legal(ops: Iterable[Op], spec: Spec, budget: int = 30_000) -> bool | None:
    """Whether the history is linearizable; None if some key was undecided and none was illegal."""
    answers = {Question(part, spec).legal(budget) for part in by_key(ops)}
    return False if False in answers else None if None in answers else True


def fault_of(order: Sequence[int], ops: Sequence[Op], spec: Spec) -> str | None:
    """What is wrong with a linearization (indices) of the operations of one key; None if nothing."""
    known = {op.index: op for op in ops if op.outcome != Outcome.FAIL}
    ordered = set(order)
    if len(ordered) < len(order) or not ordered <= set(known):
        return "operations twice, or unknown"
    missing = [i for i, op in known.items() if op.outcome == Outcome.OK and i not in ordered]
    if missing:
        return f"operations {missing[:5]} are missing"
    states, latest = {spec.start}, -1
    for index in order:
        op = known[index]
        if op.return_ns < latest:
            return f"operation {index} returned before an earlier one was called"
        latest = max(latest, op.call_ns)
        crashed = op.outcome == Outcome.INFO
        states = {t for s in states for t in spec.after(s, op.f, op.input, op.output, crashed)}
        if not states:
            return f"operation {index} is impossible at its place"
    return None
