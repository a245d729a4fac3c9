"""`splitbrain campaign FILE`: one night of a campaign, from its file to its report.

Invariants: stdout carries the result alone; whatever ends the night, what was done is kept, reported, and can
be gone on with; the exit code is the night's.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.conduct import Bounds, Conduct, estimated_s, told
from harness.campaign.executor import Executor, Here
from harness.campaign.file import CampaignFile, NotifyTable, read_campaign
from harness.campaign.night import Ended, Night, begin, nights_in, open_night
from harness.campaign.night_lock import held, is_held
from harness.campaign.outputs import notify, tell_github, write_outputs
from harness.campaign.preparing import Choice, Prepared, prepare_campaign, shard_from
from harness.campaign.store.database import Store
from harness.campaign.store.index import index_night, index_runs
from harness.campaign.store.past import past_of
from harness.campaign.summary import summary_of
from harness.campaign.telling import Watcher, print_night
from harness.campaign.tonight import weighed
from harness.config import parse_duration
from harness.environment import now_text
from harness.errors import (
    EXIT_ANOMALY,
    EXIT_FAILED,
    EXIT_NOTHING,
    EXIT_VALID,
    EnvironmentFault,
    SplitbrainError,
)
from harness.halting import Halting
from harness.progress import Counted


def campaign_command(file: str, given: Mapping[str, Any]) -> int:
    """One night, or what is left of the last one (resume), or only what it would be (dry_run)."""
    root, path = Path(given["runs"]), Path(file)
    shard = shard_from(given["shard"])
    max_s = parse_duration(given["max_time"], "--max-time") if given["max_time"] else None
    campaign, text = read_campaign(path)
    if given["resume"]:
        unfinished = unfinished_night(root, campaign.name, given["shard"] or "")
        if unfinished is not None:
            return _resume(unfinished, campaign, max_s, given)
        print(f"splitbrain: no night of {campaign.name} to resume in {root}: a new one", file=sys.stderr)
    with _executor(given, campaign) as executor:
        prepared = prepare_campaign(path, campaign, text, executor)
        choice = Choice(given["expression"], given["last_failed"], shard, given["first_seed"])
        with Store(root) as store:
            past = past_of(store, prepared.file.name)
            command = shlex.join(["splitbrain", *sys.argv[1:]])
            plan = prepared.plan(past, choice, command, executor.where)
            if given["dry_run"]:
                return _dry_run(Night(root, plan), past.seconds, executor.slots, given)
            if not plan.jobs:
                return _nothing(prepared, choice)
            night = begin(root, plan)
            with held(night.folder) as token:
                index_night(store, night)
                deadline = _deadline(campaign.max_time if max_s is None else max_s)
                bounds = Bounds(deadline, given["maxfail"], seconds=past.seconds)
                return _night(night, store, executor, token, bounds, prepared.file.notify, given)


def _deadline(max_s: float | None) -> float | None:
    return None if max_s is None else time.monotonic() + max_s


@contextmanager
def _executor(given: Mapping[str, Any], campaign: CampaignFile) -> Iterator[Executor]:
    """On this machine, or on those of a cluster."""
    if given["cluster"]:
        from harness.campaign.cluster import Cluster

        executor: Executor = Cluster(given["cluster"])
    else:
        executor = Here(given["workers"] or campaign.workers or os.cpu_count() or 1)
    try:
        yield executor
    finally:
        executor.close()


def unfinished_night(root: Path, campaign: str, shard: str) -> Night | None:
    """The last night of the campaign that was killed or interrupted, and that nobody works on."""
    found: Night | None = None
    for folder in nights_in(root):
        try:
            night = open_night(folder)
            ended = night.ended()
        except SplitbrainError:
            continue
        plan = night.plan
        if (plan.campaign, plan.shard) != (campaign, shard) or (ended is not None and not ended.interrupted):
            continue
        if found is None or plan.started_at >= found.plan.started_at:
            found = night
    return None if found is None or is_held(found.folder) else found


def _resume(night: Night, campaign: CampaignFile, max_s: float | None, given: Mapping[str, Any]) -> int:
    ended = night.ended()
    with (
        _executor(given, campaign) as executor,
        Store(Path(given["runs"])) as store,
        held(night.folder) as token,
    ):
        night.reopen()
        index_night(store, night)
        there = index_runs(store, night)
        print(
            f"splitbrain: {night.plan.id}: {there} of {len(night.plan.jobs)} runs are done", file=sys.stderr
        )
        seconds = past_of(store, night.plan.campaign).seconds
        deadline = _deadline(campaign.max_time if max_s is None else max_s)
        bounds = Bounds(deadline, given["maxfail"], seconds=seconds)
        before = ended.seconds if ended else 0.0
        return _night(night, store, executor, token, bounds, campaign.notify, given, before=before)


def _night(
    night: Night,
    store: Store,
    executor: Executor,
    token: str,
    bounds: Bounds,
    to: NotifyTable,
    given: Mapping[str, Any],
    *,
    before: float = 0.0,
) -> int:
    """Do what is left of the night, write its reports, tell of it."""
    jobs = [job for job in night.plan.jobs if night.result(job) is None]
    signals = Halting(bounds.stop, "what was done is kept (again to stop at once)", at_once=True)
    began = time.monotonic()
    told_of = told(estimated_s(jobs, night, bounds.seconds, executor.slots), len(jobs), executor.slots)
    broken: SplitbrainError | None = None
    with Counted(f"splitbrain: night {night.plan.id}: {told_of}", len(jobs)) as counted, signals:
        conduct = Conduct(night, store, executor, token, bounds, Watcher(counted))
        try:
            conduct.perform(jobs)
        except EnvironmentFault as error:
            broken = error
            conduct.notes.append(f"the night was broken off: {error.problem}")
            bounds.stop.set()
    tonight = weighed(store, night, signals.code)
    code = tonight.exit_code
    if broken is not None and code != EXIT_ANOMALY:
        code = broken.exit_code
    interrupted = broken is not None or signals.code is not None
    seconds = before + time.monotonic() - began
    night.end(Ended(now_text(), seconds, code, tuple(conduct.left), tuple(conduct.notes), interrupted))
    index_night(store, night)
    record = summary_of(store, tonight, night.plan.command)
    page = write_outputs(night.folder, record)
    problems = [problem for problem in (*notify(record, to), tell_github(record)) if problem]
    for problem in problems:
        print(f"splitbrain: note: {problem}", file=sys.stderr)
    print_night(record, page, given["as_json"])
    if broken is not None:
        print(f"splitbrain: {broken}", file=sys.stderr)
    return code


def _dry_run(night: Night, seconds: Mapping[str, float], slots: int, given: Mapping[str, Any]) -> int:
    jobs = night.plan.jobs
    estimate = estimated_s(jobs, night, seconds, slots)
    if given["as_json"]:
        document = {
            "runs": len(jobs),
            "seconds": estimate,
            "jobs": [{"job": job.id, "why": job.why} for job in jobs],
            "left": night.plan.left,
        }
        print(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        for job in jobs:
            print(f"{job.number:5}  {job.id}  ({job.why})")
        for one in night.plan.left:
            print(f"left out: {one.what}: {one.why}")
        print(told(estimate, len(jobs), slots))
    return EXIT_VALID if jobs else EXIT_NOTHING


def _nothing(prepared: Prepared, choice: Choice) -> int:
    """Why there is nothing to do: by what was asked for, or because nothing can be run here."""
    for one in prepared.left:
        print(f"splitbrain: left out: {one.what}: {one.why}", file=sys.stderr)
    if choice.expression or choice.last_failed or choice.shard:
        print("splitbrain: nothing is selected", file=sys.stderr)
        return EXIT_NOTHING
    print("splitbrain: nothing of the campaign can be run here", file=sys.stderr)
    return EXIT_FAILED
