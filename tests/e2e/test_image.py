"""`splitbrain image`: built without a registry on an engine that has none of ours, and what is in it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from tests.e2e.conftest import ROOT, Ended, clean_environment
from tests.engine import client_or_skip

LIMIT_S = 240
LABELLED = {"label": "io.splitbrain=1"}


@dataclass(frozen=True)
class Sources:
    """A copy of the sources whose images no engine has and nobody uses, so these tests disturb no run."""

    folder: Path

    def change(self) -> None:
        """Change the node program, and with it the image's name."""
        with (self.folder / "systems" / "kv.py").open("a") as file:
            file.write(f"# {uuid.uuid4()}\n")

    def start(self, *args: str, **environment: str) -> subprocess.Popen[str]:
        """Start `splitbrain image ARGS` of these sources."""
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "image", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=clean_environment() | {"PYTHONPATH": str(self.folder)} | environment,
        )

    def run(self, *args: str) -> Ended:
        """Run `splitbrain image ARGS` of these sources to its end."""
        process = self.start(*args)
        try:
            out, err = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
        return Ended(process.returncode, out, err)


@dataclass(frozen=True)
class Built:
    """The image that the first build made, and how that went."""

    image: str
    base: str
    ended: Ended
    seconds: float


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = client_or_skip()
    yield client
    client.close()


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("sources")
    for name in ("harness", "systems"):
        shutil.copytree(ROOT / name, folder / name)
    recipe = folder / "harness" / "images" / "recipe.py"
    text = recipe.read_text()
    assert text.count("EXCLUDED = (\n") == 1
    recipe.write_text(text.replace("EXCLUDED = (\n", f'EXCLUDED = (\n    "./no/{uuid.uuid4()}",\n'))
    return Sources(folder)


@pytest.fixture(scope="module")
def built(client: docker.DockerClient, sources: Sources) -> Iterator[Built]:
    started = time.monotonic()
    ended = sources.run("build", "--offline", "--json")
    seconds = time.monotonic() - started
    assert ended.code == 0, ended.err
    listed = json.loads(sources.run("list", "--json").out)
    names = [image["name"] for image in listed if image["current"]]
    assert [image["kind"] for image in listed if image["current"]] == ["node", "base"]
    yield Built(*names, ended, seconds)
    for name in names:
        client.images.remove(name)


def seen(client: docker.DockerClient) -> tuple[set[str], set[str]]:
    """What a build may leave: containers that no run has named, and images of ours that have no name."""
    containers = client.containers.list(all=True, filters=LABELLED)
    images = client.images.list(all=True, filters=LABELLED)
    return (
        {str(one.id) for one in containers if not str(one.name).startswith("splitbrain-")},
        {str(one.id) for one in images if not one.tags},
    )


def inside(client: docker.DockerClient, image: str, script: str) -> tuple[int, str]:
    """Run a shell script in a container that may do nothing; exit code and all it said."""
    container = client.containers.run(
        image, ["sh", "-c", script], network_mode="none", cap_drop=["ALL"], detach=True
    )
    try:
        code = int(container.wait(timeout=60)["StatusCode"])
        return code, container.logs().decode()
    finally:
        container.remove(force=True)


@pytest.mark.slow
def test_an_engine_without_our_images_gets_one_without_a_registry(built: Built, sources: Sources) -> None:
    assert built.seconds < LIMIT_S
    assert built.ended.json()["built"] is True
    assert built.ended.json()["image"] == built.image
    for step in ("base: a Debian bookworm", "base: import", "node program", "image: splitbrain-node:"):
        assert f"splitbrain: {step}" in built.ended.err


