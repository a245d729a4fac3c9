"""Runs through an engine that is not reached as one of this machine: by TCP, or one with other folders."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import SPLITBRAIN, Splitbrain, clean_environment
from tests.e2e.test_docker import rules
from tests.engine import image_or_skip, of_runs
from tests.engine_proxy import Proxy


@pytest.fixture
def by_tcp(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    image_or_skip()
    with Proxy() as proxy:
        monkeypatch.setenv("DOCKER_HOST", proxy.address)
        yield proxy.address


def test_raft_holds_and_nothing_is_left(splitbrain: Splitbrain, by_tcp: str) -> None:
    before = rules()
    asked = ("run", "raft", "--on", "docker", "-n", "partition,kill,pause", "--seed", "3", "--time", "10s")
    ended = splitbrain(*asked, "--json")
    assert ended.code == 0, ended.err + ended.out
    card = ended.json()["card"]
    assert (card["outcome"], card["faults_planned"]) == ("valid", 3)
    assert by_tcp in card["environment"]["place"]
    assert of_runs() == []
    assert rules() == before


def test_clients_of_this_machine_are_refused_by_name(splitbrain: Splitbrain, by_tcp: str) -> None:
    ended = splitbrain("run", "raft", "--on", "docker", "-o", "clients=host", "--time", "2s")
    assert ended.code == 6, ended.err + ended.out
    said = " ".join(ended.out.split())
    assert "-o clients=host" in said
    assert by_tcp in said
    assert "fix: leave it out" in said
    assert of_runs() == []


def test_an_engine_that_does_not_see_the_runs_folder_is_told_of(tmp_path: Path) -> None:
    image_or_skip()
    (tmp_path / "runs").mkdir()
    # The engine is outside of this namespace of mounts, so it sees another folder under the same name.
    alone = (
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs none "$0" && exec "$@"',
        str(tmp_path / "runs"),
    )
    done = subprocess.run(
        [*alone, *SPLITBRAIN, "run", "raft", "--on", "docker", "--nodes", "1", "--time", "2s"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 6, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "does not see this machine's folders" in said
    assert "fix: share with it" in said
    assert of_runs() == []


def test_the_doctor_tries_faults_where_nothing_can_be_entered(
    splitbrain: Splitbrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy() as proxy:
        monkeypatch.setenv("DOCKER_HOST", proxy.address)
        ended = splitbrain("doctor", "--on", "docker", "--json")
    assert ended.code == 0, ended.out + ended.err
    found = ended.json()
    assert found["faults"]["docker"] == {"partition": [], "kill": [], "pause": []}
    seen = {one["name"]: one["seen"] for one in found["places"]["docker"]}
    assert "commands in the containers themselves" in seen["its namespace"]
    assert seen["nft rules"] == "between two containers a rule dropped a packet and counted it"
