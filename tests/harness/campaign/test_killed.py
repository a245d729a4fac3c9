"""A campaign that is killed at any moment, and resumed: no run lost, none done twice, nothing left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

import psutil
import pytest

from harness.campaign.night import nights_in, open_night
from harness.campaign.store.database import Store
from harness.campaign.store.index import reindex
from harness.campaign.store.past import results_of
from tests.harness.campaign.nights import argv_of, splitbrain, until

JOBS = 150
KILLS = 20
CAMPAIGN = f"""
name = "killed"
seeds = "1..{JOBS}"
workers = 2
[defaults]
on = "sim"
time = "2s"
nodes = 3
[[systems]]
name = "raft"
[[matrix]]
workloads = "register"
nemeses = "none"
"""


def started(file: Path, runs: Path, *more: str) -> subprocess.Popen[bytes]:
    """A campaign that goes on."""
    argv = argv_of("campaign", str(file), "--runs", str(runs), *more)
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def family_of(pid: int) -> list[psutil.Process]:
    """A process and its children, theirs too."""
    try:
        return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def wait_for_end(processes: list[psutil.Process], within_s: float = 30.0) -> list[psutil.Process]:
    """Those that are still alive after that time."""
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    return [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def results_in(runs: Path) -> int:
    """Runs with a result on disk."""
    return sum(1 for _ in runs.glob("*/runs/*/result.json"))


@pytest.mark.slow
def test_killed_at_twenty_moments(tmp_path: Path) -> None:
    file, runs = tmp_path / "campaign.toml", tmp_path / "runs"
    file.write_text(CAMPAIGN)
    chance = random.Random(20)
    kills = 0
    while kills < KILLS:
        process = started(file, runs, "--resume")
        try:
            process.wait(chance.uniform(0.3, 1.8))
        except subprocess.TimeoutExpired:
            family = family_of(process.pid)
            process.kill()
            process.wait()
            kills += 1
            assert wait_for_end(family) == [], "what it started lives on"
        else:
            assert process.returncode == 0
    assert splitbrain("campaign", str(file), "--runs", str(runs), "--resume").code == 0
    nights = [open_night(folder) for folder in nights_in(runs)]
    with Store(runs) as store:
        for night in nights:
            jobs = Counter(result.job for _, result in results_of(store, night.plan.id))
            assert jobs == {job.id: 1 for job in night.plan.jobs}
            assert len(list((night.folder / "runs").iterdir())) == JOBS
        before = store.dump()
    count, problems = reindex(runs, lambda _count, _name: None)
    assert (count, problems) == (JOBS * len(nights), [])
    with Store(runs) as store:
        assert store.dump() == before


def test_resume_does_nothing_twice(tmp_path: Path) -> None:
    file, runs = tmp_path / "campaign.toml", tmp_path / "runs"
    file.write_text(CAMPAIGN)
    process = started(file, runs)
    until(lambda: results_in(runs) >= 10)
    process.kill()
    process.wait()
    # Only when the runs that were under way are gone is it settled which are done.
    there = splitbrain("campaign", str(file), "--runs", str(runs), "--resume", "--max-time", "1ms")
    assert there.code == 0, there.said
    done = {path: path.stat().st_mtime_ns for path in runs.glob("*/runs/*/result.json")}
    assert 10 <= len(done) < JOBS
    for ended in runs.glob("*/ended.json"):
        ended.unlink()
    ended_well = splitbrain("campaign", str(file), "--runs", str(runs), "--resume")
    assert ended_well.code == 0, ended_well.said
    now = {path: path.stat().st_mtime_ns for path in runs.glob("*/runs/*/result.json")}
    assert len(now) == JOBS
    assert {path: now[path] for path in done} == done


def test_interrupted_it_reports_and_can_be_resumed(tmp_path: Path) -> None:
    file, runs = tmp_path / "campaign.toml", tmp_path / "runs"
    file.write_text(CAMPAIGN)
    process = started(file, runs)
    until(lambda: results_in(runs) >= 5)
    family = family_of(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert wait_for_end(family) == []
    (page,) = runs.glob("*/report.html")
    assert "--resume" in page.read_text()
    assert splitbrain("campaign", str(file), "--runs", str(runs), "--resume").code == 0
    assert results_in(runs) == JOBS


def test_only_one_campaign_works_on_a_night(tmp_path: Path) -> None:
    file, runs = tmp_path / "campaign.toml", tmp_path / "runs"
    file.write_text(CAMPAIGN)
    process = started(file, runs)
    try:
        until(lambda: results_in(runs) >= 2)
        os.kill(process.pid, signal.SIGSTOP)
        second = splitbrain("campaign", str(file), "--runs", str(runs), "--resume", "-k", "#1 or #2")
        assert second.code in (0, 5), second.said
        assert "no night of killed to resume" in second.said
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()
