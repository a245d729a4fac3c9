"""The seam `Model`: what a single, correct copy of the object does. The checker asks a model and knows none
by name.

Laws of a model: pure; states are hashable, and equal states behave alike; `step` depends on nothing but its
arguments; where `reads_only` says True, `step` never gives any state but the one it was given (it may give
none).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from checkers.history import Outcome
from checkers.identity import identity

State = Hashable
Call = tuple[str, Any, Any]  # f, input, output
Moves = tuple[tuple[int, int], ...]  # states, as numbers, and the states after


class Unknown:
    """The output of an operation whose answer never came."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class ModelError(ValueError):
    """An operation that the model cannot judge (an `f` it does not know, an input of the wrong form)."""


class Anything:
    """Stands for no particular state."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Final = Anything()


@dataclass(frozen=True, slots=True)
class Guard:
    """A transition that compares and sets: legal where the state is `expect` (ANY: wherever) and is not
    `forbid` (ANY: nothing is forbidden); afterwards the state is `assign` (ANY: the same as before).

    A read of 4 is Guard(expect=4), a write of 7 Guard(assign=7), a cas 1 to 2 that succeeded Guard(expect=1,
    assign=2), one that failed Guard(forbid=1).
    """

    expect: State | Anything = ANY
    forbid: State | Anything = ANY
    assign: State | Anything = ANY


class Model(Protocol):
    """A sequential specification."""

    name: str

    def initial(self) -> State:
        """The state before the first operation."""

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """Every state after an operation that gave `output`; empty if it cannot give it in `state`.

        `output` is UNKNOWN for an operation whose answer never came: then every state that any answer leads
        to.
        """

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Whether this operation changes no state at all. Raises ModelError for an operation it does not
        know.
        """

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """The operation in a few words, e.g. "read → 4"."""

    def describe_state(self, state: State) -> str:
        """The state in a few words."""

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """Why the operation cannot follow in `state`, e.g. "reads 4, but the state is 7"."""


@runtime_checkable
class Guarded(Protocol):
    """What a model may offer besides: transitions as values, which the search need not ask the model for."""

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:
        """The same transition as `step` makes for every state; None if no `Guard` describes it. A model that
        offers guards for some operations is deterministic in the others.

        With UNKNOWN as output the operation may also not have happened, so the guard need only describe what
        it does if it has an effect.
        """


@dataclass(frozen=True, slots=True)
class Closure:
    """All that some operations can tell of an object: a machine of few states, numbered from 0.

    initial: where it starts. does: what each of the operations does. A `Guard` has numbers for states. Moves
    are of an operation that is legal everywhere: from where none is listed it leads to `rest`. Operations
    that do the same share one tuple of moves, as there may be many of both.
    """

    initial: int
    rest: int
    does: Sequence[Guard | Moves]


@runtime_checkable
class Closed(Protocol):
    """What a model may offer besides: all transitions that can matter to a history, laid out before the
    search, which then need not ask for any.
    """

    def closure(self, calls: Sequence[Call]) -> Closure | None:
        """The machine of the operations of one history (the answer UNKNOWN where none came), all different;
        None if it would be too large.

        Law: some function gives every state of the model a number such that each operation is legal in a
        state exactly if it is in the state's number, and leads from that to the number of the state after.
        So an order of these operations is legal for the model exactly if it is for the machine.
        """


def op_identity(f: str, input: Any, output: Any) -> Hashable:
    """Equal for two operations exactly if no model can tell them apart."""
    return (f, identity(input), UNKNOWN if output is UNKNOWN else identity(output))
