"""What an engine must share with this machine, and how it is told that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy.containers import sharing
from harness.deploy.containers.cluster import ContainerDeployment
from harness.deploy.places import DockerOptions
from harness.errors import MissingPrerequisite
from tests.engine import client_or_skip, image_or_skip, of_runs
from tests.harness.deploy.fake import EchoSystem


def unseen(here: Path, there: Path) -> str | None:
    """What is wrong with a container that sees `there` under the name of `here`."""
    mounts = sharing.bound({there: str(here)}, write=True)
    return sharing.unseen(client_or_skip(), image_or_skip(), here, mounts)


def test_a_folder_that_is_shared_is_seen_and_left_as_it_was(tmp_path: Path) -> None:
    assert unseen(tmp_path, tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    assert of_runs(tmp_path.name) == []


def test_another_folder_of_the_same_name_is_not_taken_for_it(tmp_path: Path) -> None:
    here, there = tmp_path / tmp_path.name, tmp_path / "there"
    here.mkdir()
    there.mkdir()
    problem = unseen(here, there)
    assert problem == f"a file that was written to {here} is not in it there"
    with pytest.raises(
        MissingPrerequisite, match=rf"does not see .*{here}(.|\n)*fix: share .*{here}.*File sharing"
    ):
        sharing.require_folders(problem, [here])


def test_a_folder_that_the_engine_does_not_have_is_not_made_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    problem = unseen(tmp_path, missing)
    assert problem is not None
    assert str(missing) in problem
    assert not missing.exists()
    assert of_runs(tmp_path.name) == []


def test_an_engine_on_another_kernel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "boot_id", lambda: "00000000-0000-0000-0000-000000000000")
    limits = DockerOptions()
    deployment = ContainerDeployment(
        EchoSystem(),
        ("n1",),
        {},
        tmp_path,
        {"n1": 1},
        client=client_or_skip(),
        image=image_or_skip(),
        limits=limits,
    )
    with pytest.raises(MissingPrerequisite, match=r"another kernel(.|\n)*two clocks(.|\n)*fix: "), deployment:
        pass
    assert of_runs(tmp_path.name) == []
    assert not (tmp_path / "nodes").exists()
