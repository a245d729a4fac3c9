"""Numbers for any Python values: the same number for values that nothing can tell apart.

A value is named by a stand-in that is hashable and holds its types and its content, all the way down, so that
lists, dictionaries and dataclasses are found in constant time. A stand-in is finer than Python's equality (1,
1.0 and True are three): taking two equal states for two costs time, taking two different ones for one would
cost the truth.

Invariants: a number never changes its value; values with equal stand-ins have one number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable
from typing import Any

from checkers.lincheck.model import ModelError

_ATOMS = frozenset({str, int, bytes, type(None)})


class Nameless(Exception):
    """A value that has no stand-in: of an unhashable class whose content is not known here."""


def stand_in(value: Any) -> Hashable:
    """Equal for two values exactly if types and content are the same; O(size of the value).

    An object of a class of one's own stands for itself, with its own equality, if it is hashable. Raises
    Nameless if it is not, and for what nests too deeply.
    """
    try:
        return _stand_in(value)
    except RecursionError as error:
        raise Nameless from error


def _stand_in(value: Any) -> Hashable:
    kind = type(value)
    if kind in _ATOMS:
        return value  # type: ignore[no-any-return]
    if kind is float or kind is complex:
        return kind, repr(value)
    if isinstance(value, tuple) or kind is list:
        return kind, *map(_stand_in, value)
    if kind is dict:
        return kind, frozenset((_stand_in(k), _stand_in(v)) for k, v in value.items())
    if kind is set or kind is frozenset:
        return kind, frozenset(map(_stand_in, value))
    if dataclasses.is_dataclass(value):
        content = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        content.update(getattr(value, "__dict__", {}))
        return kind, *((name, _stand_in(part)) for name, part in sorted(content.items()))
    try:
        hash(value)
    except TypeError as error:
        raise Nameless from error
    return kind, value


class Pool:
    """Values by number, in order of first appearance.

    equal: merges more than equal stand-ins do; without `hash` a state of new content is compared with every
    one known, so give both where there are many. Values without a stand-in are compared by `equal`, or else
    by `==`. Raises ModelError for values that cannot be compared.
    """

    def __init__(
        self, equal: Callable[[Any, Any], bool] | None = None, hash: Callable[[Any], Any] | None = None
    ) -> None:
        self.values: list[Any] = []
        self._equal = equal
        self._hash = hash
        self._named: dict[Hashable, int] = {}
        self._buckets: dict[Any, list[int]] = {}

    def number(self, value: Any) -> int:
        """The number of `value`, a new one if no known value is the same."""
        try:
            name = stand_in(value)
        except Nameless:
            return self._compared(value)
        found = self._named.get(name)
        if found is None:
            found = self._named[name] = self._new(value) if self._equal is None else self._compared(value)
        return found

    def same(self, one: Any, other: Any) -> bool:
        """Whether two values are one, compared and not named."""
        try:
            return bool(one == other if self._equal is None else self._equal(one, other))
        except Exception as error:
            problem = f"two values of the type {type(one).__name__} cannot be compared: {error!r}"
            raise ModelError(f"{problem}; give the model `equal` (and `hash`)") from error

    def _compared(self, value: Any) -> int:
        bucket = self._buckets.setdefault(self._bucket(value), [])
        for number in bucket:
            if self.same(self.values[number], value):
                return number
        bucket.append(self._new(value))
        return bucket[-1]

    def _bucket(self, value: Any) -> Any:
        if self._hash is None:
            return None if self._equal else type(value)
        try:
            return self._hash(value)
        except Exception as error:
            raise ModelError(f"the model's hash of the state {value!r:.80} failed: {error!r}") from error

    def _new(self, value: Any) -> int:
        self.values.append(value)
        return len(self.values) - 1
