"""The places at which the conformance body runs, and what can be seen of a node's processes there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.deploy import processes
from harness.deploy.containers.cluster import ContainerDeployment
from harness.deploy.places import DockerOptions
from harness.deploy.ssh.cluster import SshDeployment
from harness.deploy.ssh.inventory import read
from harness.deploy.ssh.sources import Sources
from harness.errors import EnvironmentFault
from harness.images.engine import connect
from tests.harness.deploy.fake import ECHO, Cluster, EchoSystem, local
from tests.harness.deploy.inside import ROOT

PLACE = os.environ.get("SPLITBRAIN_TEST_PLACE", "local")
IMAGE = "SPLITBRAIN_TEST_IMAGE"
HOSTS = "SPLITBRAIN_TEST_HOSTS"


def deployed(folder: Path, count: int, system: EchoSystem, **more: Any) -> Any:
    """A deployment of so many nodes in a new folder, not entered."""
    if PLACE == "local":
        return local(folder, count, system, **more)
    nodes = [f"n{i}" for i in range(1, count + 1)]
    if PLACE == "ssh":
        return SshDeployment(
            system,
            nodes,
            {},
            folder,
            {name: 100 + i for i, name in enumerate(nodes)},
            inventory=read(os.environ[HOSTS]),
            sources=Sources(Path(ECHO).parent),
            **more,
        )
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
    return (["D", "D"], ["S", "S"]) if PLACE == "docker" else (["T", "T"], ["S", "S"])


def states_of(cluster: Any, name: str) -> list[str]:
    """The states of the processes of a node."""
    if PLACE == "ssh":
        return _on_host(cluster, name)
    pids = processes.living_in(cluster._network.inode(name)) if PLACE == "local" else _listed(cluster, name)
    return sorted(stat.state for stat in map(processes.stat_of, pids) if stat)


def _on_host(cluster: Any, name: str) -> list[str]:
    """Of those that run the node's program."""
    listed = cluster.host(name).exec(("ps", "-eo", "stat=,args="), timeout_s=10).stdout.decode()
    return sorted(line[0] for line in listed.splitlines() if f"echo.py {name} " in line)


def _listed(cluster: Any, name: str) -> list[int]:
    """What the engine lists of a container; nothing if it does not run."""
    container = cluster._containers[name]
    container.reload()
    if not container.attrs["State"]["Running"]:
        return []
    return [int(row[0]) for row in container.top(ps_args="-eo pid,comm")["Processes"]]


def read_data(cluster: Any, folder: Path, name: str, file: str) -> str | None:
    """What a file in a node's data folder holds; None if it is not there."""
    if PLACE != "ssh":
        path = folder / "nodes" / name / "data" / file
        return path.read_text() if path.exists() else None
    try:
        return str(cluster.host(name).get(f"{cluster._home(name)}/data/{file}", timeout_s=10).decode())
    except EnvironmentFault as error:
        if "No such file" not in str(error):
            raise
        return None
