"""Model states and operations as small integers, and sets of states as the states of one deterministic
machine.

`StateTable` asks the model each question once. `Machine` is the subset construction over it: its state is the
set of all states that the object may be in, so that a model with several next states, and ghosts, need no
branching in the search.

A ghost is an operation that was left out of a question: it may have happened any number of times, at any
time, or never. The sets of a machine are therefore closed under its ghosts. Placing an operation takes the
set to the closure of its image.

Invariants: state 0 of a machine is its start; `step` is a pure function of its two numbers; a larger set
allows whatever a smaller one allows (monotone), which is why the search may compare sets of one machine by
number alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from checkers.lincheck.model import Model, ModelError, State, op_identity

ILLEGAL = -1


class TooManyStates(Exception):
    """The ghosts lead to more states than the limit: whether the question has an answer is not decided."""


class StateTable:
    """States and operations of one model, interned; `step` between the numbers."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.states: list[State] = []
        self.ops: list[tuple[str, Any, Any]] = []
        self.reads_only: list[bool] = []
        self._state_ids: dict[State, int] = {}
        self._op_ids: dict[Hashable, int] = {}
        self._next: dict[tuple[int, int], frozenset[int]] = {}
        self.initial = self._state(model.initial())

    def op(self, f: str, input: Any, output: Any) -> int:
        """The number of an operation; equal operations share it. Raises ModelError for one unknown to the
        model.
        """
        name = op_identity(f, input, output)
        if name not in self._op_ids:
            self.reads_only.append(self.model.reads_only(f, input, output))
            self._op_ids[name] = len(self.ops)
            self.ops.append((f, input, output))
        return self._op_ids[name]

    def step(self, state: int, op: int) -> frozenset[int]:
        """The states that may follow; empty if the operation is illegal in `state`."""
        found = self._next.get((state, op))
        if found is None:
            after = frozenset(map(self._state, self.model.step(self.states[state], *self.ops[op])))
            if self.reads_only[op] and not after <= {state}:
                name = self.model.name
                raise ModelError(
                    f"the model {name} says that {self.ops[op]} only reads, but it changes the state"
                )
            found = self._next[state, op] = after
        return found

    def image(self, states: Iterable[int], op: int) -> frozenset[int]:
        """The states that may follow if the object is in any of `states`."""
        return frozenset().union(*[self.step(s, op) for s in states])

    def after_any(self, state: int, ops: Iterable[int]) -> set[int]:
        """The states that may follow if any one of `ops` happens in `state`."""
        found: set[int] = set()
        for op in ops:
            found |= self.step(state, op)
        return found

    def _state(self, state: State) -> int:
        number = self._state_ids.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
        return number


class Machine:
    """The deterministic machine over sets of states, closed under `ghosts` (numbers of operations of the
    table).

    Raises TooManyStates as soon as a closure has more than `max_states` members.
    """

    def __init__(self, table: StateTable, ghosts: Iterable[int] = (), max_states: int = 2_000) -> None:
        self.table = table
        self.ghosts = tuple(sorted({op for op in ghosts if not table.reads_only[op]}))
        self.max_states = max_states
        self._sets: list[frozenset[int]] = []
        self._set_ids: dict[frozenset[int], int] = {}
        self._next: dict[tuple[int, int], int] = {}
        self._reach: dict[int, frozenset[int]] = {}  # state -> its closure
        self.initial = self._set(self.closure(frozenset({table.initial})))

    def step(self, at: int, op: int) -> int:
        """The machine's next state, or ILLEGAL."""
        found = self._next.get((at, op))
        if found is None:
            image = self.table.image(self._sets[at], op)
            found = self._next[at, op] = self._set(self.closure(image)) if image else ILLEGAL
        return found

    def members(self, at: int) -> frozenset[int]:
        """The states that the object may be in."""
        return self._sets[at]

    def closure(self, states: frozenset[int]) -> frozenset[int]:
        """`states` and everything that the ghosts can turn them into."""
        if not self.ghosts:
            return states
        return frozenset().union(*map(self._reachable, states))

    def _reachable(self, state: int) -> frozenset[int]:
        known = self._reach.get(state)
        if known is not None:
            return known
        reached = {state}
        covered: set[int] = set()  # reached together with everything that follows from it
        waiting = [state]
        while waiting:
            at = waiting.pop()
            if at in covered:
                continue
            for after in self.table.after_any(at, self.ghosts) - reached:
                reached.add(after)
                if after in self._reach:
                    covered |= self._reach[after]
                    reached |= self._reach[after]
                else:
                    waiting.append(after)
            if len(reached) > self.max_states:
                raise TooManyStates(f"more than {self.max_states} states")
        result = self._reach[state] = frozenset(reached)
        return result

    def _set(self, states: frozenset[int]) -> int:
        number = self._set_ids.setdefault(states, len(self._sets))
        if number == len(self._sets):
            self._sets.append(states)
        return number
