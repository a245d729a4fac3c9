"""A set.

Invariants: a state is a frozenset of values as `canonical` gives them.
"""

from __future__ import annotations

from typing import Any

from checkers.lincheck.model import UNKNOWN, State
from checkers.lincheck.models.base import Base
from checkers.lincheck.models.values import canonical, in_order, listed, text, words


class Set(Base):
    """Empty at first. add, remove: put the input in, take it out; an answer, if there is one, says whether
    that changed the set. contains: whether the input is in it. read: all members in a list, in any order,
    none of them twice.
    """

    name = "set"
    functions = ("add", "remove", "contains", "read")

    def initial(self) -> State:
        """No members."""
        return frozenset()

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        assert isinstance(state, frozenset)
        if f == "read":
            return (state,) if output is UNKNOWN or self._is(output, state) else ()
        member = canonical(input)
        inside = member in state
        if f == "contains":
            return (state,) if output is UNKNOWN or output is inside else ()
        changes = inside is (f == "remove")
        if output in (True, False) and output is not changes:
            return ()
        if not changes:
            return (state,)
        return (state | {member},) if f == "add" else (state - {member},)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Reads, contains, and what answered that it changed nothing."""
        self.check_form(f, input, output)
        if output is UNKNOWN:
            return f in ("read", "contains")
        if f == "read":
            if not isinstance(output, list | tuple):
                raise self.wrong(f, "output", "the list of all members", output)
            return True
        if f == "contains" and type(output) is not bool:
            raise self.wrong(f, "output", "true or false", output)
        if output is not None and type(output) is not bool:
            raise self.wrong(f, "output", "true, false or nothing", output)
        return f == "contains" or output is False

    def answers(self, f: str) -> bool:
        """Reads and contains."""
        return f in ("read", "contains")

    def describe_state(self, state: State) -> str:
        """E.g. "{1, 2}"."""
        assert isinstance(state, frozenset)
        return "{" + listed(map(text, in_order(state)), len(state)) + "}"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. "reads no 2, but the state is {1, 2}"."""
        assert isinstance(state, frozenset)
        if f != "read":
            return f"{f} {words(input)} gives {words(output)}, but the state is {self.describe_state(state)}"
        seen = [canonical(v) for v in output]
        if len(set(seen)) < len(seen):
            return "reads a member twice"
        more, less = in_order(set(seen) - state), in_order(state - set(seen))
        kind, which = ("reads", more) if more else ("reads no", less)
        return f"{kind} {listed(map(text, which), len(which))}, but the state is {self.describe_state(state)}"

    @staticmethod
    def _is(answer: Any, state: frozenset[State]) -> bool:
        return len(answer) == len(state) and {canonical(v) for v in answer} == state
