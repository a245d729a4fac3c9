"""EDN values as the JSON values of a history, and back into EDN text.

Keywords, symbols, characters, ratios and exact decimals become strings, sets become lists in a fixed order,
maps objects, a tagged literal the object {"#tag": value}.

Invariants: two atoms that EDN tells apart never become one string: a history that has both :a and "a" among
its values is refused, as a read of one would look like a read of the other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

from checkers.identity import identity
from checkers.interop.edn_reader import Atom, Map, Members, Tagged

Refuse = Callable[[str, str], NoReturn]

_KEYS = "a map's keys are keywords, strings or whole numbers"


class Values:
    """Turns values into JSON; remembers of which kind each string was.

    Names at the head of a list of three, as in [:r "x" 1], and keys of maps are remembered apart: they stand
    where no other value can be.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], str] = {}

    def json(self, value: Any, refuse: Refuse, place: str = "") -> Any:
        """`value` as JSON. `refuse(problem, fix)` raises the error for one that has no such form."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self._string("keyword", value[1:], refuse, place)
        if isinstance(value, list):
            head = [self.json(value[0], refuse, "head")] if len(value) == 3 else []
            return [*head, *(self.json(v, refuse) for v in value[len(head) :])]
        if isinstance(value, Atom):
            if value.kind == "number":
                refuse(f"the value {value.text}", "a history holds JSON values: no NaN and no infinity")
            return self._string(value.kind, value.text, refuse, place)
        if isinstance(value, Members):
            members = [self.json(v, refuse) for v in value.members]
            ordered = sorted(members, key=lambda member: repr(identity(member)))
            if len({repr(identity(member)) for member in members}) < len(members):
                refuse("a set that has a member twice", "members differ")
            return ordered
        if isinstance(value, Tagged):
            return {f"#{value.tag}": self.json(value.value, refuse)}
        return self._object(value, refuse)

    def _object(self, value: Map, refuse: Refuse) -> dict[str, Any]:
        found = {}
        for key, part in value.items():
            if isinstance(key, str):
                kind, text = "keyword", key[1:]
            elif type(key) is int:
                kind, text = "whole number", str(key)
            elif isinstance(key, Atom) and key.kind == "string":
                kind, text = key
            else:
                refuse(f"a map with the key {shown(key)}", _KEYS)
            found[self._string(kind, text, refuse, "key")] = self.json(part, refuse)
        return found

    def _string(self, kind: str, text: str, refuse: Refuse, place: str = "") -> str:
        """`text`, unless it stood for something of another kind in such a place before."""
        known = self._kinds.setdefault((place, text), kind)
        if known != kind:
            problem = f"{text!r:.60} is a {kind} here and a {known} before: as JSON they would be one value"
            refuse(problem, "use one kind for one value")
        return text


def edn(value: Any) -> str:
    """A JSON value in EDN: its strings become strings, its objects maps with strings as keys.

    Raises ValueError for NaN and the infinities, which JSON does not have.
    """
    return _text(value, _quoted)


def shown(value: Any) -> str:
    """A value as the reader gives it, in EDN; for messages."""
    return _text(value, str)


def _text(value: Any, string: Callable[[str], str]) -> str:
    """`string` writes what is a str: one of JSON, or a keyword of the reader."""
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    if isinstance(value, Atom):
        return _quoted(value.text) if value.kind == "string" else value.text
    if isinstance(value, str):
        return string(value)
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"a history holds JSON values only, not {value!r}")
        return repr(value)
    if isinstance(value, list | tuple | Members):
        members = value.members if isinstance(value, Members) else value
        inner = " ".join(_text(member, string) for member in members)
        return f"#{{{inner}}}" if isinstance(value, Members) else f"[{inner}]"
    if isinstance(value, Tagged):
        return f"#{value.tag} {_text(value.value, string)}"
    inner = ", ".join(f"{_text(key, string)} {_text(part, string)}" for key, part in value.items())
    return f"{{{inner}}}"


def bare(value: Any) -> str:
    """A name or a message: keywords and strings without what marks them, anything else in EDN."""
    if isinstance(value, str):
        return value[1:]
    return value.text if isinstance(value, Atom) else shown(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
