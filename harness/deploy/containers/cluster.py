"""A cluster of containers on the Docker Engine of this machine: one for each node, on a network of their own.

A node sees its folders of the run (see `harness.deploy.layout`) under the paths they have here, and of the
rest of this machine only the folder of a system that stands in a file of its own, to read. It gets no
capability, and what `-o cpus=` and `-o memory=` allow. Clients live in a container too, unless asked
otherwise.

Laws: leaving removes every container and the network, also when entering failed half-way; what a killed
controller left is removed before the next run begins; `apply` and `undo` may be called from another thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.deploy.cluster import Cluster
from harness.deploy.containers import engine, sharing
from harness.deploy.containers.clients import ClientContainers
from harness.deploy.containers.host import ContainerHost
from harness.deploy.containers.network import MAX_NODES, ContainerNetwork
from harness.deploy.containers.node import ContainerNode
from harness.deploy.layout import Layout, check_names
from harness.deploy.linux import ReceiverRules
from harness.deploy.places import CONTAINER, HOST, DockerOptions
from harness.deploy.readiness import wait_ready
from harness.deploy.seam import Host
from harness.errors import MissingPrerequisite
from harness.images import recipe
from harness.images.engine import EngineLost, address, faults
from nemeses.faults import CLIENTS
from systems.api import NodeSpec, System

PYTHON = recipe.INTERPRETER
CALL_S = 20  # what one call of the engine may take, so that one which is gone holds up nothing for long
LAST_S = 5  # and one that is asked to clean up although it did not answer before


class ContainerDeployment(Cluster):
    """A `Deployment` of `system`. image: what nodes run in. readable: folders of this machine that they may
    read.
    """

    def __init__(
        self,
        system: System,
        nodes: Sequence[str],
        options: Mapping[str, str],
        run_dir: Path,
        seeds: Mapping[str, int],
        *,
        client: Any,
        image: str,
        limits: DockerOptions,
        readable: Sequence[Path] = (),
        ready_timeout_s: float = 20.0,
    ) -> None:
        check_names(nodes, MAX_NODES)
        self.nodes = tuple(nodes)
        self.addresses: Mapping[str, str] = {}
        self.clients_address = ""
        self.python = PYTHON
        here = engine.is_here(client)
        self.place = f"containers of the Docker Engine {'on this machine' if here else f'at {address()}'}"
        self.clients_python = PYTHON if limits.clients == CONTAINER else sys.executable
        self._client = client
        self._image = image
        self._limits = limits
        self._readable = readable
        self._run_dir = run_dir
        self._run = run_dir.name
        self._ready_timeout_s = ready_timeout_s
        self._clients_made = ClientContainers(client, image, run_dir, readable)
        self._network = ContainerNetwork(client, self.nodes, self._run, image)
        self._specs: dict[str, NodeSpec] = {}
        self._running: dict[str, ContainerNode] = {}
        self._containers: dict[str, Any] = {}
        layout = Layout(system, options, run_dir, seeds, PYTHON)
        super().__init__(layout, ReceiverRules(self._network), self._specs, self._running)
        self._entered = False

    def __enter__(self) -> ContainerDeployment:
        """Start everything and wait until it is ready.

        Raises MissingPrerequisite for an engine that does not share what it must, ConfigError for a system
        that does not say properly how to run it, EnvironmentFault for what the engine refuses, or a node that
        dies or does not get ready. Nothing is left then.
        """
        self._require_reach(engine.is_here(self._client))
        engine.sweep(self._client)
        self._entered = True
        try:
            self._set_up_network()
            self.addresses = {name: self._network.addresses[name] for name in self.nodes}
            self.clients_address = self._network.addresses[CLIENTS]
            self._specs.update({name: self._layout.prepare(name, self.addresses) for name in self.nodes})
            with ThreadPoolExecutor(len(self.nodes)) as pool:
                for node in pool.map(self._make, self.nodes):
                    self._running[node.name] = node
                list(pool.map(lambda node: node.start(), self._running.values()))
            ports = {name: spec.ports for name, spec in self._specs.items()}
            accepting = None if self._network.enterable else self._network.accepting
            wait_ready(self._running, ports, self.addresses, self._ready_timeout_s, accepting)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def client_process(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start `argv` where clients live, with pipes; its standard error goes to clients.log."""
        if self._limits.clients == CONTAINER:
            made = self._clients_made.make(argv, self._network.keepers[CLIENTS])
            argv = (sys.executable, "-m", "harness.deploy.containers.attached", made.id)
        return super().client_process(argv)

    def _to_clients(self) -> tuple[str, ...]:
        return () if self._limits.clients == CONTAINER else self._network.enter(CLIENTS)

    def _require_reach(self, within: bool) -> None:
        if self._limits.clients == HOST and not within:
            raise MissingPrerequisite(
                f"-o clients=host: from here, no process can enter the network of a container of the Docker"
                f" Engine at {address()}",
                fix="leave it out (clients then live in a container), or run as root on the engine's machine"
                " and outside of containers, with DOCKER_HOST unset",
            )

    def _set_up_network(self) -> None:
        """The network, and meanwhile a look whether containers see our folders."""
        mounts = self._clients_made.mounts()
        with ThreadPoolExecutor(1) as pool:
            look = pool.submit(sharing.unseen, self._client, self._image, self._run_dir, mounts)
            self._network.set_up()
            sharing.require_folders(look.result(), [Path(mount["Source"]) for mount in mounts])
        self._require_reach(self._network.enterable)

    def host(self, name: str) -> Host:
        """The place of one node, while it is up."""
        return ContainerHost(name, self._containers[name])

    def _make(self, name: str) -> ContainerNode:
        spec = self._specs[name]
        home = self._layout.folder(name)
        mounts = sharing.bound({home: str(home)}, write=True)
        mounts += sharing.bound({path: str(path) for path in self._readable}, write=False)
        with faults(f"make the container of {name}"):
            container = self._client.containers.create(
                self._image,
                list(spec.argv),
                name=f"splitbrain-{self._run}-{name}",
                labels=engine.labels(self._run),
                network_mode=f"container:{self._network.keepers[name].id}",
                environment={"PATH": recipe.PATH, **spec.env},
                working_dir=str(home),
                mounts=mounts,
                user=f"{os.getuid()}:{os.getgid()}",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                **self._limits.for_engine(),
            )
        self._containers[name] = container
        *logs, stdout, stderr = self._layout.logs(name, spec)
        return ContainerNode(name, container, stdout, stderr, logs)

    def _leave(self) -> None:
        if not self._entered:
            return
        self._entered = False
        self._end_clients()
        ends = [self._clients_made.end, *(node.end for node in self._running.values())]
        try:
            with ThreadPoolExecutor(len(ends)) as pool:
                list(pool.map(lambda end: end(), ends))
        except EngineLost:
            self._client.api.timeout = LAST_S
            raise
        finally:
            engine.sweep(self._client, self._run)
