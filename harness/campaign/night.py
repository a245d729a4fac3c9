"""One night of a campaign on disk: what was to be done, what was done, how it ended.

    RUNS/NAME-20261126-220000/   campaign.json  cells, jobs and what was left out, before the first run
                                 runs/...       a folder for each job (`run_folder`)
                                 ended.json     how the night ended; taken away when it is resumed
                                 report.html, summary.md, junit.xml, report.json

Invariants: the folder alone tells the whole night; a job is done exactly if its run's folder has a result of
it; two nights never share a folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.campaign.jobs import Cell, Job, LeftOut, Result, Task, Thresholds
from harness.campaign.run_folder import Unbelievable, believed, folder_of
from harness.errors import ConfigError, EnvironmentFault
from reports.archive import write_atomically

PLAN, ENDED = "campaign.json", "ended.json"
VERSION = 1
_T = TypeVar("_T")


class NightPlan(msgspec.Struct, frozen=True):
    """What a night is to do. shard: "2/4", or "" for all; file: the campaign's file, text: what stood in it;
    where: on which machines; failing_nights: for how long failing runs keep their histories.
    """

    id: str
    campaign: str
    started_at: str
    shard: str
    file: str
    text: str
    command: str
    cells: tuple[Cell, ...]
    jobs: tuple[Job, ...]
    left: tuple[LeftOut, ...]
    thresholds: Thresholds
    environment: dict[str, str]
    where: str = ""
    failing_nights: int = 30
    version: int = VERSION


class Ended(msgspec.Struct, frozen=True):
    """How a night ended. seconds: of all its parts, if it was resumed; left: jobs that were not done;
    interrupted: by the user, so that it can be resumed.
    """

    ended_at: str
    seconds: float
    exit_code: int
    left: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    interrupted: bool = False


class Night:
    """A night's folder."""

    def __init__(self, folder: Path, plan: NightPlan) -> None:
        self.folder = folder
        self.plan = plan
        self._cells = {cell.id: cell for cell in plan.cells}

    def task(self, job: Job) -> Task:
        """The job with all that it takes to do it."""
        return Task(self.plan.id, job, self._cells[job.cell], self.plan.thresholds)

    def run_folder(self, job: Job) -> Path:
        """Where its run stands."""
        return folder_of(self.folder, self.task(job))

    def result(self, job: Job) -> Result | None:
        """What came of the job; None if it is not done."""
        try:
            return believed(self.run_folder(job), self.task(job))
        except Unbelievable:
            return None

    def results(self) -> list[tuple[Job, Result]]:
        """All that are done, in the order of the jobs."""
        found = ((job, self.result(job)) for job in self.plan.jobs)
        return [(job, result) for job, result in found if result is not None]

    def ended(self) -> Ended | None:
        """How it ended; None if it has not, or was killed. Raises EnvironmentFault."""
        path = self.folder / ENDED
        return _read(path, Ended) if path.exists() else None

    def end(self, ended: Ended) -> None:
        """Write down how it ended. Raises EnvironmentFault."""
        _write(self.folder / ENDED, ended)

    def reopen(self) -> None:
        """It goes on."""
        (self.folder / ENDED).unlink(missing_ok=True)


def begin(root: Path, plan: NightPlan) -> Night:
    """A new night's folder; its id is that of `plan`, with a number if there is such a night. Raises
    ConfigError.
    """
    for number in range(1, 1000):
        name = plan.id if number == 1 else f"{plan.id}-{number}"
        folder = root / name
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(
                f"{folder}: {error.strerror}", fix="give a writable folder with --runs"
            ) from None
        night = Night(folder, msgspec.structs.replace(plan, id=name))
        _write(folder / PLAN, night.plan)
        return night
    raise ConfigError(f"{root}: a thousand nights in one second", fix="give another folder with --runs")


def open_night(folder: Path) -> Night:
    """The night in the folder. Raises ConfigError if it is none."""
    path = folder / PLAN
    if not path.is_file():
        raise ConfigError(
            f"{folder}: not a campaign's night: it has no {PLAN}", fix="see `splitbrain list nights`"
        )
    try:
        plan = _read(path, NightPlan)
    except EnvironmentFault as error:
        raise ConfigError(error.problem, fix=error.fix) from None
    if plan.version != VERSION:
        raise ConfigError(
            f"{path}: version {plan.version}, this program reads version {VERSION}",
            fix="read it with the release that wrote it",
        )
    return Night(folder, plan)


def nights_in(root: Path) -> list[Path]:
    """The folders of nights in a folder of runs, by name."""
    try:
        return sorted(path for path in root.iterdir() if (path / PLAN).is_file())
    except OSError:
        return []


def night_id(campaign: str, shard: tuple[int, int] | None) -> str:
    """A name for a night that begins now."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{campaign}-{stamp}" + (f"-{shard[0]}of{shard[1]}" if shard else "")


def left_of(jobs: Sequence[Job], why: str) -> tuple[LeftOut, ...]:
    """Jobs that were not done, counted by cell."""
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job.cell] = counts.get(job.cell, 0) + 1
    return tuple(LeftOut(cell, why, count) for cell, count in counts.items())


def _write(path: Path, thing: Any) -> None:
    try:
        write_atomically(path, msgspec.json.format(msgspec.json.encode(thing), indent=1) + b"\n")
    except OSError as error:
        raise EnvironmentFault(f"{path}: {error.strerror}", fix="free some disk space") from None


def _read(path: Path, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EnvironmentFault(
            f"{path}: garbled: {error}", fix="restore the file, or remove the night's folder"
        ) from None
    except OSError as error:
        raise EnvironmentFault(f"{path}: {error.strerror}", fix="make it readable") from None
