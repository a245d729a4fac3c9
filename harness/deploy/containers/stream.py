"""The engine's stream of a container or a command: what goes in, and both outputs in frames.

Invariants: reading heeds the time limit of `bounded`, which the SDK's own reader does not; what came along
with the head of the engine's answer is not lost; the end of the stream ends the frames, wherever it comes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

STDOUT, STDERR = 1, 2
_HEAD = struct.Struct(">BxxxL")


class Stream:
    """What `attach_socket` or `exec_start(socket=True)` gave."""

    def __init__(self, given: Any) -> None:
        self._raw: socket.socket = getattr(given, "_sock", given)
        # The SDK hands out the socket beneath; the head was read through this, and perhaps more.
        self._reader: Any = given._response.raw._fp.fp
        self._raw.settimeout(None)

    def bounded(self, limit_s: float) -> None:
        """From now on, no single read or write waits longer."""
        self._raw.settimeout(limit_s)

    def write(self, data: bytes) -> None:
        """All of it. Raises OSError."""
        self._raw.sendall(data)

    def end_input(self) -> None:
        """The other side reads to an end; it may have gone."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_WR)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """(STDOUT or STDERR, bytes) as they come. Raises OSError."""
        while len(head := self._reader.read(_HEAD.size)) == _HEAD.size:
            kind, size = _HEAD.unpack(head)
            data = self._reader.read(size)
            yield kind, data
            if len(data) < size:
                return

    def close(self) -> None:
        """Give it back; both sides are ended."""
        with contextlib.suppress(OSError):
            self._raw.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._raw.close()