def test_an_image_that_is_there_is_not_built_again(built: Built, sources: Sources) -> None:
    started = time.monotonic()
    again = sources.run("build", "--offline")
    assert time.monotonic() - started < 5
    assert (again.code, again.out) == (0, built.image + "\n")
    assert again.err == f"splitbrain: image {built.image}: there already\n"
    assert sources.run("build", "--json").json()["built"] is False


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("/opt/splitbrain/python -m systems --help", "Run one node of a replicated system"),
        ("/opt/splitbrain/python -c 'import systems.shells.transport, systems.raft.core' && echo yes", "yes"),
        ("nft --version", "nftables v"),
        ("ip -V", "iproute2"),
        ("mkdir -p /run/sshd && ssh-keygen -A && $(command -v sshd) -t && echo yes", "yes"),
        ("command -v sudo ssh ps sleep", "/sudo"),
        ("test -L /opt/splitbrain/python && cd / && echo $(find . -xdev -name 'ssh_host_*')end", "end"),
        # What runs as somebody else can read it.
        (
            "find /opt/splitbrain ! -perm -o+r ! -type l | wc -l | tr -d ' \\n' && echo ' unreadable'",
            "0 unread",
        ),
    ],
)
def test_what_a_node_needs_is_there_and_works_without_network_or_rights(
    client: docker.DockerClient, built: Built, script: str, says: str
) -> None:
    code, said = inside(client, built.image, script)
    assert code == 0, said
    assert says in said
    if says == "end":
        assert said == "end\n", "no host keys, which would be the same on all nodes"


@pytest.mark.parametrize("folder", ["checkers", "harness", "nemeses", "reports", "numba"])
def test_the_rest_is_not_there(client: docker.DockerClient, built: Built, folder: str) -> None:
    code, said = inside(client, built.image, f"/opt/splitbrain/python -c 'import {folder}'")
    assert code == 1
    assert f"No module named '{folder}'" in said


def test_its_idle_container_stops_at_once(client: docker.DockerClient, built: Built) -> None:
    container = client.containers.run(built.image, detach=True, network_mode="none")
    try:
        assert container.labels["io.splitbrain"] == "1"
        assert container.status in {"created", "running"}
        started = time.monotonic()
        container.stop(timeout=10)
        assert time.monotonic() - started < 5
    finally:
        container.remove(force=True)


@pytest.mark.slow
@pytest.mark.parametrize("into_s", [0.3, 2], ids=["at the packages' copy", "at a later step"])
def test_a_build_that_is_interrupted_leaves_nothing(
    built: Built, sources: Sources, client: docker.DockerClient, tmp_path: Path, into_s: float
) -> None:
    sources.change()
    before = seen(client)
    process = sources.start("build", "--offline", TMPDIR=str(tmp_path))
    assert process.stderr is not None
    killer = threading.Timer(60, process.kill)
    killer.start()
    steps = []
    for line in process.stderr:
        steps.append(line)
        if "image: splitbrain-node:" in line:
            time.sleep(into_s)  # the engine is in the middle of its steps, at whichever of them
            process.send_signal(signal.SIGTERM)
    assert process.wait() == 143, steps
    killer.cancel()
    assert f"base {built.base}: there already" in steps[0]
    assert seen(client) == before
    assert list(tmp_path.iterdir()) == []
    time.sleep(3)
    assert seen(client) == before, "nor does the engine go on"
    assert built.image in sources.run("list").out, "what was there stays"


def test_the_compose_file_is_valid(tmp_path: Path) -> None:
    file = ROOT / "images" / "compose.yaml"
    for tool in (["docker", "compose"], ["docker-compose"]):
        try:
            probe = subprocess.run([*tool, "version"], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        if probe.returncode == 0:
            break
    else:
        pytest.skip("neither `docker compose` nor `docker-compose` is here")
    environment = clean_environment() | {
        "SPLITBRAIN_IMAGE": "splitbrain-node:some",
        "SPLITBRAIN_KEY": str(tmp_path / "key"),
    }
    shown = subprocess.run(
        [*tool, "-f", str(file), "config", "--services"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert shown.returncode == 0, shown.stderr
    assert sorted(shown.stdout.split()) == ["control", "n1", "n2", "n3", "n4", "n5"]
