"""A cluster on machines that are reached by SSH: the n-th node on the n-th host of the hosts file.

What a run brings is in a folder of its own on each host and is removed at the end. Clients are processes of
this machine; where there is a jump host, they reach the nodes through it.

Laws: leaving takes away everything on every host that still answers, also when entering failed half-way or
another host is gone; `apply` and `undo` may be called from another thread; a host that does not answer is a
failure of the machine, never of the system under test.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.deploy.cluster import Cluster
from harness.deploy.layout import Layout, check_names
from harness.deploy.readiness import wait_ready
from harness.deploy.seam import Host
from harness.deploy.ssh import program, stay
from harness.deploy.ssh.connection import Lost
from harness.deploy.ssh.examination import Examined, examine, refuse_tools
from harness.deploy.ssh.follower import Follower
from harness.deploy.ssh.forward import Forward, loopback_address
from harness.deploy.ssh.host import SshHost
from harness.deploy.ssh.inventory import Inventory
from harness.deploy.ssh.links import HostLinks, each
from harness.deploy.ssh.node import SshNode
from harness.deploy.ssh.sources import Sources
from harness.errors import EnvironmentFault, SplitbrainError
from nemeses.faults import CLIENTS
from systems.api import NodeSpec, System

GRACE_S = 1.0  # between SIGTERM and SIGKILL
MAX_NODES = 100


class SshDeployment(Cluster):
    """A `Deployment` of `system`. seeds: node -> its stream's number. cuts: whether links will be cut, which
    takes root on the hosts. sources: of a system in a file of its own. keep: leave the run's folders there.
    """

    place = "machines reached by SSH"
    clients_address = ""

    def __init__(
        self,
        system: System,
        nodes: Sequence[str],
        options: Mapping[str, str],
        run_dir: Path,
        seeds: Mapping[str, int],
        *,
        inventory: Inventory,
        cuts: bool = True,
        sources: Sources | None = None,
        keep: bool = False,
        ready_timeout_s: float = 20.0,
    ) -> None:
        check_names(nodes, MAX_NODES)
        self.nodes = tuple(nodes)
        self.addresses: Mapping[str, str] = {}
        self.python = ""
        self._run_dir = run_dir
        self._run = run_dir.name
        self._jumps = inventory.jump is not None
        self._hosts = {
            name: SshHost(name, entry, inventory.jump)
            for name, entry in zip(nodes, inventory.hosts[: len(nodes)], strict=True)
        }
        self._cuts = cuts
        self._sources = sources or Sources()
        self._keep = keep
        self._ready_timeout_s = ready_timeout_s
        self._seen_from: dict[str, dict[str, str]] = {}
        self._begun: set[str] = set()
        self._specs: dict[str, NodeSpec] = {}
        self._running: dict[str, SshNode] = {}
        self._followers: dict[str, Follower] = {}
        self._forwards: list[Forward] = []
        layout = Layout(system, options, run_dir, seeds, "")
        self._links = HostLinks(self._hosts, self._seen_from)
        super().__init__(layout, self._links, self._specs, self._running)

    def __enter__(self) -> SshDeployment:
        """Start everything and wait until it is ready.

        Raises MissingPrerequisite for a host that lacks something or does not let us in, ConfigError for a
        system that does not say properly how to run it, EnvironmentFault for a host that fails, or a node
        that dies or does not get ready. Nothing is left then on hosts that answer.
        """
        try:
            examined = each(self._hosts, examine)
            self._note(examined)
            each(self._hosts, self._begin)
            pythons = each(self._hosts, lambda host: self._install(host, examined[host.name]))
            if self._cuts:
                self._links.set_up({name: e.ssh_port for name, e in examined.items()})
            inside = {name: examined[name].inside for name in self.nodes}
            each(self._hosts, lambda host: self._prepare(host, inside, pythons[host.name]))
            for part in (self._specs, self._running):  # in the nodes' order, not in that of their answers
                _in_order(part, self.nodes)
            self.python = next(iter(pythons.values()))
            each(self._hosts, lambda host: self._running[host.name].start())
            self.addresses = self._reachable(inside)
            ports = {name: spec.ports for name, spec in self._specs.items()}
            wait_ready(self._running, ports, self.addresses, self._ready_timeout_s)
        except BaseException:
            with contextlib.suppress(SplitbrainError):  # the first failure tells more
                self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def host(self, name: str) -> Host:
        """The machine of one node."""
        return self._hosts[name]

    def log_files(self) -> Mapping[str, Sequence[Path]]:
        """Node -> the copies here of the files of its spec, then of its outputs. They may not exist yet."""
        return {n: self._layout.logs(n, spec, there=self._home(n)) for n, spec in self._specs.items()}

    def _note(self, examined: Mapping[str, Examined]) -> None:
        self.clock_offsets = {name: e.ahead_ns for name, e in examined.items()}
        self.clients_address = next(iter(examined.values())).clients
        inside = {name: e.inside for name, e in examined.items()}
        self._seen_from.update({name: {**inside, CLIENTS: e.clients} for name, e in examined.items()})
        for name, e in examined.items():
            refuse_tools(name, e.tools, ("timeout", *(("nft",) if self._cuts else ())))

    def _begin(self, host: SshHost) -> None:
        stay.begin(host, self._run)
        self._begun.add(host.name)

    def _install(self, host: SshHost, examined: Examined) -> str:
        return program.install(host, examined.python, examined.machine)

    def _home(self, name: str) -> str:
        return posixpath.join(stay.run_folder(self._hosts[name], self._run), name)

    def _prepare(self, host: SshHost, inside: Mapping[str, str], python: str) -> None:
        """Make the node's folders and files on its host, and all that watches it."""
        name, home = host.name, self._home(host.name)
        timeout_s = host.entry.call_timeout
        spec = self._layout.prepare(name, inside, there=home, python=python)
        there = self._sources.put(host, posixpath.join(stay.run_folder(host, self._run), "system"), timeout_s)
        host.exec(("mkdir", "-p", f"{home}/data"), timeout_s=timeout_s)
        for path, content in spec.files.items():
            host.put(posixpath.join(f"{home}/data", path), content.encode(), timeout_s=timeout_s)
        spec = there.moved(spec)
        *logs, stdout, stderr = self._layout.logs(name, spec, there=home)
        files = {
            f"{home}/{path.relative_to(self._layout.folder(name))}": path for path in (*logs, stdout, stderr)
        }
        follower = Follower(host, home, files, stay.claim_path(host))
        self._specs[name] = spec
        self._running[name] = SshNode(
            host, home, f"{self._run}/{name}", spec.argv, spec.env, (stderr, stdout, *logs), follower
        )
        self._followers[name] = follower
        follower.start()

    def _reachable(self, inside: Mapping[str, str]) -> Mapping[str, str]:
        """The addresses by which clients reach the nodes."""
        if not self._jumps:
            return inside
        found = {}
        for number, (name, address) in enumerate(inside.items()):
            found[name] = loopback_address(number)
            forward = Forward(self._hosts[name], address, found[name], self._specs[name].ports)
            self._forwards.append(forward)
        return found

    def _leave(self) -> None:
        self._end_clients()
        for forward in self._forwards:
            forward.close()
        with ThreadPoolExecutor(len(self._hosts)) as pool:
            problems = [p for found in pool.map(self._leave_host, self._hosts.values()) for p in found]
        if self._keep and self._begun:
            entry = self._hosts[min(self._begun)].entry
            self.kept = (f"kept on every host (--keep): {entry.folder}/runs/{self._run}",)
        self._begun.clear()
        if problems:
            raise EnvironmentFault(
                "; ".join(dict.fromkeys(problems)),
                fix="`splitbrain doctor --on ssh --hosts FILE --cleanup` removes it when they answer",
            )

    def _leave_host(self, host: SshHost) -> list[str]:
        """Every step is tried, whatever became of those before; a host that is gone is not asked twice."""
        problems: list[str] = []
        steps: list[Callable[[], None]] = []
        if host.name in self._running:
            steps += [partial(self._running[host.name].end, GRACE_S), self._followers[host.name].stop]
        if host.name in self._begun:
            steps.append(partial(stay.leave, host, self._run, keep=self._keep))
        for step in steps:
            try:
                step()
            except EnvironmentFault as error:
                problems.append(error.problem)
                if isinstance(error, Lost):
                    break
        if host.name in self._followers:
            self._followers[host.name].halt()
        host.close()
        return problems


def _in_order(found: dict[str, Any], names: Sequence[str]) -> None:
    whole = {name: found[name] for name in names}
    found.clear()
    found.update(whole)
