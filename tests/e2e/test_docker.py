"""Runs in containers, as a user starts them: verdicts, digests of plans, and what a killed run leaves."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.deploy.containers.network import POOL
from tests.e2e.conftest import SPLITBRAIN, Splitbrain, clean_environment
from tests.e2e.test_killed import history_lines, processes_of, wait_for
from tests.engine import image_or_skip, of_runs

OURS = f"{str(POOL).rpartition('.0.0')[0]}."
FAULTS = ("-n", "partition,kill,pause", "--seed", "7")


def rules() -> str:
    """The machine's firewall as far as it is about clusters' addresses, without what it has counted."""
    listed = subprocess.run(["nft", "-s", "list", "ruleset"], capture_output=True, text=True, check=True)
    return "\n".join(line for line in listed.stdout.splitlines() if OURS in line)


@pytest.fixture(autouse=True)
def _image() -> None:
    image_or_skip()


def test_raft_holds_in_containers_and_nothing_is_left(splitbrain: Splitbrain) -> None:
    before = rules()
    ended = splitbrain("run", "raft", "--on", "docker", *FAULTS, "--time", "30s", "--json")
    assert ended.code == 0, ended.err + ended.out
    found = ended.json()
    assert found["card"]["outcome"] == "valid"
    assert found["card"]["faults_planned"] >= 6
    assert found["ok"] > 500
    assert found["card"]["environment"]["place"].startswith("containers")
    assert "--on docker" in found["card"]["replay"]
    logs = Path(found["folder"])
    assert of_runs() == []
    assert rules() == before
    assert logs.name in found["report"]


def test_asynchronous_replication_is_caught_in_containers_with_the_same_plan(splitbrain: Splitbrain) -> None:
    asked = ("run", "primary-backup", "-o", "mode=async", "--expect", "anomaly", *FAULTS, "--time", "15s")
    cards: dict[str, Any] = {}
    for place in ("local", "docker"):
        ended = splitbrain(*asked, "--on", place, "--json")
        assert ended.code == 0, ended.err + ended.out
        cards[place] = ended.json()["card"]
        assert cards[place]["outcome"] == "anomaly"
    assert cards["local"]["plan_digest"] == cards["docker"]["plan_digest"]
    assert of_runs() == []


def test_a_system_in_a_file_of_its_own_runs_in_containers(splitbrain: Splitbrain) -> None:
    store = Path(__file__).resolve().parents[2] / "examples" / "tcp_store.py"
    asked = ("run", f"{store}:TcpStore", "--nodes", "1", "--on", "docker", "--time", "5s")
    assert splitbrain(*asked).code == 0
    assert splitbrain(*asked, "-o", "stale=yes").code == 1
    assert splitbrain(*asked, "-o", "clients=host").code == 0


def begun(folder: Path, code: int) -> subprocess.Popen[bytes]:
    """A run in containers that has done some operations, then got the signal."""
    process = subprocess.Popen(
        [*SPLITBRAIN, "run", "raft", "--on", "docker", "--nodes", "3", *FAULTS, "--time", "60s"],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: history_lines(folder) > 200, "operations")
    os.kill(process.pid, code)
    return process


def test_interrupted_it_reports_and_leaves_nothing(tmp_path: Path) -> None:
    assert begun(tmp_path, signal.SIGINT).wait(60) == 130
    assert list(tmp_path.glob("runs/*/report.html"))
    assert of_runs() == []


def test_killed_it_leaves_containers_that_the_doctor_removes(tmp_path: Path, splitbrain: Splitbrain) -> None:
    before = rules()
    assert begun(tmp_path, signal.SIGKILL).wait(60) == -signal.SIGKILL
    (run,) = (path.name for path in tmp_path.glob("runs/*"))
    # Three nodes, four keepers, a network; the clients' container ends with the bridge to it.
    wait_for(lambda: len(of_runs(run)) == 8, "the end of the clients")
    assert rules() != before
    ended = splitbrain("doctor", "--on", "docker", "--cleanup")
    assert ended.code == 0, ended.err + ended.out
    assert f"container splitbrain-{run}" in ended.out
    assert of_runs(run) == []
    assert rules() == before
    wait_for(lambda: processes_of(tmp_path) == [], "the end of the clients' process")


def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path, splitbrain: Splitbrain) -> None:
    begun(tmp_path, signal.SIGKILL).wait(60)
    assert of_runs()
    ended = splitbrain("run", "raft", "--on", "docker", "--nodes", "1", "--time", "2s")
    assert ended.code == 0, ended.err
    assert of_runs() == []


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("--on", "moon"), 4, "--place"),
        (("--on", "docker", "-o", "memory=lots"), 4, "-o memory=lots"),
        (("--on", "docker", "-o", "clients=moon"), 4, "-o clients=moon"),
        (("--on", "docker", "-o", "image=no-such-image"), 6, "no-such-image"),
        (("-o", "cpus=1"), 4, "cpus"),
    ],
)
def test_what_is_wrong_is_named(asked: tuple[str, ...], code: int, said: str, splitbrain: Splitbrain) -> None:
    ended = splitbrain("run", "raft", "--nodes", "1", "--time", "2s", *asked)
    assert ended.code == code, ended.err + ended.out
    assert said in ended.err + ended.out
    assert "Traceback" not in ended.err
    assert of_runs() == []


def test_without_an_engine_the_run_says_so_and_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, splitbrain: Splitbrain
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    ended = splitbrain("run", "raft", "--on", "docker", "--time", "2s")
    assert ended.code == 6, ended.err + ended.out
    assert "/no/such/socket" in ended.out
