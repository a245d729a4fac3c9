"""The jobs of a night, one after the other until all are done, time is over, or somebody says stop.

Invariants: a result is on disk before it is in the database, and in the database before it is counted; a job
that was begun and stopped leaves nothing, so a resumed night does it again; what was not done is said, with
the reason.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Protocol

from harness.campaign.attempt import Stopped
from harness.campaign.executor import Executor
from harness.campaign.jobs import Job, LeftOut, Result
from harness.campaign.night import Night, left_of
from harness.campaign.order import estimate
from harness.campaign.store.database import Store
from harness.campaign.weighing import is_failure
from harness.errors import EnvironmentFault, SplitbrainError
from reports.words import duration

LOOK_S = 0.5


class Audience(Protocol):
    """Somebody who wants to see it happen."""

    def done(self, job: Job, result: Result, count: int) -> None:
        """A job is done; so many are."""


@dataclass(slots=True)
class Bounds:
    """When a night ends early. deadline: on the monotonic clock; maxfail: failures that are enough; stop: set
    by a signal; seconds: what a run of each cell usually takes.
    """

    deadline: float | None = None
    maxfail: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Conduct:
    """One night on its way."""

    night: Night
    store: Store
    executor: Executor
    token: str
    bounds: Bounds
    audience: Audience
    left: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: int = 0
    count: int = 0

    def perform(self, jobs: Sequence[Job]) -> None:
        """Do the jobs. Raises EnvironmentFault when the disk refuses; what was done is kept."""
        rest, late = list(reversed(jobs)), list[Job]()
        under_way: dict[Future[Result], Job] = {}
        try:
            while rest or under_way:
                self._fill(rest, late, under_way)
                if not under_way:
                    break
                finished, _ = wait(under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
                if self.bounds.stop.is_set():
                    self.executor.stop()
                self._collect([(under_way.pop(future), future) for future in finished], rest)
        finally:
            if under_way:
                self.executor.stop()
        if rest:
            self.left += left_of(list(reversed(rest)), self._why_stopped())
        if late:
            self.left += left_of(late, "no time left for it")

    def _why_stopped(self) -> str:
        if self.bounds.stop.is_set():
            return "the campaign was stopped; --resume does it"
        return f"--maxfail {self.bounds.maxfail} was reached"

    def _is_over(self) -> bool:
        enough = self.bounds.maxfail is not None and self.failures >= self.bounds.maxfail
        return enough or self.bounds.stop.is_set()

    def _fill(self, rest: list[Job], late: list[Job], under_way: dict[Future[Result], Job]) -> None:
        while rest and len(under_way) < self.executor.slots and not self._is_over():
            job = rest.pop()
            if not self._fits(job):
                late.append(job)
                continue
            folder = self.night.run_folder(job)
            under_way[self.executor.submit(self.night.task(job), folder, self.token)] = job

    def _fits(self, job: Job) -> bool:
        """Whether it may be done in time: what would surely be cut off is not begun."""
        if self.bounds.deadline is None:
            return True
        cell = self.night.task(job).cell
        needed = estimate(self.bounds.seconds, cell.id, cell.values, cell.tries)
        return time.monotonic() + needed <= self.bounds.deadline

    def _collect(self, finished: Sequence[tuple[Job, Future[Result]]], rest: list[Job]) -> None:
        done: list[tuple[Job, Result]] = []
        for job, future in finished:
            try:
                done.append((job, future.result()))
            except (Stopped, CancelledError):
                rest.append(job)
            except OSError as error:
                self._keep(done)
                raise EnvironmentFault(
                    f"{self.night.run_folder(job)}: {error.strerror}; {self.count} runs are done and kept",
                    fix="free some disk space (splitbrain gc), then go on with --resume",
                ) from None
            except SplitbrainError as error:
                self._keep(done)
                raise error from None
        self._keep(done)

    def _keep(self, done: Sequence[tuple[Job, Result]]) -> None:
        if not done:
            return
        self.store.add_runs([(self.night.run_folder(job), result) for job, result in done])
        for job, result in done:
            self.count += 1
            self.failures += is_failure(result)
            self.audience.done(job, result, self.count)


def estimated_s(night_jobs: Sequence[Job], night: Night, seconds: Mapping[str, float], slots: int) -> float:
    """How long the jobs may take."""
    total = 0.0
    for job in night_jobs:
        cell = night.task(job).cell
        total += estimate(seconds, cell.id, cell.values, cell.tries)
    return total / max(1, slots)


def told(seconds: float, count: int, slots: int) -> str:
    """The estimate in words."""
    return f"{count} runs, about {duration(seconds)}, {slots} at a time"
