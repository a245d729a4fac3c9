"""The places at which the conformance body runs, and what can be seen of a node's processes there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.deploy import processes
from harness.deploy.containers.cluster import ContainerDeployment
from harness.deploy.places import DockerOptions
from harness.images.engine import connect
from tests.harness.deploy.fake import Cluster, EchoSystem, local
from tests.harness.deploy.inside import ROOT

PLACE = os.environ.get("SPLITBRAIN_TEST_PLACE", "local")
IMAGE = "SPLITBRAIN_TEST_IMAGE"


def deployed(folder: Path, count: int, system: EchoSystem, **more: Any) -> Any:
    """A deployment of so many nodes in a new folder, not entered."""
    if PLACE == "local":
        return local(folder, count, system, **more)
    nodes = [f"n{i}" for i in range(1, count + 1)]
    return ContainerDeployment(
        system,
        nodes,
        {},
        folder,
        {name: 100 + i for i, name in enumerate(nodes)},
        client=connect(),
        image=os.environ[IMAGE],
        limits=DockerOptions(),
        readable=[ROOT],
        **more,
    )


def states(cluster: Cluster) -> tuple[list[str], list[str]]:
    """The states of the two processes of n4 when paused, and when not."""
    return (["T", "T"], ["S", "S"]) if PLACE == "local" else (["D", "D"], ["S", "S"])


def states_of(cluster: Any, name: str) -> list[str]:
    """The states of the processes of a node."""
    pids = processes.living_in(cluster._network.inode(name)) if PLACE == "local" else _listed(cluster, name)
    return sorted(stat.state for stat in map(processes.stat_of, pids) if stat)


def _listed(cluster: Any, name: str) -> list[int]:
    """What the engine lists of a container; nothing if it does not run."""
    container = cluster._containers[name]
    container.reload()
    if not container.attrs["State"]["Running"]:
        return []
    return [int(row[0]) for row in container.top(ps_args="-eo pid,comm")["Processes"]]
