"""A string that can be appended to.

Invariants: a state is a string.
"""

from __future__ import annotations

from typing import Any

from checkers.history import Outcome
from checkers.lincheck.model import UNKNOWN, Guard, State
from checkers.lincheck.models.base import Base
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
