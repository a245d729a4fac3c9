"""Models: a register, a compare-and-set register, and a string that can be appended to.

Invariants: true is not 1 and false is not 0, while 1 and 1.0 are one number, also inside lists; a state is a
value in the form that `canonical` gives it, so that Python's equality is the right one.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from checkers.history import Outcome
from checkers.lincheck.model import UNKNOWN, ModelError, State

_PLAIN = frozenset({str, int, float, type(None)})


def canonical(value: Any) -> State:
    """`value` as something hashable whose equality is that of JSON values (Python has `True == 1`)."""
    kind = type(value)
    if kind in _PLAIN:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return ("bool", value)
    if isinstance(value, list | tuple):
        return ("list", *[canonical(v) for v in value])
    if isinstance(value, dict):
        return ("object", *sorted((str(k), canonical(v)) for k, v in value.items()))
    raise ModelError(f"{value!r:.60} is no JSON value")


def text(state: State) -> str:
    """A canonical value in words: numbers and strings as in JSON, None as nil."""
    if isinstance(state, tuple):
        tag, *parts = state
        if tag == "bool":
            return "true" if parts[0] else "false"
        if tag == "list":
            return "[" + ", ".join(text(p) for p in parts) + "]"
        return "{" + ", ".join(f"{name}: {text(p)}" for name, p in parts) + "}"
    return "nil" if state is None else json.dumps(state, ensure_ascii=False)


def words(value: Any) -> str:
    """Any value of a history in words; "?" if it is unknown."""
    return "?" if value is UNKNOWN else text(canonical(value))


class Register:
    """One value, None at first. read: gives it. write: sets it to the input."""

    name = "register"
    functions: tuple[str, ...] = ("read", "write")

    def initial(self) -> State:
        """None: never written."""
        return None

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        if f == "write":
            return (canonical(input),)
        if f == "read":
            return (state,) if output is UNKNOWN or canonical(output) == state else ()
        raise self._unknown(f)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:  # noqa: ARG002
        """Only reads."""
        if f not in self.functions:
            raise self._unknown(f)
        canonical(input)
        return f == "read"

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. "read → 4", "write 7"."""
        if f == "write":
            return f"write {words(input)}"
        return f"read → {words(output) if outcome == Outcome.OK else '?'}"

    def describe_state(self, state: State) -> str:
        """The value."""
        return text(state)

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """E.g. "reads 4, but the state is 7"."""
        return f"{f}s {words(output)}, but the state is {text(state)}"

    def _unknown(self, f: str) -> ModelError:
        known = ", ".join(self.functions)
        return ModelError(f"the model {self.name} knows no operation {f!r}; it knows {known}")


class CasRegister(Register):
    """A register with cas: its input (old, new) sets new if the value is old; its output says whether it did.

    `failed_cas` says what the output False means. "observation": the value was not old at that moment.
    "did-not-happen": only that the cas had no effect (the system may refuse one although it matches).
    """

    name = "cas-register"
    functions = ("read", "write", "cas")

    def __init__(self, *, failed_cas: Literal["observation", "did-not-happen"]) -> None:
        if failed_cas not in ("observation", "did-not-happen"):
            raise ValueError(f'failed_cas is "observation" or "did-not-happen", not {failed_cas!r}')
        self.failed_cas = failed_cas

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        if f != "cas":
            return super().step(state, f, input, output)
        matches = canonical(input[0]) == state
        if output is UNKNOWN:
            changed = (canonical(input[1]),) if matches else (state,)
            return (*changed, state) if matches and self.failed_cas == "did-not-happen" else changed
        if output is True:
            return (canonical(input[1]),) if matches else ()
        return () if matches and self.failed_cas == "observation" else (state,)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Reads, and a cas that answered False."""
        if f != "cas":
            return super().reads_only(f, input, output)
        if not isinstance(input, list | tuple) or len(input) != 2:
            raise ModelError(f"the input of a cas is a pair [old, new], not {input!r:.60}")
        canonical(input)
        if output is not UNKNOWN and type(output) is not bool:
            raise ModelError(f"the output of a cas is true or false, not {output!r:.60}")
        return output is False

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. "cas 1→2 → false"."""
        if f != "cas":
            return super().describe_op(f, input, output, outcome)
        answer = f" → {words(output)}" if outcome == Outcome.OK else " → ?"
        return f"cas {words(input[0])}→{words(input[1])}{answer}"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. "succeeds from 1, but the state is 7"."""
        if f != "cas":
            return super().why_not(state, f, input, output)
        if output is True:
            return f"succeeds from {words(input[0])}, but the state is {text(state)}"
        return f"fails from {words(input[0])}, although the state is {text(state)}"


class KeyValue:
    """A string, "" at first. get: gives it. put: sets it. append: adds the input at its end."""

    name = "key-value"

    def initial(self) -> State:
        """The empty string."""
        return ""

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        if f == "get":
            return (state,) if output is UNKNOWN or output == state else ()
        return (input if f == "put" else f"{state}{input}",)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:  # noqa: ARG002
        """Only gets."""
        if f not in ("get", "put", "append"):
            raise ModelError(f"the model {self.name} knows no operation {f!r}; it knows get, put, append")
        if f != "get" and not isinstance(input, str):
            raise ModelError(f"the input of {f} is a string, not {input!r:.60}")
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
