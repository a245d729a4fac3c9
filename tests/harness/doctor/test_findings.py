"""What a check says, that it is tried for real, and that what is not there is named with its fix."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.doctor import docker, local, machine, matrix
from harness.doctor.finding import Check, Doubtful, tried
from harness.errors import EnvironmentFault, MissingPrerequisite
from tests.engine import image_or_skip, of_runs
from tests.harness.deploy.inside import pytest_inside
from tests.harness.doctor.broken import put_nft


@pytest.fixture(scope="module")
def node_image() -> str:
    return image_or_skip()


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
    assert list(found) == ["disk", "open files", "tasks", "timers", "time namespace", "FUSE"]
    assert found["disk"].status == "ok"
    assert found["tasks"].seen.startswith("500 threads at once")
    assert "the kernel spoke to it" in found["FUSE"].seen
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


def test_too_few_threads_are_doubtful_and_all_of_them_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, start = threading.active_count(), threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if threading.active_count() >= before + 20:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    tasks = machine.checks(tmp_path)[2].run()
    assert tasks.status == "doubtful"
    assert tasks.seen.startswith("20 threads at once")
    assert "can't start new thread" in tasks.seen
    assert threading.active_count() == before


def test_what_is_not_wanted_or_stands_on_what_is_missing_is_not_tried() -> None:
    def check(name: str, *after: str, broken: bool = False) -> Check:
        return Check(name, "", "", (lambda: 1 / 0) if name == "trap" else raising_or_fine(broken), after)

    checks = [check("a"), check("b", broken=True), check("c", "b"), check("d", "a"), check("trap")]
    assert [f.name for f in tried(checks, ["a", "b", "c", "d"])] == ["a", "b", "d"]


def raising_or_fine(broken: bool) -> Callable[[], str]:
    return raising(EnvironmentFault("broken")).act if broken else lambda: "fine"


def test_namespaces_are_tried_for_real() -> None:
    found = {f.name: f for f in local.findings({})}
    assert list(found) == list(local.NAMES)
    assert [found[name].status for name in local.NAMES[:4]] == ["ok"] * 4, found
    assert "dropped a packet" in found["nft rules"].seen


def test_inside_a_run_the_same_is_tried_in_place_and_nothing_is_left() -> None:
    pytest_inside(Path(__file__).with_name("inside_local.py"))


def test_a_rule_that_counts_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A kernel, or a tool, that takes a rule and does not keep it."""
    put_nft(tmp_path, 'case "$*" in *"add rule"*) exit 0;; esac')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = {f.name: f for f in local.findings({})}
    assert found["nft rules"].status == "missing"
    assert "counted nothing" in found["nft rules"].seen


def test_without_tools_namespaces_are_missing_and_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.doctor.local._entered", _no_tools)
    (found,) = local.findings({})
    assert (found.status, found.fix) == ("missing", "apt-get install nftables")


def _no_tools(argv: list[str]) -> tuple[int, bytes]:
    raise MissingPrerequisite("a local run needs nft", fix="apt-get install nftables")


def test_without_an_engine_nothing_else_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    (found,) = docker.findings({})
    assert (found.name, found.status) == ("engine", "missing")
    assert "/no/such/socket" in found.seen


def test_an_engine_is_tried_for_real(node_image: str) -> None:
    found = {f.name: f.status for f in docker.findings({})}
    assert found == dict.fromkeys(docker.NAMES, "ok")
    assert [name for name in of_runs() if f"doctor-{os.getpid()}" in name] == []


def test_an_image_that_was_asked_for_is_looked_for(node_image: str) -> None:
    found = docker.findings({"image": "no-such-image:1"})
    assert [(f.name, f.status) for f in found] == [("engine", "ok"), ("image", "missing")]
    assert "no-such-image:1" in found[1].seen


def test_only_what_is_wanted_is_tried_on_an_engine(node_image: str) -> None:
    wanted = matrix.PLACES["docker"].needed(["kill"])
    assert [f.name for f in docker.findings({}, wanted)] == [*docker.NAMES[:5]]


def test_an_engine_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "CALL_S", 1)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(f"{tmp_path}/engine")
        deaf.listen()
        began = time.monotonic()
        (found,) = docker.findings({})
    assert (found.name, found.status) == ("engine", "missing")
    assert time.monotonic() - began < 10
