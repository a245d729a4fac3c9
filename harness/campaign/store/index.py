"""From folders to the database: a night, one run, or everything anew.

Invariants: what is indexed bit by bit while campaigns run and what is made anew from the folders are the
same; a folder that cannot be read is told of, and keeps nobody else from being indexed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.campaign.night import PLAN, Night, nights_in, open_night
from harness.campaign.run_folder import Unbelievable, read_result, read_triaged
from harness.campaign.store.database import NAME, Store
from harness.errors import EnvironmentFault, SplitbrainError
from reports import archive
from reports.record import RunCard

BATCH = 500
Progress = Callable[[int, str], None]


def index_night(store: Store, night: Night) -> None:
    """The night itself, without its runs. Raises EnvironmentFault."""
    store.add_night(night.folder, night.plan, night.ended())


def index_runs(store: Store, night: Night) -> int:
    """All that were done in the night; how many."""
    found = [(night.run_folder(job), result) for job, result in night.results()]
    for start in range(0, len(found), BATCH):
        store.add_runs(found[start : start + BATCH])
    store.add_triage((folder, one) for folder, _ in found for one in read_triaged(folder))
    return len(found)


def reindex(root: Path, progress: Progress) -> tuple[int, list[str]]:
    """Make the database anew; how many runs there are, and what could not be read."""
    problems: list[str] = []
    with _emptied(root) as store:
        count = refresh(store, problems)
        for folder in nights_in(root):
            try:
                night = open_night(folder)
                index_night(store, night)
                count += index_runs(store, night)
                problems += [f"{path}: {why}" for path, why in _unreadable(night)]
            except SplitbrainError as error:
                problems.append(str(error.problem))
            progress(count, folder.name)
    return count, problems


def _emptied(root: Path) -> Store:
    try:
        store = Store(root)
    except SplitbrainError:
        # Not a database, or not of this release: nothing in it is not in the folders too.
        for suffix in ("", "-wal", "-shm"):
            (root / (NAME + suffix)).unlink(missing_ok=True)
        store = Store(root)
    store.clear()
    return store


def _unreadable(night: Night) -> Iterator[tuple[Path, str]]:
    """Folders with a result that is not one of the night's jobs; one without is a run that never ended."""
    expected = {night.run_folder(job) for job in night.plan.jobs}
    with contextlib.suppress(OSError):
        for folder in sorted((night.folder / "runs").iterdir()):
            if folder.name.startswith("."):
                continue  # was arriving from another machine when the campaign was killed
            if folder not in expected:
                yield folder, "belongs to no job of the night"
                continue
            try:
                read_result(folder)
            except Unbelievable as error:
                if "there is no" not in str(error):
                    yield folder, str(error)


def refresh(store: Store, problems: list[str] | None = None) -> int:
    """Add the runs right below the folder of runs that the database has not; how many. Those of campaigns
    are added when they end.
    """
    known = {row["folder"] for row in store.rows("SELECT folder FROM runs WHERE night IS NULL")}
    cards: list[tuple[Path, RunCard]] = []
    present: set[str] = set()
    for folder in folders_in(store.root):
        present.add(folder.name)
        if folder.name in known or not (folder / archive.CARD).is_file():
            continue
        try:
            cards.append((folder, archive.read_card(folder)))
        except archive.ArchiveError as error:
            if problems is not None:
                problems.append(f"{error.path}: {error.problem}")
    for start in range(0, len(cards), BATCH):
        store.add_cards(cards[start : start + BATCH])
    for gone in known - present:
        store.forget_run(store.root / gone)
    return len(cards)


def folders_in(root: Path) -> Iterator[Path]:
    """The folders right below the folder of runs that are no nights, by name. Raises EnvironmentFault."""
    try:
        with os.scandir(root) as entries:
            folders = [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError as error:
        raise EnvironmentFault(
            f"{root}: {error.strerror}", fix="give the folder of runs with --runs"
        ) from None
    for folder in sorted(folders):
        if not (folder / PLAN).is_file():
            yield folder
