"""A tree of files.

Invariants: a state is a frozenset of (path, content), each path once, both strings; paths are names as they
are: no folders, nothing is resolved.
"""

from __future__ import annotations

from typing import Any

from checkers.history import Outcome
from checkers.lincheck.model import UNKNOWN, State
from checkers.lincheck.models.base import Base
from checkers.lincheck.models.values import listed, text, words


class Files(Base):
    """No files at first. write [path, content]: makes or replaces the file. append [path, text]: adds at its
    end, and makes it if it is missing. read path: the content, or None if it is missing. rename [old, new]:
    moves it over whatever new was; the answer says whether old was there, and if not nothing happens. remove
    path: takes it away; the answer says whether it was there. list: all paths, sorted.

    A rename of a path to itself changes nothing. Answers of write and append, if any, mean nothing.
    """

    name = "files"
    functions = ("write", "append", "read", "rename", "remove", "list")

    def initial(self) -> State:
        """No files."""
        return frozenset()

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        files = _files(state)
        answer: Any = output  # of writes and appends, which have none to compare
        if f == "read":
            answer = files.get(input)
        elif f == "list":
            answer = sorted(files)
        elif f in ("write", "append"):
            path, added = input
            files[path] = (files.get(path, "") if f == "append" else "") + added
        else:
            old = input[0] if f == "rename" else input
            answer = old in files
            if answer:
                content = files.pop(old)
                if f == "rename":
                    files[input[1]] = content
        if output is not UNKNOWN and (list(output) if f == "list" else output) != answer:
            return ()
        return (frozenset(files.items()),)

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """Reads, lists, and a rename or a remove that answered that the file was missing."""
        self.check_form(f, input, output)
        self._check_input(f, input)
        if output is not UNKNOWN:
            self._check_output(f, output)
        return f in ("read", "list") or (f in ("rename", "remove") and output is False)

    def _check_input(self, f: str, input: Any) -> None:
        if f == "list":
            if input is not None:
                raise self.wrong(f, "input", "nothing", input)
        elif f in ("read", "remove"):
            if not isinstance(input, str):
                raise self.wrong(f, "input", "a path", input)
        elif not _strings(input, 2):
            form = {"write": "content", "append": "text"}.get(f)
            raise self.wrong(f, "input", f"a pair [path, {form}]" if form else "a pair [old, new]", input)

    def _check_output(self, f: str, output: Any) -> None:
        if f in ("rename", "remove") and type(output) is not bool:
            raise self.wrong(f, "output", "true or false", output)
        if f == "read" and output is not None and not isinstance(output, str):
            raise self.wrong(f, "output", "the content, or nil", output)
        if f == "list" and not _strings(output):
            raise self.wrong(f, "output", "the list of all paths", output)

    def answers(self, f: str) -> bool:
        """All but write and append."""
        return f not in ("write", "append")

    def describe_op(self, f: str, input: Any, output: Any, outcome: Outcome) -> str:
        """E.g. 'write "a" "text"', 'rename "a" "b" → true', 'list → ["a"]'."""
        parts = [] if input is None else input if isinstance(input, list | tuple) else [input]
        called = " ".join([f, *map(words, parts)])
        if not self.answers(f):
            return called
        return f"{called} → {words(output) if outcome == Outcome.OK else '?'}"

    def describe_state(self, state: State) -> str:
        """E.g. 'a: "text", b: ""'; "no files" at first."""
        files = _files(state)
        told = [f"{path}: {text(content)}" for path, content in sorted(files.items())]
        return listed(told, len(told)) or "no files"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:
        """E.g. 'reads "x", but "a" is "y"'."""
        files = _files(state)
        if f == "list":
            return f"lists {words(output)}, but the paths are {words(sorted(files))}"
        path = input[0] if f == "rename" else input
        there = f"{words(path)} is {words(files[path])}" if path in files else f"{words(path)} is missing"
        return f"{f}{'s' if f == 'read' else ' gives'} {words(output)}, but {there}"


def _files(state: State) -> dict[str, str]:
    assert isinstance(state, frozenset)
    return dict(state)


def _strings(value: Any, number: int | None = None) -> bool:
    """Whether `value` is a list of so many strings."""
    if not isinstance(value, list | tuple) or number not in (None, len(value)):
        return False
    return all(isinstance(part, str) for part in value)
