"""The journal: events go to the disk one by one, by plain appends, so that a killed process loses none that
ended.

Invariants: one `write` per event; several processes may hold the same journal (O_APPEND keeps lines whole);
after a failed write nothing more is written, so at most the last line is torn.
"""

from __future__ import annotations

import os
from pathlib import Path

from checkers.events import Line
from checkers.lines import encode, footer_for
from harness.errors import EnvironmentFault


class Journal:
    """An append-only file of history lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._broken = False
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise EnvironmentFault(
                f"{path}: cannot be written: {error.strerror}", fix="choose another --runs folder"
            ) from None

    def write(self, line: Line) -> None:
        """Append one event. Raises EnvironmentFault when the disk does not take it whole."""
        data = encode(line)
        if self._broken:
            raise EnvironmentFault(
                f"{self.path}: an earlier event could not be written", fix="free some disk space"
            )
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            self._broken = True
            raise EnvironmentFault(f"{self.path}: {error.strerror}", fix="free some disk space") from None
        if written != len(data):
            self._broken = True
            raise EnvironmentFault(f"{self.path}: the disk is full", fix="free some disk space")

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)


def finish(path: Path) -> None:
    """Close a journal that nobody writes to any more: a torn tail is cut off, the footer added, all synced.

    Raises EnvironmentFault when the disk does not take it; the journal can be read all the same.
    """
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    footer = footer_for(whole, whole.count(b"\n") - 1)
    try:
        with path.open("r+b") as file:
            file.truncate(len(whole))
            file.seek(0, os.SEEK_END)
            file.write(encode(footer))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise EnvironmentFault(f"{path}: {error.strerror}", fix="free some disk space") from None
