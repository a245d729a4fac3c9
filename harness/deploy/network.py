"""The network of a local cluster: one namespace per node, one for the clients, joined by a bridge.

Invariants: everything is made inside the namespaces of `harness.deploy.namespaces`, never on the host's own
network; every place has the table of faults from the start, so that a fault is one `nft` call later on,
unless it was made without: then no link can be cut.
Addresses: the controller 10.77.0.1 (never cut), nodes from 10.77.0.10 on, clients 10.77.0.200.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from harness.deploy.commands import run, run_all
from harness.deploy.seam import Completed
from harness.errors import EnvironmentFault
from nemeses import linux
from nemeses.faults import CLIENTS

CONTROLLER = "10.77.0.1"
CLIENTS_ADDRESS = "10.77.0.200"
FIRST_NODE, MAX_NODES = 10, 190
BRIDGE = "splitbrain0"


def node_addresses(nodes: Sequence[str]) -> Mapping[str, str]:
    """Name -> address, in order."""
    return MappingProxyType({name: f"10.77.0.{FIRST_NODE + i}" for i, name in enumerate(nodes)})


class Network:
    """The places (nodes and CLIENTS) of one cluster. `addresses`: place -> address."""

    def __init__(self, nodes: Sequence[str]) -> None:
        self.addresses = MappingProxyType({**node_addresses(nodes), CLIENTS: CLIENTS_ADDRESS})
        self._cables = {place: f"cable{number}" for number, place in enumerate(self.addresses)}

    def set_up(self, *, tables: bool = True) -> None:
        """Make it all, the tables of faults too unless `tables` is false. Raises EnvironmentFault with what
        `ip` or `nft` said.
        """
        run_all({"network": (("ip", "-batch", "-"), self._frame())})
        jobs: dict[str, tuple[Sequence[str], bytes]] = {}
        for place, address in self.addresses.items():
            lines = ("link set lo up", f"addr add {address}/24 dev eth0", "link set eth0 up")
            jobs[f"{place} address"] = (("ip", "-netns", place, "-batch", "-"), _batch(lines))
            if tables:
                jobs[f"{place} table"] = ((*self.enter(place), *linux.install_argv()), b"")
        run_all(jobs)

    def _frame(self) -> bytes:
        lines = [f"netns add {place}" for place in self.addresses]
        lines += [f"link add {BRIDGE} type bridge", f"addr add {CONTROLLER}/24 dev {BRIDGE}"]
        for place, cable in self._cables.items():
            lines.append(f"link add {cable} type veth peer name eth0 netns {place}")
            lines.append(f"link set {cable} master {BRIDGE} up")
        return _batch([*lines, f"link set {BRIDGE} up"])

    def tear_down(self) -> None:
        """Remove all of it that is there. Raises EnvironmentFault if something is left."""
        lines = [f"link del {cable}" for cable in self._cables.values()]
        lines += [f"link del {BRIDGE}", *(f"netns del {place}" for place in self.addresses)]
        # -force: go on after a failure; after a set-up that failed half-way some of it was never there.
        done = run(("ip", "-force", "-batch", "-"), _batch(lines))
        left = [place for place in self.addresses if os.path.exists(self.path(place))]
        if left:
            said = done.stderr.decode(errors="replace").strip()
            raise EnvironmentFault(f"network namespaces are left: {', '.join(left)}: {said}")

    @staticmethod
    def path(place: str) -> str:
        """The file that stands for a place's namespace."""
        return f"/run/netns/{place}"

    def enter(self, place: str) -> tuple[str, ...]:
        """What to put before an argument vector to run it at `place`; it becomes that process itself."""
        return ("nsenter", f"--net={self.path(place)}", "--")

    def inode(self, place: str) -> int:
        """What /proc/PID/ns/net leads to for a process at `place`."""
        return os.stat(self.path(place)).st_ino

    def run(self, argvs: Mapping[str, Sequence[str]]) -> dict[str, Completed]:
        """Run one command at each place, side by side. Raises EnvironmentFault if one fails."""
        return run_all({place: ((*self.enter(place), *argv), b"") for place, argv in argvs.items()})


def _batch(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
