"""Who works on a night: one campaign at a time, never one beside what is left of another that was killed.

`NIGHT/lock` is held by the campaign, with a token of its own in it; `NIGHT/busy` is shared by the processes
of its runs. Laws: a campaign begins only when no run of an earlier one is alive; a run of an earlier one that
comes late sees another token, and ends. Locks are the kernel's (flock), so none outlives its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import EnvironmentFault

LOCK, BUSY = "lock", "busy"
WAIT_S = 30.0
GLANCE_S = 1.0  # who only looks whether a night is held, holds it for an instant
LOOK_S = 0.05
_LATE = 75


@contextmanager
def held(night: Path) -> Iterator[str]:
    """Hold the night; its token. Raises EnvironmentFault if somebody else does."""
    with _open(night / LOCK) as lock:
        if not _taken(lock, GLANCE_S):
            raise EnvironmentFault(
                f"{night}: another campaign, triage or gc is at work on this night",
                fix="wait for its end, or stop it",
            )
        token = f"{os.getpid()}-{secrets.token_hex(8)}"
        os.ftruncate(lock, 0)
        os.pwrite(lock, token.encode(), 0)
        _wait_for_stragglers(night)
        yield token


def is_held(night: Path) -> bool:
    """Whether somebody is at work on the night."""
    try:
        with _open(night / LOCK) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _wait_for_stragglers(night: Path) -> None:
    with _open(night / BUSY) as busy:
        if not _taken(busy, WAIT_S):
            raise EnvironmentFault(
                f"{night}: runs of a campaign that was killed are still alive",
                fix=f"end the processes that hold {night / BUSY} (fuser {night / BUSY})",
            )


def _taken(lock: int, within_s: float) -> bool:
    """Whether the lock could be taken in that time."""
    deadline = time.monotonic() + within_s
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)


def take_part(lock: Path, token: str) -> int:
    """Called by a run's process: it is alive from now on, until the file descriptor is closed. Ends the
    process if the night is another campaign's by now.
    """
    busy = os.open(lock.with_name(BUSY), os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(busy, fcntl.LOCK_SH)
    if lock.read_text() != token:
        print("the campaign that began this run is gone", file=sys.stderr, flush=True)
        os._exit(_LATE)
    return busy


@contextmanager
def _open(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
