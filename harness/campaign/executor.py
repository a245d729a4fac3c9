"""Where the runs of a night are carried out: on this machine, or on many; the same for both.

Invariants: a task that was handed over ends in a Result, or in an exception that says why there is none
(`Stopped`, OSError); what is submitted after `stop` does not begin.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from harness.campaign.attempt import Stopped, attempt
from harness.campaign.isolation import prepare
from harness.campaign.jobs import Result, Task
from harness.campaign.night_lock import LOCK


class Executor(Protocol):
    """Carries tasks out, several at a time."""

    @property
    def slots(self) -> int:
        """How many at a time."""

    @property
    def where(self) -> str:
        """In words, for the report."""

    def lacking(self, place: str, options: dict[str, str]) -> str:
        """Why no run at `place` can be carried out; "" if it can."""

    def submit(self, task: Task, folder: Path, token: str) -> Future[Result]:
        """Begin a task as soon as there is room; its run folder ends up in `folder`, here."""

    def stop(self) -> None:
        """Kill what is under way."""

    def close(self) -> None:
        """Wait for the end of everything."""


class Here:
    """On this machine: a thread that watches a process, for each task."""

    def __init__(self, workers: int) -> None:
        self.slots = workers
        self.where = f"on this machine, {workers} at a time"
        self._stop = threading.Event()
        prepare()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="run")

    def lacking(self, place: str, options: dict[str, str]) -> str:
        """Found out by trying."""
        from harness.campaign.looking import lacking_here

        return lacking_here(place, options)

    def submit(self, task: Task, folder: Path, token: str) -> Future[Result]:
        """See Executor."""
        night = folder.parent.parent
        return self._pool.submit(self._attempt, task, folder, str(night / LOCK), token)

    def _attempt(self, task: Task, folder: Path, lock: str, token: str) -> Result:
        if self._stop.is_set():
            raise Stopped
        return attempt(task, folder, self._stop, lock=lock, token=token)

    def stop(self) -> None:
        """See Executor."""
        self._stop.set()

    def close(self) -> None:
        """See Executor."""
        self._pool.shutdown(wait=True, cancel_futures=True)
