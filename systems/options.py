"""Checks that the in-repo systems share for their `-o key=value` options.

Invariant: every error is a ValueError whose text names the option, the value and what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from systems.api import Bug


class UnknownName(ValueError):
    """A name that is not among those there are."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """`kind` says what is named ("option", "system", ...)."""
        names = tuple(known)
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        super().__init__(f"unknown {kind} {name!r}{hint} (known: {', '.join(names)})")


def check_names(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise UnknownName for the first of `given` that is not `known`."""
    names = tuple(known)
    for name in given:
        if name not in names:
            raise UnknownName(kind, name, names)


def whole_number(options: Mapping[str, str], key: str, *, low: int, high: int) -> int:
    """The option `key` as a number from `low` to `high`."""
    text = options[key]
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise ValueError(f"option {key}={text!r} must be a whole number from {low} to {high}")
    return int(text)


def check_bug(options: Mapping[str, str], bugs: Mapping[str, Bug]) -> None:
    """Raise ValueError for an option `bug` that is not among `bugs`, or that lacks the options it needs."""
    name = options.get("bug", "")
    if not name:
        return
    check_names("bug", [name], bugs)
    for key, value in bugs[name].options.items():
        if options.get(key) != value:
            raise ValueError(f"bug {name!r} does nothing with {key}={options.get(key)}; add -o {key}={value}")
