"""What the clients of the file service ask: the commands of its tree.

A path is a string of names joined by "/"; a file's content is bytes. What is larger than one message travels
in parts: into the tree by `Stage` and `Commit`, out of it by `Read` and `ReadPart`.

Invariants: frozen; an answer is the value of an `Ok`, never a refusal.
"""

from __future__ import annotations

import msgspec

MOST_BYTES = 1 << 20  # of data in one command, and of content in one answer


class Write(msgspec.Struct, frozen=True, tag="write", array_like=True):
    """Make `data` the whole content of the file at `path`; the answer is nothing."""

    path: str
    data: bytes


class Append(msgspec.Struct, frozen=True, tag="append", array_like=True):
    """Put `data` behind the content of the file at `path`, made empty if there is none; answers nothing."""

    path: str
    data: bytes


class Rename(msgspec.Struct, frozen=True, tag="rename", array_like=True):
    """Let the file at `path` be at `to` instead, in place of what is there; the answer is whether there was
    one.
    """

    path: str
    to: str


class Remove(msgspec.Struct, frozen=True, tag="remove", array_like=True):
    """Remove the file at `path`; the answer is whether there was one."""

    path: str


class Stage(msgspec.Struct, frozen=True, tag="stage", array_like=True):
    """Keep `data` as part `number` (0, 1, 2, ...) of the content that `upload` brings for `path`; nobody sees
    it.

    Parts come in order; one that is held already may come again and changes nothing. The answer is whether it
    is held: false if those before it are not, since uploads that nobody goes on with are forgotten. An
    `upload` is a name that is used for one content only.
    """

    upload: str
    path: str
    number: int
    data: bytes


class Commit(msgspec.Struct, frozen=True, tag="commit", array_like=True):
    """Make the `parts` parts of `upload` the whole content of its file, at one moment.

    The answer is whether that was done: false if exactly so many parts are not held.
    """

    upload: str
    parts: int


class Read(msgspec.Struct, frozen=True, tag="read", array_like=True):
    """The answer is null if there is no file at `path`, else [version, parts, bytes, first part]: how many
    parts and bytes its content has. A version names a content for good.
    """

    path: str


class ReadPart(msgspec.Struct, frozen=True, tag="read_part", array_like=True):
    """The answer is part `number` of the file at `path`, null if that has not this `version` any more."""

    path: str
    version: int
    number: int


class List(msgspec.Struct, frozen=True, tag="list", array_like=True):
    """The answer is the sorted paths of all files below `directory`, relative to it; "" is the whole tree."""

    directory: str


Change = Write | Append | Rename | Remove | Stage | Commit
Question = Read | ReadPart | List
