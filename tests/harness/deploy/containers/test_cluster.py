"""What goes wrong with containers: programs that are not there, memory that runs out, nodes that die."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.deploy.containers.cluster import PYTHON, ContainerDeployment
from harness.deploy.places import DockerOptions
from harness.errors import ConfigError, EnvironmentFault
from systems.api import Client, ClientContext, NodeContext, NodeSpec
from tests.engine import client_or_skip, image_or_skip, of_runs
from tests.harness.deploy.fake import EchoSystem, eventually
from tests.harness.deploy.inside import ROOT

LIMITED = DockerOptions(memory=64 << 20)
TOLD = "out of its memory limit"
EATS = "print('eating', flush=True); x = bytearray(200 << 20); time.sleep(60)"
# Told by a file in its folder, so that the cluster is ready before the memory is gone.
EATS_WHEN_TOLD = f"while not os.path.exists('data/eat'): time.sleep(0.01)\n{EATS}"


@dataclass
class Program:
    """Nodes that run some program."""

    argv: tuple[str, ...]
    ports: tuple[int, ...] = ()

    def node(self, ctx: NodeContext) -> NodeSpec:
        return NodeSpec(self.argv, self.ports)

    def client(self, ctx: ClientContext) -> Client:
        raise NotImplementedError


def eater(text: str, ports: tuple[int, ...] = ()) -> Program:
    """Nodes that run this Python text."""
    return Program((PYTHON, "-c", f"import os, time\n{text}"), ports)


def deployed(
    folder: Path, system: EchoSystem | Program, limits: DockerOptions | None = None, ready_s: float = 10.0
) -> ContainerDeployment:
    return ContainerDeployment(
        system,
        ("n1", "n2"),
        {},
        folder,
        {"n1": 1, "n2": 2},
        client=client_or_skip(),
        image=image_or_skip(),
        limits=limits or DockerOptions(),
        readable=[ROOT],
        ready_timeout_s=ready_s,
    )


def test_a_program_that_the_image_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"start the container of n[12]: .*no-such-program"):
        deployed(tmp_path, Program(("no-such-program",))).__enter__()
    assert of_runs(tmp_path.name) == []


def test_a_node_that_ends_at_once_is_told_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"ended while it started \(exit code 3\)") as raised:
        deployed(tmp_path, EchoSystem({"n2": "die"})).__enter__()
    assert "this node dies" in str(raised.value)
    assert of_runs(tmp_path.name) == []


def test_a_node_that_never_listens_is_named_after_the_time_limit(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"n1 did not accept connections on .* within 1 s"):
        deployed(tmp_path, EchoSystem({"n1": "deaf"}), ready_s=1).__enter__()
    assert of_runs(tmp_path.name) == []


def test_a_node_that_the_kernel_kills_for_memory_died_of_that(tmp_path: Path) -> None:
    with deployed(tmp_path, eater(EATS_WHEN_TOLD), LIMITED) as cluster:
        assert cluster.check_alive() == []
        for name in cluster.nodes:
            (tmp_path / "nodes" / name / "data" / "eat").touch()
        eventually(lambda: len(cluster.check_alive()) == 2, "both died")
        assert f"n1 died by itself (killed by the kernel: {TOLD})" in cluster.check_alive()[0]
        assert "eating" in cluster.check_alive()[0]
    assert of_runs(tmp_path.name) == []


def test_a_node_that_the_kernel_kills_while_it_starts_is_told_with_the_limit(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=rf"n[12] ended while it started \(.*{TOLD}\)") as raised:
        # It never listens, so no look is quick enough to find it ready.
        deployed(tmp_path, eater(EATS, ports=(7000,)), LIMITED).__enter__()
    assert "eating" in str(raised.value)
    assert of_runs(tmp_path.name) == []


def test_a_container_removed_by_a_stranger_is_an_environment_fault(tmp_path: Path) -> None:
    with deployed(tmp_path, EchoSystem()) as cluster:
        client_or_skip().containers.get(f"splitbrain-{tmp_path.name}-n1").remove(force=True)
        with pytest.raises(EnvironmentFault, match=r"look at the container of n1: .*[Nn]o such container"):
            cluster.check_alive()
    assert of_runs(tmp_path.name) == []


def test_limits_arrive_at_the_engine(tmp_path: Path) -> None:
    with deployed(tmp_path, EchoSystem(), DockerOptions(cpus=0.5, memory=64 << 20)):
        config = client_or_skip().containers.get(f"splitbrain-{tmp_path.name}-n1").attrs["HostConfig"]
        assert (config["NanoCpus"], config["Memory"], config["CapDrop"]) == (500_000_000, 64 << 20, ["ALL"])
        assert not config["Privileged"]


def test_too_many_nodes_are_refused(tmp_path: Path) -> None:
    names = [f"n{i}" for i in range(1, 27)]
    with pytest.raises(ConfigError, match="26 nodes on one machine"):
        ContainerDeployment(
            EchoSystem(), names, {}, tmp_path, {}, client=None, image="", limits=DockerOptions()
        )
