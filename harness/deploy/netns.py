"""A cluster on this machine: one network namespace per node, inside the namespaces of
`harness.deploy.namespaces`.

Laws: leaving stops every process and removes the network, also when entering failed half-way or twice;
`apply` and `undo` may be called from another thread than the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from harness.deploy import namespaces, processes
from harness.deploy.cluster import Cluster
from harness.deploy.host import NamespaceHost
from harness.deploy.layout import Layout, check_names
from harness.deploy.linux import NoRules, ReceiverRules
from harness.deploy.network import CLIENTS_ADDRESS, MAX_NODES, Network, node_addresses
from harness.deploy.node import Node, NodeCommand, node_environment
from harness.deploy.readiness import wait_ready
from harness.deploy.seam import Host
from harness.errors import ConfigError, EnvironmentFault, HarnessBug
from nemeses.faults import CLIENTS
from systems.api import NodeSpec, System

GRACE_S = 1.0  # between SIGTERM and SIGKILL


class LocalDeployment(Cluster):
    """A `Deployment` of `system`. seeds: node -> its stream's number.

    python: the interpreter for node programs. cuts: whether links will be cut; without, the kernel need not
    know nft.
    """

    def __init__(
        self,
        system: System,
        nodes: Sequence[str],
        options: Mapping[str, str],
        run_dir: Path,
        seeds: Mapping[str, int],
        *,
        python: str = sys.executable,
        ready_timeout_s: float = 20.0,
        cuts: bool = True,
    ) -> None:
        check_names(nodes, MAX_NODES)
        self.nodes = tuple(nodes)
        self.addresses = node_addresses(self.nodes)
        self.clients_address = CLIENTS_ADDRESS
        self.python = python
        self.place = f"network namespaces on this machine ({namespaces.mode()} mode)"
        self._run_dir = run_dir
        self._ready_timeout_s = ready_timeout_s
        self._cuts = cuts
        self._network = Network(self.nodes)
        self._specs: dict[str, NodeSpec] = {}
        self._running: dict[str, Node] = {}
        layout = Layout(system, options, run_dir, seeds, python)
        links = ReceiverRules(self._network) if cuts else NoRules()
        super().__init__(layout, links, self._specs, self._running)
        self._entered = False

    def __enter__(self) -> LocalDeployment:
        """Start everything and wait until it is ready.

        Raises ConfigError for a system that does not say properly how to run it, EnvironmentFault for a
        network that cannot be made, or a node that dies or does not get ready. Nothing is left then.
        """
        if not namespaces.is_inside():
            raise HarnessBug("a local cluster may only be set up inside harness.deploy.namespaces.enter")
        _check_folder(self._run_dir)
        self._specs.update({name: self._layout.prepare(name, self.addresses) for name in self.nodes})
        self._entered = True
        try:
            self._network.set_up(tables=self._cuts)
            for name, spec in self._specs.items():
                self._running[name] = Node(self._command(name, spec))
                self._running[name].start()
            ports = {name: spec.ports for name, spec in self._specs.items()}
            wait_ready(self._running, ports, self.addresses, self._ready_timeout_s)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _to_clients(self) -> tuple[str, ...]:
        return self._network.enter(CLIENTS)

    def host(self, name: str) -> Host:
        """The place of one node, while it is up."""
        return NamespaceHost(self._running[name], self._network)

    def _command(self, name: str, spec: NodeSpec) -> NodeCommand:
        *logs, stdout, stderr = self._layout.logs(name, spec)
        return NodeCommand(
            name=name,
            argv=(*self._network.enter(name), *spec.argv),
            env=node_environment(spec.env),
            inode=self._network.inode(name),
            stdout=stdout,
            stderr=stderr,
            logs=tuple(logs),
        )

    def _leave(self) -> None:
        if not self._entered:
            return
        self._entered = False
        self._end_clients()
        for node in self._running.values():
            node.ask_to_end()
        processes.wait_until(lambda: all(n.is_gone() for n in self._running.values()), GRACE_S)
        # A list first: every node is to be ended, also after one that would not.
        stuck = [node.name for node in list(self._running.values()) if not node.end()]
        self._network.tear_down()
        if stuck:
            raise EnvironmentFault(f"processes of {', '.join(stuck)} did not die by SIGKILL")


def _check_folder(run_dir: Path) -> None:
    if run_dir.resolve().is_relative_to("/run"):
        raise ConfigError(
            f"the run folder {run_dir} is under /run, which is private to a run and vanishes with it",
            fix="put runs elsewhere",
        )
