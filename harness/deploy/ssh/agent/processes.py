"""Processes as /proc shows them, and signals to them.

Invariant: one that ends while it is looked at is left out, never an error.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

KILL_S, STOP_S, WORDS_S = 3.0, 1.0, 2.0
POLL_S = 0.02
MARK = "SPLITBRAIN_NODE"


def signal_all(pids: list[int], number: int = signal.SIGKILL) -> bool:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return not pids


def pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def mark_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            settings = file.read().split(b"\0")
    except OSError:  # gone, or somebody else's
        return ""
    wanted = f"{MARK}=".encode()
    return next((s[len(wanted) :].decode(errors="replace") for s in settings if s.startswith(wanted)), "")


def stat_of(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None if it is gone or a zombie."""
    try:
        fields = text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields if fields and fields[0] not in "ZX" else None


def born(pid: int) -> str:
    """When a process began, in clock ticks since the boot; "-" if there is none."""
    fields = stat_of(pid) if pid > 0 else None
    return fields[19] if fields else "-"


def until(true: Any, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S / 4)
    return True


def text_of(path: str) -> str:
    with open(path, errors="replace") as file:
        return file.read()
