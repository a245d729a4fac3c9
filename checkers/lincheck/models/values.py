"""JSON values as states: hashable, with the equality of JSON, and in words.

Invariants: true is not 1 and false is not 0, while 1 and 1.0 are one number, also inside lists; a value in
the form that `canonical` gives it can be compared by Python's equality.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from checkers.lincheck.model import UNKNOWN, ModelError, State

SHOWN = 12  # members of a queue or a set that are written out; the others are counted

_PLAIN = frozenset({str, int, type(None)})


def canonical(value: Any) -> State:
    """`value` as something hashable whose equality is that of JSON values (Python has `True == 1`).

    Raises ModelError for what is no JSON value, NaN among it: it equals nothing, not even itself.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return ("bool", value)
    if kind is float and value == value:  # noqa: PLR0124
        return value  # type: ignore[no-any-return]
    if isinstance(value, list | tuple):
        return ("list", *[canonical(v) for v in value])
    if isinstance(value, dict):
        return ("object", *sorted(((str(k), canonical(v)) for k, v in value.items()), key=_name))
    raise ModelError(f"{value!r:.60} is no JSON value")


def _name(pair: tuple[str, State]) -> str:
    """Members of an object are sorted by name alone: their values need have no order."""
    return pair[0]


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


def listed(members: Iterable[str], total: int) -> str:
    """The first members, and how many more there are; e.g. "1, 2, 3 and 5 more"."""
    shown = [member for member, _ in zip(members, range(SHOWN), strict=False)]
    more = f" and {total - len(shown)} more" if total > len(shown) else ""
    return ", ".join(shown) + more


def in_order(states: Iterable[State]) -> list[State]:
    """Canonical values in an order that does not depend on hashes: numbers by size, then the rest by text."""
    return sorted(states, key=_rank)


def _rank(state: State) -> tuple[int, float, str]:
    if isinstance(state, int | float):
        return (0, state, "")
    return (1, 0, text(state))
