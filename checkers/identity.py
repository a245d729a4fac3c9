"""When two JSON values are one and the same.

Invariant: equal stand-ins exactly for equal JSON texts: true is not 1, 1 is not 1.0.
"""

from __future__ import annotations

from typing import Any


def identity(value: Any) -> Any:
    """A hashable stand-in: equal for two JSON values exactly if their JSON texts mean the same with the same
    types.

    Strings, integers and None stand for themselves; anything else becomes a tagged tuple. (In Python `True ==
    1 == 1.0`.)
    """
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is bool:
        return ("bool", value)
    if kind is float:
        return ("float", repr(value))
    if isinstance(value, list | tuple):
        return ("list", *[identity(v) for v in value])
    if isinstance(value, dict):
        return ("object", *sorted((str(k), identity(v)) for k, v in value.items()))
    raise TypeError(f"a history holds JSON values only, not {value!r} ({kind.__name__})")
