"""EDN text into values of Python (the format: github.com/edn-format/edn), position by position.

nil, true, false, integers and floats are Python's own; a keyword is a `str` with its colon; strings, symbols,
characters, ratios and exact decimals are `Atom`s of their kind; vectors and lists are lists; maps, sets and
tagged literals are `Map`, `Members`, `Tagged`.

Invariants: no recursion, whatever the nesting; a value nests at most MAX_DEPTH deep, tags included, so that
whoever walks it may recurse; what is no EDN is one `HistoryError` with its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

from checkers.assembly import HistoryError

MAX_DEPTH = 70  # 64, as in `codec`, and what stands around a value: vector, map, tag, pair

_TOKEN = re.compile(
    r"""[\s,]*+(
      [\[\](){}]
    | :[^\s,;"\[\](){}\\]*+
    | [^\s,;"\[\](){}\\#:][^\s,;"\[\](){}\\]*+
    | "[^"\\]*+(?:\\.[^"\\]*+)*+" | ".*+
    | ;[^\n]*+
    | \#_ | \#\{ | \#[^\s,;"\[\](){}\\]*+
    | \\(?:u[0-9A-Fa-f]{4}|o[0-7]{1,3}|[A-Za-z]++|.)
    | .
    )""",
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"(?:[\s,\ufeff]++|;[^\n]*+)*+")
_NAME = re.compile(r"[\w.*+!?$%&=<>/|#:'\-]+")
_INTEGER = re.compile(r"([+-]?(?:0|[1-9][0-9]*))N?")
_HEX = re.compile(r"[+-]?0[xX][0-9A-Fa-f]+")
_FLOAT = re.compile(r"([+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(M?)")
_RATIO = re.compile(r"[+-]?(?:0|[1-9][0-9]*)/[1-9][0-9]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|[0-7]{1,3}|.)", re.DOTALL)
_UNICODE = re.compile(r"u[0-9A-Fa-f]{4}")
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", "b": "\b", "f": "\f", "\\": "\\", '"': '"'}
_CHARACTERS = {
    "newline": "\n", "space": " ", "tab": "\t", "return": "\r", "backspace": "\b", "formfeed": "\f",
}  # fmt: skip
_CLOSERS = {"{": "}", "[": "]", "(": ")", "#{": "}"}
_MISSING = object()
_DISCARD = "#_"


class Atom(NamedTuple):
    """A value that Python has no type of its own for: "string", "symbol", "character", "ratio", "decimal",
    "number" (NaN and the infinities), "key" (a collection as a key of a map, in words).
    """

    kind: str
    text: str


class Map(dict[Any, Any]):
    """A map; `at` and `end` are where its braces stand in the text."""

    at: int = 0
    end: int = 0


@dataclass(slots=True)
class Members:
    """A set, its members in the order of the text."""

    members: list[Any]


@dataclass(slots=True)
class Tagged:
    """A tagged literal; `tag` without its #."""

    tag: str
    value: Any


@dataclass(slots=True)
class _Frame:
    """A collection that is open: where it began, how, what it has, and the tags before its next form."""

    at: int
    opener: str
    items: list[Any]
    tags: list[str]


class Reader:
    """Reads one text; `line_of` is cheap for positions that rise."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._counted = (0, 1)  # a position and its line
        self._atoms: dict[str, Any] = {"nil": None, "true": True, "false": False}

    def line_of(self, at: int) -> int:
        """The line of a position, from 1."""
        seen, line = self._counted
        if at < seen:
            seen, line = 0, 1
        line += self._text.count("\n", seen, at)
        self._counted = (at, line)
        return line

    def after(self, at: int) -> int:
        """Where the next form begins that starts behind position `at`."""
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def refuse(self, at: int, problem: str, fix: str) -> NoReturn:
        """Raise the error for what stands at position `at`."""
        raise HistoryError(self._source, self.line_of(at), problem, fix)

    def forms(self) -> list[Any]:
        """All values at the top level."""
        stack = [_Frame(0, "", [], [])]
        frame, items, atoms, depth = stack[0], stack[0].items, self._atoms, 0
        for match in _TOKEN.finditer(self._text, 1 if self._text.startswith("\ufeff") else 0):
            token = match[1]
            value = atoms.get(token, _MISSING)
            if value is _MISSING:
                first = token[0]
                if token in _CLOSERS:
                    frame = _Frame(match.start(1), token, [], [])
                    stack.append(frame)
                    items = frame.items
                    depth = self._deeper(depth, frame.at)
                    continue
                if first == ";":
                    continue
                if first in ")]}":
                    value = self._closed(stack, token, match.start(1))
                    depth -= 1
                    frame = stack[-1]
                    items = frame.items
                elif first == "#" and not token.startswith("##"):
                    self._tag(frame, token, match.start(1))
                    depth = depth if token == _DISCARD else self._deeper(depth, match.start(1))
                    continue
                else:
                    value = self._atom(token, match.start(1))
            if frame.tags:
                depth -= self._emit(frame, value)
            else:
                items.append(value)
        self._ended(stack)
        return items

    def _tag(self, frame: _Frame, token: str, at: int) -> None:
        if token != _DISCARD and not _NAME.fullmatch(token, 1):
            self.refuse(at, f"{token!r:.60} is no tag", "a tag is # and a name, before a value")
        frame.tags.append(token)

    def _deeper(self, depth: int, at: int) -> int:
        if depth >= MAX_DEPTH:
            self.refuse(at, "brackets nested too deeply", f"at most {MAX_DEPTH} levels")
        return depth + 1

    def _ended(self, stack: list[_Frame]) -> None:
        """Nothing may be open at the end of the text."""
        frame = stack[-1]
        if len(stack) > 1:
            closer = _CLOSERS[frame.opener]
            problem = f"{frame.opener} is never closed: the text ends before its {closer}"
            self.refuse(frame.at, problem, "was the file cut off? go back to the whole of it")
        if frame.tags:
            end = len(self._text)
            self.refuse(end, f"nothing follows {frame.tags[-1]:.60}", "was the file cut off?")

    def _emit(self, frame: _Frame, value: Any) -> int:
        """Append `value` with its tags, or drop it; the number of tags that it used up."""
        used = 0
        while frame.tags:
            tag = frame.tags.pop()
            if tag == _DISCARD:
                return used
            value = Tagged(tag[1:], value)
            used += 1
        frame.items.append(value)
        return used

    def _closed(self, stack: list[_Frame], closer: str, at: int) -> Any:
        frame = stack[-1]
        if len(stack) == 1:
            self.refuse(at, f"{closer} closes nothing", "remove it, or add what it closes")
        if _CLOSERS[frame.opener] != closer:
            opened = f"{frame.opener} of line {self.line_of(frame.at)}"
            self.refuse(at, f"{closer} closes the {opened}", f"it needs {_CLOSERS[frame.opener]}")
        if frame.tags:
            self.refuse(at, f"nothing follows {frame.tags[-1]:.60}", "a tag and #_ stand before a value")
        stack.pop()
        if frame.opener == "{":
            return self._map(frame, at)
        return Members(frame.items) if frame.opener == "#{" else frame.items

    def _map(self, frame: _Frame, end: int) -> Map:
        items = frame.items
        if len(items) % 2:
            self.refuse(frame.at, f"a map with {len(items)} forms", "a map has a value for each of its keys")
        try:
            found = Map(zip(items[::2], items[1::2], strict=True))
        except TypeError:
            keys = (
                Atom("key", repr(k)) if isinstance(k, list | Map | Members | Tagged) else k
                for k in items[::2]
            )
            found = Map(zip(keys, items[1::2], strict=True))
        if len(found) * 2 != len(items):
            self.refuse(frame.at, "a map that has a key twice", "keys differ")
        found.at, found.end = frame.at, end
        return found

    def _atom(self, token: str, at: int) -> Any:
        first = token[0]
        if first == '"':
            return self._string(token, at)
        if first == "\\":
            return self._character(token, at)
        if first == ":":
            if not _NAME.fullmatch(token, 1) or token.endswith(":") or token.startswith("::"):
                self.refuse(at, f"{token!r:.60} is no keyword", "a keyword is : and a name")
            self._atoms[token] = token
            return token
        if first.isdigit() or (first in "+-" and token[1:2].isdigit()):
            return self._number(token, at)
        if token in ("##NaN", "##Inf", "##-Inf"):
            return Atom("number", token)
        if first == "#" or not _NAME.fullmatch(token):
            self.refuse(at, f"{token!r:.60} is no EDN", "strings need quotes; see github.com/edn-format/edn")
        return Atom("symbol", token)

    def _number(self, token: str, at: int) -> Any:
        whole = _INTEGER.fullmatch(token)
        try:
            if whole:
                number = int(whole[1])
                if len(token) < 7:
                    self._atoms[token] = number
                return number
            if _HEX.fullmatch(token):
                return int(token, 16)
            broken = _FLOAT.fullmatch(token)
            if broken:
                return self._float(broken[1], bool(broken[2]), token)
        except (ValueError, OverflowError) as error:
            self.refuse(at, f"{token!r:.60} is no number: {error}", "numbers are of a moderate size")
        if _RATIO.fullmatch(token):
            return Atom("ratio", token)
        self.refuse(at, f"{token!r:.60} is no number", "numbers are like 12, -3 (not 012), 4.5, 1e9, 2/3")

    @staticmethod
    def _float(digits: str, exact: bool, token: str) -> Any:
        number = float(digits)
        if number in (float("inf"), float("-inf")):
            raise OverflowError("beyond the largest float")
        return Atom("decimal", token) if exact and Decimal(digits) != Decimal(repr(number)) else number

    def _string(self, token: str, at: int) -> Atom:
        # A string that is never closed is the last token, and no backslash pairs up before its final quote.
        if len(token) < 2 or not token.endswith('"') or not self._closes(token):
            self.refuse(at, 'a string is never closed: the text ends before its "', "was the file cut off?")
        if "\\" not in token:
            return Atom("string", token[1:-1])
        text = _ESCAPE.sub(lambda found: self._escape(found[1], at), token[1:-1])
        try:  # two escapes may be the halves of one character
            return Atom("string", text.encode("utf-16", "surrogatepass").decode("utf-16"))
        except UnicodeDecodeError:
            self.refuse(at, "a string with half a character", "surrogates come in pairs, like \\ud83d\\ude00")

    @staticmethod
    def _closes(token: str) -> bool:
        """Whether the last quote is no escaped one."""
        before = token[:-1]
        return (len(before) - len(before.rstrip("\\"))) % 2 == 0

    def _escape(self, name: str, at: int) -> str:
        if name in _ESCAPES:
            return _ESCAPES[name]
        if name[0] == "u" and len(name) == 5:
            return chr(int(name[1:], 16))
        if name.isdigit() and name[0] in "01234567":
            return chr(int(name, 8))
        self.refuse(
            at,
            f"a string with the unknown escape \\{name}",
            'escapes are \\n \\t \\r \\b \\f \\\\ \\" \\uXXXX',
        )

    def _character(self, token: str, at: int) -> Atom:
        name = token[1:]
        if len(name) == 1:
            return Atom("character", name)
        if name in _CHARACTERS:
            return Atom("character", _CHARACTERS[name])
        if _UNICODE.fullmatch(name) and not 0xD800 <= int(name[1:], 16) < 0xE000:
            return Atom("character", chr(int(name[1:], 16)))
        if name[:1] == "o" and name[1:].isdigit():
            return Atom("character", chr(int(name[1:], 8)))
        self.refuse(at, f"{token!r:.60} is no character", "characters are like \\a, \\newline, \\u0041")
