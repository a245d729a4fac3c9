"""What a check says, which faults need it, and that what is not there is named with its fix."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from harness.doctor import docker, local, machine
from harness.doctor.finding import Check, Doubtful, Finding
from harness.doctor.matrix import NEEDS, matrix, missing_for
from harness.errors import EnvironmentFault, MissingPrerequisite
from tests.harness.deploy.containers.test_cluster import of_runs


def raising(error: Exception) -> Check:
    def act() -> str:
        raise error

    return Check("name", "meaning", "usual fix", act)


@pytest.mark.parametrize(
    ("error", "status", "fix"),
    [
        (Doubtful("so so"), "doubtful", "usual fix"),
        (EnvironmentFault("broken\nbadly"), "missing", "usual fix"),
        (MissingPrerequisite("none", fix="install it"), "missing", "install it"),
        (FileNotFoundError(2, "No such file", "/dev/fuse"), "missing", "usual fix"),
    ],
)
def test_a_check_never_raises(error: Exception, status: str, fix: str) -> None:
    found = raising(error).run()
    assert (found.status, found.fix, found.meaning) == (status, fix, "meaning")
    assert "\n" not in found.seen


def test_the_machine_is_tried_and_nothing_is_left(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    found = {f.name: f for f in (check.run() for check in machine.checks(tmp_path / "runs"))}
    assert list(found) == ["disk", "open files", "timers", "time namespace", "FUSE"]
    assert found["disk"].status == "ok"
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before


def test_too_few_files_are_doubtful(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, limits[1]))
    try:
        files = machine.checks(tmp_path)[1].run()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert files.status == "doubtful"
    assert "limit 512" in files.seen
    assert "ulimit" in files.fix


def test_namespaces_are_tried_for_real() -> None:
    found = {f.name: f for f in local.findings()}
    assert list(found) == list(local.NAMES)
    assert [found[name].status for name in local.NAMES[:3]] == ["ok"] * 3, found
    assert "dropped a packet" in found["nft rules"].seen


def test_without_tools_namespaces_are_missing_and_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.doctor.local._entered", _no_tools)
    (found,) = local.findings()
    assert (found.status, found.fix) == ("missing", "apt-get install nftables")


def _no_tools(argv: list[str]) -> tuple[int, bytes]:
    raise MissingPrerequisite("a local run needs nft", fix="apt-get install nftables")


def test_without_an_engine_nothing_else_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    (found,) = docker.findings()
    assert (found.name, found.status) == ("engine", "missing")
    assert "/no/such/socket" in found.seen


def test_an_engine_is_tried_for_real() -> None:
    before = of_runs()
    found = {f.name: f.status for f in docker.findings()}
    assert found == dict.fromkeys(docker.NAMES, "ok")
    assert of_runs() == before


def finding(name: str, status: str) -> Finding:
    return Finding(name, status, "", "", "", 0.0)  # type: ignore[arg-type]


def test_a_fault_is_available_exactly_if_nothing_that_it_needs_is_missing() -> None:
    names = local.NAMES
    found = [finding(names[0], "ok"), finding(names[1], "doubtful"), finding(names[2], "missing")]
    assert missing_for("local", "kill", found) == []
    assert missing_for("local", "partition", found) == [names[2]]
    assert matrix({"docker": []})["docker"]["pause"] == list(NEEDS["docker"]["pause"])
