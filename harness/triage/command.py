"""`splitbrain triage NIGHT`: which of the night's failures show again, and how small they get.

Invariants: a result is in its run's folder before it is in the database, and in the database before it is on
the night's page; nobody else works on the night meanwhile; whatever ends it, what is known is kept.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.campaign.executor import Here
from harness.campaign.night import Night
from harness.campaign.night_lock import held
from harness.campaign.outputs import PAGE, write_outputs
from harness.campaign.run_folder import add_triaged, remove
from harness.campaign.store.database import Store
from harness.campaign.store.index import index_night, index_runs
from harness.campaign.summary import summary_of
from harness.campaign.tonight import weighed
from harness.campaign.triaged import Triaged
from harness.deploy.places import SIM
from harness.environment import now_text
from harness.errors import EXIT_INCONCLUSIVE, EXIT_NOTHING, EXIT_VALID, EnvironmentFault
from harness.halting import Halting
from harness.progress import Counted
from harness.triage.choice import night_named, subjects_of
from harness.triage.runs import LOOK_S, TRIAGE, Tally, folder_of, run_again
from harness.triage.small import SMALL, Small, earlier_small, small_of, tries_left
from harness.triage.told import Told, print_told, short
from reports.words import count


@dataclass(slots=True)
class Triage:
    """The triage of a night on its way."""

    night: Night
    store: Store
    tallies: Sequence[Tally]
    stop: threading.Event
    counted: Counted
    smalls: dict[str, Small]
    done: int = 0

    def run(self, workers: int, token: str) -> None:
        """All runs once more. Raises EnvironmentFault."""
        executor = Here(workers)
        try:
            run_again(self.night, self.tallies, executor, token, self.stop, self._told)
        finally:
            executor.close()
            for tally in self.tallies:  # stopped half-way: what is known
                if tally.ended < tally.asked:
                    self._keep(tally)

    def _told(self, tally: Tally) -> None:
        self.done += 1
        if tally.ended == tally.asked:
            self._keep(tally)
            self.counted.note(f"{tally.subject.name}: {short(tally)}")
        self.counted.advance(self.done, f"{sum(one.ended == one.asked for one in self.tallies)} told")

    def shrink(self, workers: int, tries: int) -> None:
        """Small runs of those that were simulated and showed again. Raises EnvironmentFault."""
        todo = [(one, one.plan) for one in self.tallies if is_shrunk(one) and one.plan is not None]
        if not todo:
            return
        title = f"splitbrain: making {count(len(todo), 'run')} smaller"
        with (
            Counted(title, tries * len(todo)) as counted,
            ThreadPoolExecutor(workers, thread_name_prefix="shrink") as pool,
        ):
            under_way = {
                pool.submit(small_of, one.subject, plan, self._folder(one), tries, self.stop): one
                for one, plan in todo
            }
            used = 0
            while under_way:
                finished, _ = wait(under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
                for future in finished:
                    used += tries
                    self._shrunk(under_way.pop(future), future, counted)
                open_ = sum(tries - tries_left(self._folder(one), tries) for one in under_way.values())
                counted.advance(used + open_, f"{len(todo) - len(under_way)} of {len(todo)} done")

    def _folder(self, tally: Tally) -> Path:
        return folder_of(self.night, tally.subject)

    def _shrunk(self, tally: Tally, future: Future[Small], counted: Counted) -> None:
        try:
            small = future.result()
        except OSError as error:
            self.stop.set()
            raise EnvironmentFault(str(error), fix="free some disk space") from None
        name = tally.subject.name
        if small.folder is None and (self._folder(tally) / SMALL).is_dir():
            small = replace(self.smalls[name], said=f"{small.said}; {self.smalls[name].said}")
        self.smalls[name] = small
        self._keep(tally)
        size = f"{small.ops} operations, {small.faults} faults" if small.folder else small.said
        counted.note(f"{name}: {size}")

    def _keep(self, tally: Tally) -> None:
        """In the run's folder, and in the database."""
        word, subject = tally.word, tally.subject
        if word is None:
            return
        small = self.smalls[subject.name]
        where = "" if small.folder is None else self.store.relative(small.folder)
        numbers = (tally.shown, tally.runs, small.ops, small.faults)
        triaged = Triaged(subject.fingerprint, word, *numbers, where, now_text())
        try:
            add_triaged(subject.folder, triaged)
        except OSError as error:
            raise EnvironmentFault(
                f"{subject.folder}: {error.strerror}", fix="free some disk space"
            ) from None
        self.store.add_triage([(subject.folder, triaged)])


