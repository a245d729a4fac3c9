"""A node's structured log: one JSON object a line, `{"t": ..., "node": ..., "event": ..., **fields}`.

Invariants: `t` is CLOCK_MONOTONIC of the node's host in nanoseconds; a line is one `write`, never
buffered, so a killed node has written every line it logged and no half of another's. The reader of `role`
lines stands beside the writer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from systems.api import RoleChange

_FILE_MODE = 0o644


class EventLog:
    """Appends lines to one file."""

    def __init__(self, path: Path, node: str) -> None:
        """Open `path` for appending. Raises OSError."""
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        self._node = node
        self._encode = msgspec.json.Encoder().encode

    def write(self, event: str, fields: Mapping[str, Any]) -> None:
        """Log `event` now. Raises OSError."""
        line = {"t": time.monotonic_ns(), "node": self._node, "event": event, **fields}
        os.write(self._fd, self._encode(line) + b"\n")

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)


class _RoleLine(msgspec.Struct):
    t: int
    node: str
    event: str
    term: int
    role: str
    leader: str | None = None


_decode_role = msgspec.json.Decoder(_RoleLine).decode


def role_of(line: str) -> RoleChange | None:
    """The role that `line` tells of, None for every other line (another event, a torn line, no JSON at
    all).
    """
    if '"role"' not in line:
        return None
    try:
        role = _decode_role(line)
    except msgspec.DecodeError:
        return None
    if role.event != "role":
        return None
    return RoleChange(time_ns=role.t, node=role.node, term=role.term, role=role.role, leader=role.leader)
