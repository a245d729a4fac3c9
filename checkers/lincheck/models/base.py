"""What the models that come with the checker share: which operations they know, and how they say things.

Invariants: `reads_only`, which the checker asks once for each distinct operation before it searches, refuses
every operation whose form is wrong, so that `step` meets none.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from checkers.history import Outcome
from checkers.lincheck.model import UNKNOWN, ModelError, State
from checkers.lincheck.models.values import canonical, text, words


def meant(name: str, known: Iterable[str]) -> str:
    """A clause that suggests the nearest known name; empty if none is near."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


class Base:
    """A model whose operations are those in `functions`, written as "f input → answer"."""

    name = ""
    functions: tuple[str, ...] = ()

    def check_form(self, f: str, input: Any, output: Any) -> None:
        """Raise ModelError unless `f` is known and input and output are JSON values."""
        if f not in self.functions:
            raise self.unknown(f)
        canonical(input)
        if output is not UNKNOWN:
            canonical(output)

    def unknown(self, f: str) -> ModelError:
        """The error for an operation that is none of this model's."""
        known = ", ".join(self.functions)
        hint = meant(str(f), self.functions)
        return ModelError(f"the model {self.name} knows no operation {f!r:.60}; it knows {known}{hint}")

    def wrong(self, f: str, part: str, form: str, value: Any) -> ModelError:
        """The error for a `part` ("input", "output") that has not the `form` it needs."""
        return ModelError(f"the {part} of {f} is {form}, not {value!r:.60}")

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. "enqueue 4", "dequeue → 4", "add 4 → true"; "→ ?" where an answer never came."""
        called = f if input is None else f"{f} {words(input)}"
        if outcome != Outcome.OK:
            return f"{called} → ?" if self.answers(f) else called
        return called if output is None and not self.answers(f) else f"{called} → {words(output)}"

    def answers(self, f: str) -> bool:
        """Whether `f` always has an answer (None being one)."""
        return f == "read"

    def describe_state(self, state: State) -> str:
        """The state as a JSON value."""
        return text(state)


def is_number(value: Any) -> bool:
    """Whether `value` is a whole number (true is none)."""
    return type(value) is int
