"""A mutex, a counter, and an object that allows everything.

Invariants: states are a word (mutex), a whole number (counter), None (noop).
"""

from __future__ import annotations

from typing import Any, Literal

from checkers.history import Outcome
from checkers.lincheck.model import UNKNOWN, Guard, State
from checkers.lincheck.models.base import Base, is_number
from checkers.lincheck.models.values import canonical, text, words


class Mutex(Base):
    """Free at first. acquire: from free to held. release: from held to free, whoever holds it.

    The answers mean nothing, but must not be false: a mutex that was refused is a failed operation.
    """

    name = "mutex"
    functions = ("acquire", "release")

    def initial(self) -> State:
        """Free."""
        return "free"

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:  # noqa: ARG002
        """See `Model.step`; of a mutex that is held, an acquire that was never answered changes nothing."""
        before, after = ("free", "held") if f == "acquire" else ("held", "free")
        if state == before:
            return (after,)
        return (state,) if output is UNKNOWN else ()

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:  # noqa: ARG002
        """See `Guarded.guard`."""
        before, after = ("free", "held") if f == "acquire" else ("held", "free")
        return Guard(expect=before, assign=after)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """None does."""
        self.check_form(f, input, output)
        if output is False:
            raise self.wrong(f, "output", "no refusal (one that was refused has the outcome FAIL)", output)
        return False

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:  # noqa: ARG002
        """E.g. "acquire", "release → ?"."""
        return f if outcome == Outcome.OK else f"{f} → ?"

    def describe_state(self, state: State) -> str:
        """ "free" or "held"."""
        return str(state)

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """E.g. "acquires, but the mutex is held"."""
        return f"{f}s, but the mutex is {state}"


class Counter(Base):
    """0 at first. add: adds the input, a whole number of either sign. read: gives the value.

    An answer of add, if there is one, is the value after it (`answer="new"`) or before it ("old").
    """

    name = "counter"
    functions = ("add", "read")

    def __init__(self, initial: int = 0, *, answer: Literal["new", "old"] = "new") -> None:
        if not is_number(initial):
            raise ValueError(f"a counter starts with a whole number, not {initial!r}")
        if answer not in ("new", "old"):
            raise ValueError(f'answer is "new" or "old", not {answer!r}')
        self._initial = initial
        self._answer = answer

    def initial(self) -> State:
        """0 unless told otherwise."""
        return self._initial

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        assert isinstance(state, int)
        after = state + input if f == "add" else state
        if output is UNKNOWN or (f == "add" and output is None):
            return (after,)
        return (after,) if output == (state if self._answer == "old" else after) else ()

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Reads, and adding 0."""
        self.check_form(f, input, output)
        if f == "add" and not is_number(input):
            raise self.wrong(f, "input", "a whole number", input)
        if output is not UNKNOWN and not is_number(output) and not (f == "add" and output is None):
            form = "a whole number" if f == "read" else "a whole number or nothing"
            raise self.wrong(f, "output", form, output)
        return f == "read" or input == 0

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. "reads 3, but the state is 2"."""
        if f == "read":
            return f"reads {words(output)}, but the state is {text(state)}"
        return f"add {words(input)} gives {words(output)}, but the state is {text(state)}"


class Noop(Base):
    """Any operation, any answer: every history is linearizable. Useful to try out a tool chain."""

    name = "noop"

    def initial(self) -> State:
        """None."""
        return None

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:  # noqa: ARG002
        """See `Model.step`."""
        return (state,)

    def guard(self, f: str, input: Any, output: Any) -> Guard | None:  # noqa: ARG002
        """See `Guarded.guard`."""
        return Guard()

    def reads_only(self, f: str, input: Any, output: Any) -> bool:  # noqa: ARG002
        """All of them."""
        canonical(input)
        return True

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """Never asked."""
        return "is legal"
