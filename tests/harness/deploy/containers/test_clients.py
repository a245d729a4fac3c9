"""Clients in containers: what they may and see, and that nothing of them outlives the bridge to them."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.deploy.containers import engine
from harness.deploy.containers.cluster import ContainerDeployment
from harness.deploy.places import HOST, DockerOptions
from tests.engine import client_or_skip, image_or_skip, of_runs
from tests.harness.deploy.fake import PORT, EchoSystem, eventually, finished, program
from tests.harness.deploy.inside import ROOT

ECHOES = """
import sys
for line in sys.stdin:
    print(line, end="", flush=True)
print("over", file=sys.stderr)
sys.exit(7)
"""


def deployed(folder: Path, limits: DockerOptions | None = None) -> ContainerDeployment:
    return ContainerDeployment(
        EchoSystem(),
        ("n1",),
        {},
        folder,
        {"n1": 1},
        client=client_or_skip(),
        image=image_or_skip(),
        limits=limits or DockerOptions(),
        readable=[ROOT],
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(f"clients-{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[ContainerDeployment]:
    with deployed(folder) as made:
        yield made
    assert of_runs(folder.name) == []


def containers(folder: Path) -> list[Any]:
    """Those of the run's clients."""
    found = client_or_skip().containers.list(all=True, filters={"label": [f"{engine.RUN}={folder.name}"]})
    return [
        c for c in found if c.name.startswith(f"splitbrain-{folder.name}-clients-") and c.name[-1].isdigit()
    ]


def running(cluster: ContainerDeployment, folder: Path) -> tuple[Any, Any]:
    """A process that echoes, once it does, and its container."""
    process = cluster.client_process(program("-c", ECHOES, python=cluster.clients_python))
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"begun\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"begun\n"
    (container,) = containers(folder)
    return process, container


def test_it_may_nothing_and_writes_only_into_the_run(cluster: ContainerDeployment, folder: Path) -> None:
    process, container = running(cluster, folder)
    config = container.attrs["HostConfig"]
    assert config["CapDrop"] == ["ALL"]
    assert config["SecurityOpt"] == ["no-new-privileges"]
    assert not config["Privileged"]
    assert container.attrs["Config"]["Image"] == image_or_skip()
    mounts = {mount["Source"]: mount["RW"] for mount in container.attrs["Mounts"]}
    code = Path(harness.__path__[0]).parent
    assert mounts == {
        str(folder): True,
        str(ROOT): False,
        f"{code}/harness": False,
        f"{code}/checkers": False,
    }
    process.stdin.close()
    process.stdin = None
    finished(process)


def test_streams_and_code_are_those_of_the_program(cluster: ContainerDeployment, folder: Path) -> None:
    process, _ = running(cluster, folder)
    much = b"x" * 300_000 + b"\n"
    assert process.communicate(much, timeout=20)[0] == much
    assert process.returncode == 7
    assert (folder / "clients.log").read_text().endswith("over\n")
    assert containers(folder) == []


def test_whoever_kills_the_bridge_ends_the_container(cluster: ContainerDeployment, folder: Path) -> None:
    process, container = running(cluster, folder)
    process.send_signal(signal.SIGKILL)
    process.wait()

    def code() -> int:
        container.reload()
        return 0 if container.attrs["State"]["Running"] else int(container.attrs["State"]["ExitCode"])

    eventually(lambda: code() == 7, "it read its input to the end")
    container.remove()


def test_a_program_that_the_image_does_not_have_is_told(cluster: ContainerDeployment, folder: Path) -> None:
    process = cluster.client_process(["no-such-program"])
    assert finished(process) == b""
    assert process.returncode == 3
    assert "no-such-program" in (folder / "clients.log").read_text()
    assert containers(folder) == []


def test_leaving_removes_those_that_do_not_heed_their_input(tmp_path: Path) -> None:
    with deployed(tmp_path) as cluster:
        cluster.client_process(["sleep", "1000"])
        eventually(lambda: [c.status for c in containers(tmp_path)] == ["running"], "it runs")
    assert of_runs(tmp_path.name) == []


def test_on_the_host_it_is_a_process_of_this_machine(tmp_path: Path) -> None:
    with deployed(tmp_path, DockerOptions(clients=HOST)) as cluster:
        there = (cluster.addresses["n1"], PORT)
        text = f"import os, socket; socket.create_connection({there}); print(os.getpid())"
        process = cluster.client_process(program("-c", text, python=cluster.clients_python))
        assert finished(process) == f"{process.pid}\n".encode()
        assert containers(tmp_path) == []
