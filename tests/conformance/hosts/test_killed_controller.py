"""What a controller that was killed did to a cluster is healed for the next one, at every place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conformance.hosts import places
from tests.engine import image_or_skip
from tests.harness.deploy.inside import ENTERING, ROOT
from tests.ssh_hosts import machines


@pytest.fixture(params=["local", "docker", "ssh"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Its name, and the settings that tell it to `places`."""
    name: str = request.param
    settings = {**os.environ, "SPLITBRAIN_TEST_PLACE": name}
    if name == "docker":
        settings[places.IMAGE] = image_or_skip()
    if name != "ssh":
        yield name, settings
        return
    with machines(3, tmp_path / "hosts") as there:
        before = there.state()
        settings[places.HOSTS] = str(there.hosts_file(user="tester"))
        yield name, settings
        assert there.state() == before


def controller(name: str, settings: Mapping[str, str], folder: Path, deed: str) -> subprocess.Popen[str]:
    """Started in a folder of its own."""
    folder.mkdir()
    argv = [sys.executable, "-m", "tests.conformance.hosts.controller", str(folder), deed]
    inside = [sys.executable, ENTERING] if name == "local" else []
    return subprocess.Popen(
        [*inside, *argv],
        cwd=ROOT,
        env=dict(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_next_controller_finds_every_node_running_and_every_link_open(
    place: tuple[str, Mapping[str, str]], tmp_path: Path
) -> None:
    name, settings = place
    harmed = controller(name, settings, tmp_path / "harmed", "harm")
    assert harmed.stdout is not None
    said = harmed.stdout.readline()
    assert said, harmed.communicate()
    assert json.loads(said) == ["installed"] * 3
    os.kill(harmed.pid, signal.SIGKILL)
    harmed.communicate(timeout=30)
    looked = controller(name, settings, tmp_path / "looked", "look")
    out, err = looked.communicate(timeout=120)
    assert looked.returncode == 0, err
    assert json.loads(out) == [True] * 6
