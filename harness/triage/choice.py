"""Which night is meant, and which of its failures are triaged: of each fingerprint, and of each cause of
failure in a cell, one run.

Invariants: nothing is run here; a fingerprint stands for the run of this night with its smallest
counter-example, a cause of failure for the first run that had it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.campaign.jobs import Cell, Job, Result, Violation
from harness.campaign.night import PLAN, Night, nights_in, open_night
from harness.campaign.store.database import Store
from harness.campaign.tonight import Tonight
from harness.errors import ConfigError, SplitbrainError
from harness.suggestion import suggestion
from reports.campaign.record import Group

MOST = 10**9  # operations: what has no counter-example comes last
SUGGESTED = 20  # nights that a wrong name is compared with


@dataclass(frozen=True, slots=True)
class Subject:
    """A failure, and the run that stands for it. name: of its folder; fingerprint, claim, anomaly: "" for a
    run that failed, whose cause is in its result; alike: how many runs of the night have it.
    """

    name: str
    fingerprint: str
    claim: str
    anomaly: str
    job: Job
    cell: Cell
    folder: Path
    result: Result
    alike: int

    @property
    def what(self) -> str:
        """The failure in a few words."""
        return self.anomaly or self.result.cause or "failed"

    def shows(self, result: Result) -> bool | None:
        """Whether a run has the failure again; None if it says nothing of it."""
        if self.fingerprint:
            if any((one.claim, one.anomaly) == (self.claim, self.anomaly) for one in result.violations):
                return True
            return False if result.outcome in ("valid", "anomaly") else None
        if result.outcome == "failed":
            return True if result.cause == self.result.cause else None
        return None if result.outcome == "interrupted" else False

    def is_same(self, result: Result) -> bool:
        """Whether a run has the very same fingerprint."""
        return any(one.fingerprint == self.fingerprint for one in result.violations)


def night_named(name: str, root: Path) -> Night:
    """The night that a folder, a name below `root` or a campaign's name means. Raises ConfigError."""
    for folder in (Path(name), root / name):
        if (folder / PLAN).is_file():
            return open_night(folder.resolve())
    nights = list(_readable(root))
    of_campaign = [night for night in nights if night.plan.campaign == name]
    if of_campaign:
        return max(of_campaign, key=lambda night: (night.plan.started_at, night.plan.id))
    latest = sorted(nights, key=lambda night: night.plan.started_at)[-SUGGESTED:]
    known = {night.plan.campaign for night in nights} | {night.plan.id for night in latest}
    fix = suggestion(name, known) if known else "give the folder of runs with --runs"
    raise ConfigError(f"{name}: no night, and no campaign that has one in {root}", fix=fix)


def _readable(root: Path) -> Iterator[Night]:
    for folder in nights_in(root):
        try:
            yield open_night(folder.resolve())
        except SplitbrainError:
            continue  # told of by `splitbrain reindex`


def subjects_of(
    store: Store, tonight: Tonight, groups: Collection[Group], *, everything: bool
) -> list[Subject]:
    """What is to be triaged: what is new and unexpected, or everything that the night saw."""
    wanted = [
        group.fingerprint
        for group in groups
        if group.status == "new" or (everything and group.status == "ongoing")
        if everything or not group.expected
    ]
    runs = list(_runs(store, tonight))
    found = [subject for name in wanted for subject in _of_fingerprint(name, runs)]
    return found + list(_failures(store, tonight.night, runs, everything))


_Run = tuple[Path, Result, Job, Cell]


def _runs(store: Store, tonight: Tonight) -> Iterator[_Run]:
    """Of the night, as far as their folders are there."""
    cells = {cell.id: cell for cell in tonight.night.plan.cells}
    jobs = {job.id: job for job in tonight.night.plan.jobs}
    for name, result in tonight.results:
        folder = store.root / name
        if folder.is_dir() and result.cell in cells and result.job in jobs:
            yield folder, result, jobs[result.job], cells[result.cell]


def _of_fingerprint(fingerprint: str, runs: Collection[_Run]) -> Iterator[Subject]:
    having = [
        (violation, run)
        for run in runs
        for violation in run[1].violations
        if violation.fingerprint == fingerprint
    ]
    if having:
        violation, (folder, result, job, cell) = min(having, key=_size)
        names = (fingerprint, fingerprint, violation.claim, violation.anomaly)
        yield Subject(*names, job, cell, folder, result, len(having))


def _size(having: tuple[Violation, _Run]) -> tuple[int, int]:
    violation, (_, result, _, _) = having
    return violation.size or MOST, result.number


def _failures(store: Store, night: Night, runs: Collection[_Run], everything: bool) -> Iterator[Subject]:
    """By cell and cause."""
    earlier = set() if everything else _failed_before(store, night)
    seen: dict[tuple[str, str], list[_Run]] = {}
    for run in runs:
        if run[1].outcome == "failed":
            seen.setdefault((run[1].cell, run[1].cause), []).append(run)
    for key, having in seen.items():
        if key not in earlier:
            folder, result, job, cell = having[0]
            yield Subject(_cleaned(job), "", "", "", job, cell, folder, result, len(having))


def _failed_before(store: Store, night: Night) -> set[tuple[str, str]]:
    query = """
      SELECT DISTINCT r.cell, r.cause FROM runs r JOIN nights n ON n.id = r.night
      WHERE n.campaign = ? AND n.id != ? AND n.started_at <= ? AND r.outcome = 'failed'
    """
    plan = night.plan
    return {
        (row["cell"], row["cause"]) for row in store.rows(query, (plan.campaign, plan.id, plan.started_at))
    }


def _cleaned(job: Job) -> str:
    """A job's id as a folder's name; its number keeps two of them apart."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", f"{job.number:05d}-{job.id}")[:100].strip("-")
