"""What an engine must share with this machine, and how it is told that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy import readiness
from harness.deploy.containers import sharing
from harness.deploy.containers.cluster import ContainerDeployment
from harness.deploy.containers.network import ContainerNetwork
from harness.deploy.places import DockerOptions
from harness.errors import MissingPrerequisite
from harness.images import engine
from nemeses.faults import Link, Partition
from tests.engine import client_or_skip, image_or_skip, of_runs
from tests.engine_proxy import Proxy
from tests.harness.deploy.fake import EchoSystem, connect
from tests.harness.deploy.inside import ROOT


def deployed(folder: Path) -> ContainerDeployment:
    return ContainerDeployment(
        EchoSystem(),
        ("n1", "n2"),
        {},
        folder,
        {"n1": 1, "n2": 2},
        client=engine.connect(),
        image=image_or_skip(),
        limits=DockerOptions(),
        readable=[ROOT],
    )


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
    told = r"another kernel(.|\n)*two clocks(.|\n)*fix: "
    with pytest.raises(MissingPrerequisite, match=told), deployed(tmp_path):
        pass
    assert of_runs(tmp_path.name) == []
    assert not (tmp_path / "nodes").exists()


def test_of_an_engine_elsewhere_nothing_is_entered_or_connected_to_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        pytest.fail("this machine would not get there")

    monkeypatch.setattr(readiness, "accepts", never)
    monkeypatch.setattr(ContainerNetwork, "enter", never)
    image_or_skip()
    with Proxy() as proxy:
        monkeypatch.setenv("DOCKER_HOST", proxy.address)
        with deployed(tmp_path) as cluster:
            fault = Partition((Link("n2", "n1"),), "answers only")
            assert cluster.apply(fault).status == "installed"
            assert connect(cluster, "n1", cluster.addresses["n2"]) == "TimeoutError"
            assert cluster.undo(fault).status == "installed"
            assert connect(cluster, "n1", cluster.addresses["n2"]) == "n2"
    monkeypatch.delenv("DOCKER_HOST")
    assert of_runs(tmp_path.name) == []
