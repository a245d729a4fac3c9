"""A user's model as the checker's own `Model`: a state is a number of `Moves`, an operation the number of its
kind.

Invariants: inputs in the history are integers and outputs None, so that it holds JSON whatever the user's
types are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checkers.history import Outcome
from checkers.lincheck.model import Guard, State
from checkers.lincheck.porcupine.closure import NOWHERE
from checkers.lincheck.porcupine.moves import ILLEGAL, Moves


class Refuted(Exception):
    """An operation of the input number `args[0]` changes a state, although it was taken for one that only
    reads.
    """


class Spec:
    """See `checkers.lincheck.model.Model` and `Guarded`. reads_only, guards: by operation number.

    `step` raises Refuted where `reads_only` is wrong.
    """

    name = "porcupine"
    f = "step"

    def __init__(self, moves: Moves, reads_only: Sequence[bool], guards: Sequence[Guard | None]) -> None:
        self.moves = moves
        self._reads_only = reads_only
        self._guards = guards

    def initial(self) -> State:
        """The number of the initial state."""
        return self.moves.initial

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:  # noqa: ARG002
        """The number of the next state, if the operation is legal."""
        assert isinstance(state, int)
        after = ILLEGAL if state == NOWHERE else self.moves.step(state, input)
        if self._reads_only[input] and after not in (state, ILLEGAL):
            raise Refuted(self.moves.inputs[input])
        return () if after == ILLEGAL else (after,)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:  # noqa: ARG002
        """Whether the operation is known to change no state that can be reached."""
        known: bool = self._reads_only[input]
        return known

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:  # noqa: ARG002
        """What is known of the operation."""
        known: Guard | None = self._guards[input]
        return known

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:  # noqa: ARG002
        """In the user's words."""
        operation = self.moves.ops[input]
        return self.moves.model.describe_operation(operation.input, operation.output)

    def describe_state(self, state: State) -> str:
        """In the user's words."""
        assert isinstance(state, int)
        return (
            "none" if state == NOWHERE else self.moves.model.describe_state(self.moves.states.values[state])
        )

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. "get() -> 1 is not legal in the state 2"."""
        what = self.describe_op(f, input, output, Outcome.OK)
        return f"{what} is not legal in the state {self.describe_state(state)}"
