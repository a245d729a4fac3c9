"""The wheel of the node part: what is in it, and that it runs without the rest."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import systems
from harness.errors import MissingPrerequisite
from harness.images import content, wheel

# The rest of the project is made unreachable, as it is on a node.
NODE_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
for name in ("checkers", "harness", "reports", "nemeses"):
    sys.modules[name] = None
from systems import nodes, registry
from systems.shells import transport
assert nodes.__file__.startswith(sys.argv[1]), nodes.__file__
for entry in registry.ENTRIES.values():
    registry.load(entry.core)
    registry.load(entry.plugin)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from a copy of `systems`: as from an installation, not from the checkout."""
    work = tmp_path_factory.mktemp("wheel")
    copied = shutil.copytree(content.root(), work / "installed" / "systems")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(systems, "__path__", [str(copied)])
        return wheel.make_wheel(work)


def test_it_holds_the_node_program_and_nothing_of_the_rest(made: Path) -> None:
    names = zipfile.ZipFile(made).namelist()
    modules = {name for name in names if ".dist-info/" not in name}
    assert modules == set(content.files(content.root()))
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"systems", "splitbrain_node"}


def test_it_says_what_it_needs_and_which_systems_it_has(made: Path) -> None:
    archive = zipfile.ZipFile(made)
    told = {name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist()}
    for name, number in content.pins(content.root()).items():
        assert f"Requires-Dist: {name}=={number}" in told["METADATA"].replace(" (==", "==")
    assert "[splitbrain.systems]" in told["entry_points.txt"]
    assert "raft = systems.raft.system:Raft" in told["entry_points.txt"]


def test_it_runs_without_the_rest(made: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(made).extractall(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", NODE_ALONE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stderr


def test_an_environment_without_pip_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPrerequisite, match="-m ensurepip"):
        wheel.require_pip()
