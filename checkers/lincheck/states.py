"""Model states and operations as small integers, and sets of states as the states of one deterministic
machine.

`StateTable` asks the model each question once. `Machine` is the subset construction over it: its state is the
set of all states that the object may be in, so that a model with several next states needs no branching in
the search.

Invariants: state 0 of a machine is its start; `step` is a pure function of its two numbers; a larger set
allows whatever a smaller one allows (monotone).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, Protocol

from checkers.lincheck.model import Model, ModelError, State, op_identity

ILLEGAL = -1


class Transitions(Protocol):
    """What a search asks of a machine: see `Machine`."""

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
        self.initial = self.number(model.initial())

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
            after = frozenset(map(self.number, self.model.step(self.states[state], *self.ops[op])))
            if self.reads_only[op] and not after <= {state}:
                name = self.model.name
                raise ModelError(
                    f"the model {name} says that {self.ops[op]} only reads, but it changes the state"
                )
            found = self._next[state, op] = after
        return found

    def image(self, states: Iterable[int], op: int) -> frozenset[int]:
        """The states that may follow if the object is in any of `states`."""
        parts = [self.step(s, op) for s in states]
        return parts[0] if len(parts) == 1 else frozenset().union(*parts)

    def number(self, state: State) -> int:
        """The number of a state of the model."""
        number = self._state_ids.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
        return number


class Machine:
    """The deterministic machine over sets of states: a state of it is what the object may be in."""

    def __init__(self, table: StateTable) -> None:
        self.table = table
        self._sets: list[frozenset[int]] = []
        self._set_ids: dict[frozenset[int], int] = {}
        self._next: dict[tuple[int, int], int] = {}
        self.initial = self._set(frozenset({table.initial}))

    def step(self, at: int, op: int) -> int:
        """The machine's next state, or ILLEGAL."""
        found = self._next.get((at, op))
        if found is None:
            image = self.table.image(self._sets[at], op)
            found = self._next[at, op] = self._set(image) if image else ILLEGAL
        return found

    def number(self, state: State) -> int:
        """The machine's state that is certainly `state` of the model."""
        return self._set(frozenset({self.table.number(state)}))

    def members(self, at: int) -> frozenset[int]:
        """The states that the object may be in."""
        return self._sets[at]

    def _set(self, states: frozenset[int]) -> int:
        number = self._set_ids.setdefault(states, len(self._sets))
        if number == len(self._sets):
            self._sets.append(states)
        return number
