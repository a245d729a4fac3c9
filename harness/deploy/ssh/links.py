"""The links of a cluster of hosts: rules in each host's own firewall, by nft as root.

Invariants: the way in by SSH is never cut; only our own table is made, changed and removed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harness.deploy.seam import Completed, Seen
from harness.deploy.ssh.host import SshHost
from harness.errors import EnvironmentFault, MissingPrerequisite
from nemeses import reached
from nemeses.faults import Partition

T = TypeVar("T")
RIGHTS = (
    "let {} run nft by sudo without a password (or name its variable in sudo_password_env), or log in as root"
)


class HostLinks:
    """Of hosts by node. seen_from: node -> place -> the address the node knows it by; filled later."""

    def __init__(self, hosts: Mapping[str, SshHost], seen_from: Mapping[str, Mapping[str, str]]) -> None:
        self._hosts = hosts
        self._seen_from = seen_from
        self.ready = False

    def set_up(self, ports: Mapping[str, int]) -> None:
        """Make the table everywhere; ports: node -> sshd's. Raises MissingPrerequisite without the right."""
        self._each({node: reached.install_argv(port) for node, port in ports.items()})
        self.ready = True

    def cut(self, fault: Partition) -> Seen:
        """Add its rules."""
        if not self.ready:
            raise EnvironmentFault("this run was not told that it would cut links")
        commands = reached.cut_argvs(fault, self._seen_from)
        self._each(commands)
        return _counters(self._each(dict.fromkeys(commands, reached.LIST)))

    def mend(self) -> Seen:
        """Flush every chain."""
        if not self.ready:
            return {}
        return _counters(self._each(dict.fromkeys(self._hosts, reached.LIST_AND_FLUSH)))

    def _each(self, argvs: Mapping[str, Sequence[str]]) -> dict[str, Completed]:
        return each({n: self._hosts[n] for n in argvs}, lambda host: as_root(host, argvs[host.name]))


def as_root(host: SshHost, argv: Sequence[str]) -> Completed:
    """Run as root. Raises MissingPrerequisite where sudo refuses, EnvironmentFault for a failure."""
    done = host.as_root(argv)
    if done.code == 0:
        return done
    said = done.stderr.decode(errors="replace").strip()
    if said.startswith("sudo:") or "not allowed to execute" in said or "incorrect password" in said:
        raise MissingPrerequisite(
            f"{host.name}: {host.entry.user} may not run {argv[0]} as root: {said.splitlines()[-1]}",
            fix=RIGHTS.format(host.entry.user),
        )
    raise EnvironmentFault(f"{host.name}: `{' '.join(argv[:3])}` failed ({done.code}): {said}")


def each(hosts: Mapping[str, SshHost], act: Callable[[SshHost], T]) -> dict[str, T]:
    """Do it at every host, side by side. Raises the first error when all have ended."""
    if not hosts:
        return {}
    with ThreadPoolExecutor(len(hosts)) as pool:
        futures = {name: pool.submit(act, host) for name, host in hosts.items()}
    return {name: future.result() for name, future in futures.items()}


def _counters(listed: Mapping[str, Completed]) -> Seen:
    return reached.parse_counters({node: done.stdout for node, done in listed.items()})
