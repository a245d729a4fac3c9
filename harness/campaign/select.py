"""`-k EXPRESSION`: which jobs are meant, by words joined with `and`, `or`, `not` and brackets, as pytest has
it; a word is part of a job's id, or a pattern of all of it.

Invariant: pure; nothing is evaluated as Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from harness.errors import ConfigError

Chosen = Callable[[str], bool]
_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")


def chosen_by(expression: str) -> Chosen:
    """From a job's id to whether it is meant. Raises ConfigError."""
    tokens = _TOKEN.findall(expression)
    if not tokens:
        raise ConfigError("-k: the expression is empty", fix='write for example -k "raft and not kill"')
    parser = _Parser(tokens, expression)
    chosen = parser.either()
    if parser.at < len(tokens):
        raise parser.wrong(f"{tokens[parser.at]!r} is one too many")
    return chosen


class _Parser:
    """By recursive descent: either > both > one."""

    def __init__(self, tokens: list[str], expression: str) -> None:
        self.at = 0
        self._tokens = tokens
        self._expression = expression

    def wrong(self, what: str) -> ConfigError:
        """The error to raise."""
        return ConfigError(
            f"-k {self._expression!r}: {what}", fix='write for example -k "raft and not (kill or pause)"'
        )

    def either(self) -> Chosen:
        """a or b ..."""
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return lambda name: any(part(name) for part in parts)

    def _both(self) -> Chosen:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return lambda name: all(part(name) for part in parts)

    def _one(self) -> Chosen:
        if self._takes("not"):
            inner = self._one()
            return lambda name: not inner(name)
        if self._takes("("):
            inner = self.either()
            if not self._takes(")"):
                raise self.wrong("a bracket is not closed")
            return inner
        if self.at >= len(self._tokens):
            raise self.wrong("it ends where a word should follow")
        word = self._tokens[self.at]
        if word in ("and", "or", ")"):
            raise self.wrong(f"{word!r} where a word should stand")
        self.at += 1
        return lambda name: word.lower() in name.lower() or fnmatchcase(name, word)

    def _takes(self, token: str) -> bool:
        if self.at < len(self._tokens) and self._tokens[self.at] == token:
            self.at += 1
            return True
        return False
