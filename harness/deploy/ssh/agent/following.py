"""What files gain, and how the node is, sent as it happens.

Invariant: a line of JSON, then as many bytes as it says.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from typing import Any

from .node import status
from .processes import POLL_S

BEAT_S = 0.5
CHUNK = 1 << 18


def follow(given: dict[str, Any]) -> None:
    """Send what files gain, and how the node is, until stdin ends: a line of JSON, then as many bytes as it
    says. `once`: only what is there."""
    offsets: dict[str, int] = given["offsets"]
    beat = 0.0
    while True:
        for path, offset in offsets.items():
            offsets[path] = offset + _send_new(path, offset)
        if time.monotonic() >= beat or given["once"]:
            beat = time.monotonic() + BEAT_S
            os.utime(given["claim"]) if os.path.exists(given["claim"]) else None
            room = os.statvfs(given["home"])
            how = {**status(given["home"]), "free": room.f_bavail * room.f_frsize}
            _send({"status": how, "size": 0}, b"")
        if given["once"] or select.select([sys.stdin], [], [], 2.5 * POLL_S)[0]:
            return


def _send_new(path: str, offset: int) -> int:
    sent = 0
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            while data := file.read(CHUNK):
                _send({"path": path, "size": len(data)}, data)
                sent += len(data)
    except FileNotFoundError:
        return 0
    return sent


def _send(header: dict[str, Any], data: bytes) -> None:
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + data)
    sys.stdout.buffer.flush()
