"""What a client of the file service does: operations on a tree, as commands.

How commands reach the replicas is not known here: `read` and `change` are those of the replication's own
client, joined in `systems.composed`.

Laws:
- A large write is one change: its parts are staged first, and nothing is visible before `Commit`. Until that
  is sent, whatever goes wrong is definite.
- Large contents outlast an election: a step of many is asked for again while time is left.
- A read is of one version: if that is replaced between two parts, the reading starts again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.file_service.messages import (
    MOST_BYTES,
    Append,
    Commit,
    List,
    Read,
    ReadPart,
    Remove,
    Rename,
    Stage,
    Write,
)
from systems.logic import PAUSE_NS, Expired, Leading, Pause, Steps

CHUNK = "16"  # bytes; small, since the files of the workload are
READINGS = 20  # of one file that is replaced during each


class FileLogic(Leading):
    """Operations on the files below a key: `write` [path, content], `append` [path, text], `read` path,
    `rename` [old, new], `remove` path, `list`. The contents are text.
    """

    def __init__(self, ctx: ClientContext) -> None:
        super().__init__(ctx)
        self._chunk = min(int(ctx.options.get("chunk", CHUNK)), MOST_BYTES)
        self._bug = ctx.options.get("bug", "")
        self._uploads = 0

    def perform(self, op: Invocation) -> Steps:
        """The commands of `op`. Raises Definite for an operation there are none for."""
        match op:
            case Invocation("write", key, (path, content)):
                yield from self.write(f"{key}/{path}", content.encode())
                return None
            case Invocation("append", key, (path, text)):
                return (yield from self._append(f"{key}/{path}", text.encode()))
            case Invocation("read", key, str(path)):
                data = yield from self.whole(f"{key}/{path}")
                return None if data is None else data.decode(errors="replace")
            case Invocation("rename", key, (old, new)):
                return (yield from self._rename(f"{key}/{old}", f"{key}/{new}"))
            case Invocation("remove", key, str(path)):
                return (yield from self.change(Remove(f"{key}/{path}")))
            case Invocation("list", key, None):
                return (yield from self.read(List(key)))
        raise Definite(
            f"there is no operation {op.f!r} with the value {op.value!r}; "
            "there are write, append, read, rename, remove and list"
        )

    def write(self, path: str, data: bytes) -> Steps:
        """Make `data` the content of the file at `path`."""
        if len(data) <= self._chunk:
            return (yield from self.change(Write(path, data)))
        self._uploads += 1
        upload = f"{self.ctx.process}/{self._uploads}"
        parts = [data[at : at + self._chunk] for at in range(0, len(data), self._chunk)]
        for number, part in enumerate(parts):
            yield from self.stage(upload, path, number, part)
        return (yield from self.commit(upload, len(parts)))

    def stage(self, upload: str, path: str, number: int, data: bytes) -> Steps:
        """Bring one part of an upload; whatever goes wrong is definite."""
        if not (yield from self._patiently(partial(self._stage, upload, path, number, data))):
            raise Definite(f"the upload was forgotten before part {number}")

    def commit(self, upload: str, parts: int) -> Steps:
        """Make the upload the content of its file."""
        if not (yield from self._patiently(partial(self.change, Commit(upload, parts)))):
            raise Definite("the upload was forgotten before it was whole")

    def _stage(self, upload: str, path: str, number: int, data: bytes) -> Steps:
        try:
            return (yield from self.change(Stage(upload, path, number, data), repeatable=True))
        except Indefinite as error:
            raise Definite(f"part {number} may be staged, the write was not begun: {error}") from error

    def _patiently(self, attempt: Callable[[], Steps]) -> Steps:
        """What comes of one step of many, tried again as long as it surely was not done and there is time."""
        while True:
            try:
                return (yield from attempt())
            except Definite:
                if isinstance((yield Pause(PAUSE_NS)), Expired):
                    raise

    def whole(self, path: str) -> Steps:
        """The content of the file at `path`, None if there is none."""
        parts = yield from self.parts(path)
        return None if parts is None else b"".join(parts)

    def parts(self, path: str) -> Steps:
        """The same in parts, a list of bytes."""
        for _ in range(READINGS):
            found = yield from self.read(Read(path))
            if found is None:
                return None
            version, count, _, first = found
            parts = [first]
            while len(parts) < count:
                part = yield from self._patiently(partial(self._part, ReadPart(path, version, len(parts))))
                if part is None:
                    break  # replaced meanwhile
                parts.append(part)
            else:
                return parts
        raise Definite(f"the file {path!r} was replaced during each of {READINGS} readings")

    def _part(self, question: ReadPart) -> Steps:
        try:
            return (yield from self.read(question))
        except Indefinite as error:  # a question changes nothing
            raise Definite(str(error)) from error

    def _append(self, path: str, data: bytes) -> Steps:
        if self._bug == "append-read-write":
            held = yield from self.whole(path)
            yield from self.change(Write(path, (held or b"") + data))
            return None
        return (yield from self.change(Append(path, data)))

    def _rename(self, path: str, to: str) -> Steps:
        if self._bug == "rename-two-steps":
            held = yield from self.whole(path)
            if held is None:
                return False
            yield from self.change(Remove(path))
            yield from self.change(Write(to, held))
            return True
        return (yield from self.change(Rename(path, to)))