def is_shrunk(tally: Tally) -> bool:
    """Whether a smaller run is looked for."""
    return bool(tally.subject.fingerprint and tally.shown and tally.subject.cell.place == SIM)


def triage_command(night_name: str, given: Mapping[str, Any]) -> int:
    """`splitbrain triage`; exit code 0 if all is told, 2 if something cannot be, 5 if there is nothing."""
    night = night_named(night_name, Path(given["runs"]))
    with held(night.folder), Store(night.folder.parent) as store:
        index_night(store, night)
        index_runs(store, night)
        tonight = weighed(store, night)
        record = summary_of(store, tonight, night.plan.command)
        subjects = subjects_of(store, tonight, record.groups, everything=given["everything"])
        if not subjects:
            what = "nothing failed" if given["everything"] else "nothing new failed, of what nobody expected"
            print(f"splitbrain: {night.plan.id}: {what}", file=sys.stderr)
            if given["as_json"]:
                print_told(night, (), night.folder / PAGE, True)
            return EXIT_NOTHING
        tallies = [Tally(subject, given["times"]) for subject in subjects]
        return _triage(night, store, tallies, given)


def _triage(night: Night, store: Store, tallies: Sequence[Tally], given: Mapping[str, Any]) -> int:
    stop = threading.Event()
    runs = sum(tally.asked for tally in tallies)
    title = f"splitbrain: triage of {night.plan.id}: {count(len(tallies), 'failure')}, {count(runs, 'run')}"
    workers = given["workers"] or os.cpu_count() or 1
    broken: EnvironmentFault | None = None
    with Halting(stop, "what is known is kept") as halting, Counted(title, runs) as counted:
        smalls = {one.subject.name: earlier_small(one.subject, store.root) for one in tallies}
        triage = Triage(night, store, tallies, stop, counted, smalls)
        try:
            with _own_lock(night, tallies) as token:
                triage.run(workers, token)
                if given["shrink"] and not stop.is_set():
                    triage.shrink(workers, given["tries"])
        except EnvironmentFault as error:
            broken = error
        page = write_outputs(night.folder, summary_of(store, weighed(store, night), night.plan.command))
    told = [Told.of(tally, triage.smalls[tally.subject.name]) for tally in tallies]
    print_told(night, told, page, given["as_json"])
    if broken is not None:
        print(f"splitbrain: {broken}", file=sys.stderr)
        return broken.exit_code
    if halting.code is not None:
        return halting.code
    return EXIT_INCONCLUSIVE if any(tally.word is None for tally in tallies) else EXIT_VALID


@contextmanager
def _own_lock(night: Night, tallies: Sequence[Tally]) -> Iterator[str]:
    """That of the folder of triage, which its runs take part in; an earlier triage's runs are removed."""
    try:
        (night.folder / TRIAGE).mkdir(exist_ok=True)
        with held(night.folder / TRIAGE) as token:
            for tally in tallies:
                folder = folder_of(night, tally.subject)
                for left in folder.iterdir() if folder.is_dir() else ():
                    if left.name != SMALL:
                        remove(left)
            yield token
    except OSError as error:
        raise EnvironmentFault(f"{error.filename}: {error.strerror}", fix="make it writable") from None
