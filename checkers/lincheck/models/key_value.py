"""A string that can be appended to.

Invariants: a state is a string.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checkers.history import Outcome
from checkers.lincheck.model import UNKNOWN, Call, Closure, Guard, Moves, State
from checkers.lincheck.models.base import Base
from checkers.lincheck.models.prefixes import Prefixes
from checkers.lincheck.models.values import canonical, text, words


class KeyValue(Base):
    """A string, "" at first. get: gives it. put: sets it. append: adds the input at its end."""

    name = "key-value"
    functions = ("get", "put", "append")

    def initial(self) -> State:
        """The empty string."""
        return ""

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        if f == "get":
            return (state,) if output is UNKNOWN or output == state else ()
        return (input if f == "put" else f"{state}{input}",)

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:
        """See `Guarded.guard`; what an append leaves depends on what was there."""
        if f == "append":
            return None
        if f == "put":
            return Guard(assign=input)
        return Guard() if output is UNKNOWN else Guard(expect=canonical(output))

    def closure(self, calls: Sequence[Call]) -> Closure | None:
        """See `Closed.closure`: prefixes of what gets observed, and one state for all other strings (why that
        is right, see `prefixes`).
        """
        if type(self) is not KeyValue:
            return None  # its steps may be others
        observed = [output for f, _, output in calls if f == "get" and isinstance(output, str)]
        puts = [input for f, input, _ in calls if f == "put"]
        prefixes = Prefixes(observed, puts, {input for f, input, _ in calls if f == "append"})
        if not prefixes.complete:
            return None
        moves = {added: tuple(pairs) for added, pairs in prefixes.moves.items()}
        return Closure(prefixes.number(""), prefixes.dead, [_does(call, prefixes, moves) for call in calls])

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Only gets."""
        self.check_form(f, input, output)
        if f != "get" and not isinstance(input, str):
            raise self.wrong(f, "input", "a string", input)
        return f == "get"

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. 'get → "ab"', 'append "b"'."""
        if f == "get":
            return f"get → {words(output) if outcome == Outcome.OK else '?'}"
        return f"{f} {words(input)}"

    def describe_state(self, state: State) -> str:
        """The string, quoted."""
        return text(state)

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """E.g. 'gets "a", but the state is "ab"'."""
        return f"{f}s {words(output)}, but the state is {text(state)}"


def _does(call: Call, prefixes: Prefixes, moves: Mapping[str, Moves]) -> Guard | Moves:
    """What an operation does to the numbers of `prefixes`; an append without a move there leads to the dead
    state from everywhere.
    """
    f, input, output = call
    if f == "append":
        return moves.get(input) or Guard(assign=prefixes.dead)
    if f == "put":
        return Guard(assign=prefixes.number(input))
    if output is UNKNOWN:
        return Guard()
    return Guard(expect=prefixes.number(output) if isinstance(output, str) else prefixes.nowhere)
