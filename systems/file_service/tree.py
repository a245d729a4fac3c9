"""The file tree as a state machine: what every replica holds.

Laws:
- A file's content is an immutable version; a change of a file puts another version in its place, at the one
  moment at which its command is applied. So a reader that names a version gets parts of that one or nothing.
- What is staged is no file: only `Commit` makes it one, whole.
- An upload that nobody went on with for `upload_life` changes of the tree is forgotten. The life is counted
  in commands, not in time, so every replica forgets at the same command.

Directories are not kept: one exists while a file is below it, and "a" and "a/b" may both be files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from systems import kv
from systems.file_service.messages import (
    Append,
    Change,
    Commit,
    List,
    Question,
    Read,
    ReadPart,
    Remove,
    Rename,
    Stage,
    Write,
)
from systems.machine import Kind

PART_BYTES = 64 << 10  # appended content joins the last part up to this size
UPLOAD_LIFE = "10000"


class File(msgspec.Struct, frozen=True, array_like=True):
    """One version of a content. version: the number of the change that made it, so no two share one."""

    version: int
    parts: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(map(len, self.parts))


class Upload(msgspec.Struct, array_like=True):
    """A content on its way. touched: the number of the change that brought the latest part."""

    path: str
    parts: list[bytes]
    touched: int


class State(msgspec.Struct, array_like=True):
    """All that a replica holds. uploads: the one touched longest ago first."""

    changes: int
    files: dict[str, File]
    uploads: dict[str, Upload]


class Tree:
    """One replica's files. `bug` plants one of `systems.file_service.bugs`."""

    def __init__(self, *, upload_life: int = int(UPLOAD_LIFE), bug: str = "") -> None:
        self.state = State(0, {}, {})
        self._upload_life = upload_life
        self._bug = bug

    def apply(self, command: Change | Question) -> kv.Ok:
        """Perform one command and give its answer."""
        match command:
            case Read(path):
                return kv.Ok(self._read(path))
            case ReadPart(path, version, number):
                return kv.Ok(self._read_part(path, version, number))
            case List(directory):
                return kv.Ok(self._list(directory))
        self.state.changes += 1
        self._forget()
        return kv.Ok(self._change(command))

    def dump(self) -> bytes:
        """The whole state, for a snapshot."""
        return msgspec.msgpack.encode(self.state)

    def load(self, dump: bytes) -> None:
        """Hold what `dump` gave, and nothing else."""
        self.state = msgspec.msgpack.decode(dump, type=State)

    def _change(self, command: Change) -> bool | None:
        files = self.state.files
        match command:
            case Write(path, data):
                self._put(path, (data,))
            case Append(path, data):
                self._put(path, _appended(files[path].parts if path in files else (), data))
            case Rename(path, to):
                if path not in files:
                    return False
                files[to] = files.pop(path)
                return True
            case Remove(path):
                return files.pop(path, None) is not None
            case Stage():
                return self._stage(command)
            case Commit(upload, parts):
                return self._commit(upload, parts)
        return None

    def _put(self, path: str, parts: tuple[bytes, ...]) -> None:
        self.state.files[path] = File(self.state.changes, parts)

    def _stage(self, stage: Stage) -> bool:
        uploads = self.state.uploads
        upload = uploads.pop(stage.upload, None) or Upload(stage.path, [], 0)
        if stage.number > len(upload.parts):
            return False
        if stage.number == len(upload.parts):
            upload.parts.append(stage.data)
            if self._bug == "write-by-chunks":
                self._put(upload.path, tuple(upload.parts))
        upload.touched = self.state.changes
        uploads[stage.upload] = upload
        return True

    def _commit(self, name: str, parts: int) -> bool:
        upload = self.state.uploads.get(name)
        if upload is None or len(upload.parts) != parts:
            return False
        del self.state.uploads[name]
        self._put(upload.path, tuple(upload.parts))
        return True

    def _forget(self) -> None:
        uploads = self.state.uploads
        while uploads:
            name, oldest = next(iter(uploads.items()))
            if oldest.touched + self._upload_life >= self.state.changes:
                return
            del uploads[name]

    def _read(self, path: str) -> list[Any] | None:
        file = self.state.files.get(path)
        if file is None:
            return None
        return [file.version, len(file.parts), file.size, file.parts[0]]

    def _read_part(self, path: str, version: int, number: int) -> bytes | None:
        file = self.state.files.get(path)
        if self._bug == "torn-read":
            return b"".join(file.parts[number : number + 1]) if file else b""
        if file is None or file.version != version or not 0 <= number < len(file.parts):
            return None
        return file.parts[number]

    def _list(self, directory: str) -> list[str]:
        prefix = f"{directory}/" if directory else ""
        return sorted(path[len(prefix) :] for path in self.state.files if path.startswith(prefix))


def _appended(parts: tuple[bytes, ...], data: bytes) -> tuple[bytes, ...]:
    if parts and len(parts[-1]) + len(data) <= PART_BYTES:
        return (*parts[:-1], parts[-1] + data)
    return (*parts, data)


def _make(options: Mapping[str, str]) -> Tree:
    return Tree(upload_life=int(options.get("upload_life", UPLOAD_LIFE)), bug=options.get("bug", ""))


def _weigh(change: Change) -> int:
    return len(change.data) if isinstance(change, Write | Append | Stage) else 0


FILES = Kind(_make, Change, Question, _weigh)
