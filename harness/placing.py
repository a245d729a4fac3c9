"""Where a plan is carried out: the name of a place becomes a deployment.

Invariant: only what the place needs is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from harness.deploy.netns import LocalDeployment
from harness.deploy.places import DOCKER, HOSTS, KEEP, SSH, docker_options
from harness.deploy.seam import Deployment
from harness.errors import ConfigError
from harness.plan import RunPlan
from harness.seeds import Seeds
from systems.api import System


def check_hosts(path: str, nodes: int) -> None:
    """What is wrong with the hosts file is told before there is a run."""
    from harness.deploy.ssh.inventory import check_secrets, read

    inventory = read(path)
    check_secrets(inventory)
    if nodes > len(inventory.hosts):
        raise ConfigError(
            f"{nodes} nodes, and {len(inventory.hosts)} hosts in the hosts file",
            fix=f"add hosts to {path}, or run with --nodes {len(inventory.hosts)}",
        )


def deployment_of(plan: RunPlan, system: System, folder: Path, unavailable: Mapping[str, str]) -> Deployment:
    """Not entered yet. unavailable: kinds of faults that are left out, and why."""
    names = Seeds(plan.seed)
    run_dir, seeds = folder.resolve(), {name: names.number(f"node-{name}") for name in plan.nodes}
    if plan.place == DOCKER:
        return _containers(plan, system, run_dir, seeds)
    if plan.place == SSH:
        return _hosts(plan, system, run_dir, seeds)
    return LocalDeployment(
        system=system,
        nodes=plan.nodes,
        options=plan.options,
        run_dir=run_dir,
        seeds=seeds,
        python=sys.executable,
        ready_timeout_s=plan.ready_timeout_s,
        cuts="partition" not in unavailable,
    )


def _containers(plan: RunPlan, system: System, run_dir: Path, seeds: Mapping[str, int]) -> Deployment:
    from harness.deploy.containers.cluster import CALL_S, ContainerDeployment
    from harness.images import build, engine

    client = engine.connect(CALL_S)
    limits = docker_options(plan.place_options)
    own_file = Path(plan.system.rpartition(":")[0])
    return ContainerDeployment(
        system=system,
        nodes=plan.nodes,
        options=plan.options,
        run_dir=run_dir,
        seeds=seeds,
        client=client,
        image=build.require(client, limits.image),
        limits=limits,
        readable=[own_file.parent] if own_file.suffix == ".py" else [],
        ready_timeout_s=plan.ready_timeout_s,
    )


def _hosts(plan: RunPlan, system: System, run_dir: Path, seeds: Mapping[str, int]) -> Deployment:
    from harness.deploy.ssh.cluster import SshDeployment
    from harness.deploy.ssh.inventory import read
    from harness.deploy.ssh.sources import Sources

    own_file = Path(plan.system.rpartition(":")[0])
    return SshDeployment(
        system=system,
        nodes=plan.nodes,
        options=plan.options,
        run_dir=run_dir,
        seeds=seeds,
        inventory=read(plan.place_options[HOSTS]),
        cuts=any(fault.spec.kind == "partition" for fault in plan.faults.faults),
        sources=Sources(own_file.parent if own_file.suffix == ".py" else None),
        keep=KEEP in plan.place_options,
        ready_timeout_s=plan.ready_timeout_s,
    )
