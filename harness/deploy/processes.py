"""Processes as the kernel shows them: who lives in a network namespace, and in what state.

Invariants: read from /proc alone; a process that ends while it is looked at is left out, never an error.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from nemeses.linux import ProcStat, parse_stat

POLL_S = 0.002
STOPPED = "Tt"  # by a signal, or by a debugger
ENDED = "ZX"


def stat_of(pid: int) -> ProcStat | None:
    """The process's state, None if it is gone."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def fields_of(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the program's name (proc(5), from the third on); none if it is
    gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def network_of(pid: int) -> int | None:
    """The inode of the process's network namespace; None if it has ended (a zombie is in none)."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except (FileNotFoundError, ProcessLookupError):
        return None


def program_of(pid: int) -> str | None:
    """The name of the program it runs (its first fifteen characters), None if it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return None


def living_in(inode: int, *, except_sessions: Collection[int] = ()) -> list[int]:
    """The processes in a network namespace, those of some sessions left out."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    found = [pid for pid in pids if network_of(pid) == inode]
    stats = [stat for stat in map(stat_of, found) if stat and stat.state not in ENDED]
    return [stat.pid for stat in stats if stat.session not in except_sessions]


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def wait_until(true: Callable[[], bool], limit_s: float) -> bool:
    """Poll until `true()`; False if it was not within `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def last_lines(paths: Iterable[Path], count: int = 6, width: int = 300) -> str:
    """The end of each file that holds anything, for an error message; "" if there is nothing."""
    parts = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            lines = file.read().decode(errors="replace").strip().splitlines()[-count:]
            if lines:
                parts += [f"{path.name}:", *(f"  {line[:width]}" for line in lines)]
    return "\n".join(parts)


def told(paths: Iterable[Path]) -> str:
    """The same, to follow a sentence about whoever wrote them."""
    lines = last_lines(paths)
    return ":\n" + "\n".join(f"  {line}" for line in lines.splitlines()) if lines else "; it wrote nothing"
