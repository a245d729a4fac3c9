"""`splitbrain reindex`, `gc` and `merge`: the database made anew, what is kept, shards joined.

Invariants: only folders of nights are touched, and none that a campaign is at work on; a minimal
counter-example (claims, plan, report) is never removed; a merged night is a night like any other.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from harness.campaign.jobs import Job, LeftOut, Result
from harness.campaign.night import Ended, Night, NightPlan, begin, nights_in, open_night
from harness.campaign.night_lock import held, is_held
from harness.campaign.outputs import write_outputs
from harness.campaign.run_folder import KEPT_OF_FAILING, KEPT_OF_PASSING, replace_result, trim
from harness.campaign.store.database import Store
from harness.campaign.store.index import index_night, index_runs, reindex
from harness.campaign.summary import summary_of
from harness.campaign.telling import print_night
from harness.campaign.tonight import weighed
from harness.campaign.weighing import trouble_of
from harness.environment import now_text
from harness.errors import EXIT_FAILED, EXIT_VALID, ConfigError, EnvironmentFault, SplitbrainError
from reports.words import count


def reindex_command(runs: str) -> int:
    """`splitbrain reindex`; exit code 3 if something could not be read."""
    root = _root(runs)

    def progress(number: int, name: str) -> None:
        print(f"splitbrain: {number} runs, {name}", file=sys.stderr)

    number, problems = reindex(root, progress)
    for problem in problems:
        print(f"splitbrain: not indexed: {problem}", file=sys.stderr)
    print(f"{count(number, 'run')} in {root}")
    return EXIT_FAILED if problems else EXIT_VALID


def _root(runs: str) -> Path:
    root = Path(runs)
    if not root.is_dir():
        raise ConfigError(f"{root}: no such folder", fix="give the folder of runs with --runs")
    return root


def gc_command(runs: str, nights: int | None, dry_run: bool) -> int:
    """`splitbrain gc`."""
    root = _root(runs)
    by_campaign: dict[str, list[Night]] = {}
    for night in _readable(root):
        by_campaign.setdefault(night.plan.campaign, []).append(night)
    freed = trimmed = 0
    for campaign in by_campaign.values():
        campaign.sort(key=lambda night: (night.plan.started_at, night.plan.id), reverse=True)
        for age, night in enumerate(campaign):
            is_old = age >= (nights or night.plan.failing_nights)
            try:
                with held(night.folder):
                    sizes = [_freed(folder, kept, dry_run) for folder, kept in _to_trim(night, is_old)]
            except EnvironmentFault as error:
                print(f"splitbrain: left alone: {error.problem}", file=sys.stderr)
                continue
            freed += sum(sizes)
            trimmed += sum(size > 0 for size in sizes)
    would = "would be " if dry_run else ""
    print(f"{freed / 1e6:.1f} MB {would}freed in {count(trimmed, 'run folder')}")
    return EXIT_VALID


def _readable(root: Path) -> Iterator[Night]:
    for folder in nights_in(root):
        try:
            yield open_night(folder)
        except SplitbrainError as error:
            print(f"splitbrain: left alone: {error.problem}", file=sys.stderr)


def _to_trim(night: Night, is_old: bool) -> Iterator[tuple[Path, frozenset[str]]]:
    for job, result in night.results():
        folder = night.run_folder(job)
        if result.outcome == "valid" and not trouble_of(result):
            yield folder, KEPT_OF_PASSING
        elif is_old:
            yield folder, KEPT_OF_FAILING
    if is_old:
        # Runs that triage did again; small ones stand beside them, and are kept.
        yield from ((folder, KEPT_OF_FAILING) for folder in night.folder.glob("triage/*/[0-9]*"))


def _freed(folder: Path, kept: frozenset[str], dry_run: bool) -> int:
    if not dry_run:
        return trim(folder, kept)
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in kept
    )


def merge_command(nights: Sequence[str], runs: str, as_json: bool) -> int:
    """`splitbrain merge`; the exit code is that of the whole night."""
    parts = [open_night(Path(folder)) for folder in nights]
    _check_parts(parts)
    root = Path(runs)
    night = begin(root, _merged(parts))
    with Store(root) as store, held(night.folder):
        _copy(parts, night)
        index_night(store, night)
        index_runs(store, night)
        tonight = weighed(store, night)
        ends = [(part, part.ended()) for part in parts]
        left = tuple(one for _, end in ends if end for one in end.left)
        notes = tuple(f"{part.plan.id} did not end" for part, end in ends if end is None)
        seconds = max((end.seconds for _, end in ends if end), default=0.0)
        night.end(Ended(now_text(), seconds, tonight.exit_code, left, notes))
        index_night(store, night)
        record = summary_of(store, tonight, night.plan.command)
        print_night(record, write_outputs(night.folder, record), as_json)
    return tonight.exit_code


def _check_parts(parts: Sequence[Night]) -> None:
    first = parts[0].plan
    seen: dict[str, str] = {}
    for part in parts:
        plan = part.plan
        if (plan.campaign, plan.text) != (first.campaign, first.text):
            raise ConfigError(
                f"{part.folder}: a night of another campaign than {parts[0].folder}, or of another file",
                fix="merge shards of one campaign's file",
            )
        if is_held(part.folder):
            raise ConfigError(f"{part.folder}: a campaign is at work on it", fix="wait for its end")
        for job in plan.jobs:
            if job.id in seen:
                raise ConfigError(
                    f"{part.folder}: has {job.id}, as {seen[job.id]} has",
                    fix="give each shard once; shards of one night begin with the same database",
                )
            seen[job.id] = str(part.folder)


def _merged(parts: Sequence[Night]) -> NightPlan:
    first = parts[0].plan
    jobs = [job for part in parts for job in part.plan.jobs]
    left: dict[tuple[str, str], LeftOut] = {}
    for part in parts:
        for one in part.plan.left:
            left[one.what, one.why] = one  # each shard leaves out the same
    name = first.id.removesuffix(f"-{first.shard.replace('/', 'of')}")
    return msgspec.structs.replace(
        first,
        id=name,
        shard="",
        started_at=min(part.plan.started_at for part in parts),
        jobs=tuple(Job(n, job.cell, job.seed, job.why, job.fingerprint) for n, job in enumerate(jobs, 1)),
        left=tuple(left.values()),
        where="; ".join(dict.fromkeys(part.plan.where for part in parts if part.plan.where)),
    )


def _copy(parts: Sequence[Night], night: Night) -> None:
    """Each run's folder, with a result that names the merged night."""
    jobs = iter(night.plan.jobs)
    for part in parts:
        for old in part.plan.jobs:
            job = next(jobs)
            result = part.result(old)
            if result is None:
                continue
            folder = night.run_folder(job)
            try:
                shutil.copytree(part.run_folder(old), folder, symlinks=True)
                replace_result(folder, _renamed(result, night, job))
            except (OSError, shutil.Error) as error:
                raise EnvironmentFault(f"{folder}: {error}", fix="free some disk space") from None


def _renamed(result: Result, night: Night, job: Job) -> Result:
    return msgspec.structs.replace(result, night=night.plan.id, number=job.number)
