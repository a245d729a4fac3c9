"""What a node on a host writes, and how it is, followed from here while it runs.

A thread with a connection of its own copies what the node's log files gain to files here, and hears every
half second how the node is. Invariants: nothing is copied twice or left out, whatever breaks on the way; when
the connection breaks it is opened again, and a host that stays silent is said to be lost.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paramiko

from harness.deploy.ssh.host import SshHost
from harness.errors import EnvironmentFault

LOST_S = 10.0  # without a word
AGAIN_S = 0.5
_SMALL_S = 0.2


class Follower:
    """Follows the node whose folder is `home`. files: path there -> path here."""

    def __init__(self, host: SshHost, home: str, files: Mapping[str, Path], claim: str) -> None:
        self._host = host
        self._home = home
        self._files = files
        self._claim = claim
        self._offsets = dict.fromkeys(files, 0)
        self._halt = threading.Event()
        self._heard = time.monotonic()
        self._problem = ""
        self._status: dict[str, Any] = {"turn": 0, "pid": 0, "code": None}
        self._thread = threading.Thread(target=self._follow, name=f"follow-{host.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._heard = time.monotonic()
        self._thread.start()

    def status(self) -> Mapping[str, Any]:
        """How the node was when last heard of. Raises EnvironmentFault when that is too long ago."""
        silent_s = time.monotonic() - self._heard
        if silent_s > LOST_S:
            raise EnvironmentFault(
                f"{self._host.name} ({self._host.entry.where}) was last heard of {silent_s:.0f} s ago"
                f"{f' ({self._problem})' if self._problem else ''}",
                fix="look whether the machine is up and its network is; its node was not judged by that",
            )
        return self._status

    def stop(self) -> None:
        """End following, then copy what is left. Raises EnvironmentFault if the host does not answer."""
        self._halt.set()
        if self._thread.ident is not None:
            self._thread.join(self._host.entry.connect_timeout + LOST_S)
            self._listen(once=True)

    def halt(self) -> None:
        """End following, without a last look."""
        self._halt.set()

    def _follow(self) -> None:
        while not self._halt.is_set():
            try:
                self._listen(once=False)
            except (EnvironmentFault, OSError, EOFError, ValueError, paramiko.SSHException) as error:
                self._problem = str(error).splitlines()[0] if str(error) else type(error).__name__
            self._halt.wait(AGAIN_S)

    def _listen(self, *, once: bool) -> None:
        connection, channel = self._host.stream(self._host.agent_argv("follow"))
        try:
            channel.settimeout(_SMALL_S)
            asked = {"home": self._home, "offsets": self._offsets, "claim": self._claim, "once": once}
            channel.sendall(json.dumps(asked).encode() + b"\n")
            reader = _Reader(channel, LOST_S, None if once else self._halt)
            while (line := reader.line()) is not None:
                self._take(json.loads(line), reader)
        finally:
            connection.close()

    def _take(self, header: Mapping[str, Any], reader: _Reader) -> None:
        if "status" in header:
            self._status, self._heard = header["status"], time.monotonic()
            return
        data = reader.bytes(header["size"])
        with self._files[header["path"]].open("ab") as file:
            file.write(data)
        self._offsets[header["path"]] += len(data)


class _Reader:
    """Reads a channel by lines and counts; raises EOFError when nothing comes for `limit_s`."""

    def __init__(self, channel: paramiko.Channel, limit_s: float, halt: threading.Event | None) -> None:
        self._channel = channel
        self._limit_s = limit_s
        self._halt = halt
        self._data = b""

    def line(self) -> bytes | None:
        """The next line, None at the end or when asked to halt."""
        while b"\n" not in self._data:
            if not self._more(may_end=True):
                return None
        line, _, self._data = self._data.partition(b"\n")
        return line

    def bytes(self, count: int) -> bytes:
        """So many bytes."""
        while len(self._data) < count:
            self._more(may_end=False)
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def _more(self, *, may_end: bool) -> bool:
        deadline = time.monotonic() + self._limit_s
        while True:
            if may_end and self._halt is not None and self._halt.is_set():
                return False
            try:
                data = self._channel.recv(1 << 16)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise EOFError(f"nothing was heard for {self._limit_s:g} s") from None
                continue
            self._data += data
            if not data and not may_end:
                raise EOFError("the connection broke")
            return bool(data)
