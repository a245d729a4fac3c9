"""Failures run again, several at a time, and counted.

Invariants: a run that says nothing of the failure (it hung, say) is not counted for either side, and told of;
what is known of a failure is handed on as soon as all its runs have ended; after a stop, what is known by
then.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.campaign.attempt import Stopped
from harness.campaign.executor import Executor
from harness.campaign.jobs import Job, Result, Task
from harness.campaign.night import Night
from harness.campaign.triaged import Kind
from harness.errors import EnvironmentFault
from harness.triage.choice import Subject

LOOK_S = 0.2
TRIAGE = "triage"  # the folder in a night's


@dataclass(slots=True)
class Tally:
    """What came of a failure's runs. runs: those that say something; shown: had it again; same: had the very
    same fingerprint; silent: why others say nothing; plan: the folder of the first run that showed it.
    """

    subject: Subject
    asked: int
    runs: int = 0
    shown: int = 0
    same: int = 0
    silent: Counter[str] = field(default_factory=Counter)
    plan: Path | None = None

    def add(self, result: Result, folder: Path) -> None:
        """Count a run."""
        shows = self.subject.shows(result)
        if shows is None:
            self.silent[result.cause or result.outcome] += 1
            return
        self.runs += 1
        self.shown += shows
        self.same += self.subject.is_same(result)
        if shows and self.plan is None:
            self.plan = folder

    @property
    def ended(self) -> int:
        """Runs that came to an end, whatever they say."""
        return self.runs + self.silent.total()

    @property
    def word(self) -> Kind | None:
        """None if no run says anything."""
        if self.runs == 0:
            return None
        if self.shown == 0:
            return "gone"
        return "deterministic" if self.shown == self.runs else "flaky"


def folder_of(night: Night, subject: Subject) -> Path:
    """Where a failure's runs stand."""
    return night.folder / TRIAGE / subject.name


def task_of(night: Night, subject: Subject) -> Task:
    """The failure's run once more: of a hunt, only the seed that it ended with, if it got as far as one."""
    cell, result = subject.cell, subject.result
    if result.tried:
        cell = msgspec.structs.replace(cell, tries=1)
    job = Job(subject.job.number, cell.id, result.seed, "known", subject.fingerprint)
    return Task(night.plan.id, job, cell, night.plan.thresholds)


def run_again(
    night: Night,
    tallies: Sequence[Tally],
    executor: Executor,
    token: str,
    stop: threading.Event,
    told: Callable[[Tally], None],
) -> None:
    """Do all runs; `told` hears of every one that ended. Raises EnvironmentFault if the disk refuses."""
    under_way: dict[Future[Result], tuple[Tally, Path]] = {}
    for tally in tallies:
        task = task_of(night, tally.subject)
        for number in range(1, tally.asked + 1):
            folder = folder_of(night, tally.subject) / str(number)
            under_way[executor.submit(task, folder, token)] = (tally, folder)
    try:
        while under_way:
            finished, _ = wait(under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            if stop.is_set():
                executor.stop()
            for future in finished:
                _collect(future, *under_way.pop(future), told)
    finally:
        if under_way:
            executor.stop()


def _collect(future: Future[Result], tally: Tally, folder: Path, told: Callable[[Tally], None]) -> None:
    try:
        result = future.result()
    except (Stopped, CancelledError):
        return
    except OSError as error:
        raise EnvironmentFault(f"{folder}: {error.strerror}", fix="free some disk space") from None
    tally.add(result, folder)
    told(tally)
