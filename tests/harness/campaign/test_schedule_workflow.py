"""The schedule of GitHub Actions: the workflow locks, joins and keeps what it should, and its steps work."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.campaign.schedule import Nightly, github_files
from harness.cli import cli
from tests.harness.campaign.scheduled import NASTY, made


def workflow(nightly: Nightly) -> dict[str, Any]:
    return yaml.safe_load(github_files(nightly)["splitbrain-nightly.yml"])


def step(job: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in job["steps"] if one.get("name", one.get("uses", "")).startswith(name)]
    return found


def test_a_workflow_runs_every_night_and_never_twice_at_once(tmp_path: Path) -> None:
    found = workflow(made(tmp_path / "x", shards=4))
    triggers = found[True]  # what YAML 1.1 makes of "on"
    assert triggers["schedule"] == [{"cron": "30 2 * * *"}]
    assert "workflow_dispatch" in triggers
    assert found["permissions"] == {"contents": "read"}
    assert found["concurrency"] == {"group": "splitbrain-nightly", "cancel-in-progress": False}
    night, merge = found["jobs"]["night"], found["jobs"]["merge"]
    assert night["strategy"] == {"fail-fast": False, "matrix": {"shard": [1, 2, 3, 4]}}
    assert 90 < night["timeout-minutes"] <= 150
    assert (merge["needs"], merge["if"]) == ("night", "always()")
    assert merge["timeout-minutes"]


def test_a_workflow_keeps_what_was_found_even_if_the_night_failed(tmp_path: Path) -> None:
    jobs = workflow(made(tmp_path / "x", shards=2))["jobs"]
    night, merge = jobs["night"], jobs["merge"]
    for job, name in ((night, "Pack"), (night, "actions/upload"), (merge, "Keep"), (merge, "actions/upload")):
        assert step(job, name)["if"] == "always()", name
    uploaded = step(night, "actions/upload")["with"]
    assert "${{ matrix.shard }}" in uploaded["name"], "an artifact's name is taken once"
    assert step(merge, "actions/download")["with"]["pattern"] == "night-*"
    restored, saved = step(night, "Restore")["with"], step(merge, "Keep")["with"]
    assert restored["path"] == saved["path"] == "runs/splitbrain.db", "a cache is found by its path too"
    assert saved["key"].startswith(restored["restore-keys"])
    assert "run_id" in saved["key"], "a cache is never written over"
    report = step(merge, "actions/upload")["with"]["path"]
    assert "report.html" in report
    assert "junit.xml" in report


def test_every_action_has_a_major_version(tmp_path: Path) -> None:
    jobs = workflow(made(tmp_path / "x"))["jobs"].values()
    used = {one["uses"] for job in jobs for one in job["steps"] if "uses" in one}
    assert used == {
        *("actions/checkout@v7", "actions/setup-python@v7", "actions/cache/restore@v6"),
        *("actions/cache/save@v6", "actions/upload-artifact@v7", "actions/download-artifact@v8"),
    }


@pytest.mark.parametrize("name", [*NASTY, "${{ secrets.TOKEN }}", "🙂"])
def test_a_workflow_names_the_file_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    found = workflow(made(tmp_path / "x", within=name))["env"]["CAMPAIGN"]
    assert found.replace("${{ '${{' }}", "${{") == name
    assert "${{ secrets" not in found


FAKE_SHARD = """#!/bin/bash
set -eu
printf '[%s]' "$@" >> "$FAKE/log"
if [ "$1" = campaign ]; then
    shard="${@: -1}"
    mkdir -p "runs/nightly-1-${shard%/*}of2/runs"
    echo x > runs/splitbrain.db
else
    shift 3
    ls -d "$@" >> "$FAKE/seen"
    mkdir -p runs/nightly-2
    echo "# one" > runs/nightly-2/summary.md
fi
exit 1
"""


def test_a_workflows_steps_work_in_a_shell(tmp_path: Path) -> None:
    fake = tmp_path / "bin" / "splitbrain"
    fake.parent.mkdir()
    fake.write_text(FAKE_SHARD)
    fake.chmod(0o755)
    jobs = workflow(made(tmp_path / "x", shards=2))["jobs"]
    summary = tmp_path / "summary"
    summary.touch()
    path = f"{fake.parent}:{os.environ['PATH']}"
    env = {"PATH": path, "CAMPAIGN": "c d.toml", "FAKE": str(tmp_path), "GITHUB_STEP_SUMMARY": str(summary)}

    def run(job: str, name: str, folder: Path, shard: str = "") -> int:
        script = step(jobs[job], name)["run"].replace("${{ matrix.shard }}", shard)
        assert "${{" not in script
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(argv, cwd=folder, env=env, check=False).returncode

    merged = tmp_path / "merge"
    (merged / "shards").mkdir(parents=True)
    for shard in ("1", "2"):
        folder = tmp_path / f"machine{shard}"
        folder.mkdir()
        assert run("night", "Run", folder, shard) == 1
        assert run("night", "Pack", folder, shard) == 0
        shutil.move(folder / f"night-{shard}.tar", merged / "shards")
    assert run("merge", "Join", merged) == 1, "the merged night's exit code"
    log = (tmp_path / "log").read_text()
    assert "[campaign][c d.toml][--runs][runs][--max-time][90m][--shard][2/2]" in log
    assert log.endswith(
        "[merge][--runs][runs][shards/night-1/nightly-1-1of2/][shards/night-2/nightly-1-2of2/]"
    )
    assert not list(merged.glob("shards/*/splitbrain.db"))
    assert summary.read_text() == "# one\n"


def test_the_workflows_commands_are_such_as_splitbrain_takes(tmp_path: Path) -> None:
    text = github_files(made(tmp_path / "x", shards=2))["splitbrain-nightly.yml"]
    found = re.findall(r"splitbrain ((?:campaign|merge) [^|\n]*)", text.replace("${{ matrix.shard }}", "1"))
    assert len(found) == 2
    for line in found:
        name, *words = shlex.split(line)
        cli.commands[name].make_context(name, words)
