"""The network of a cluster of containers: a bridge of its own, and one *keeper* for each place.

A keeper is a container that does nothing but hold a network namespace; a node's container joins it. So a
node that is killed and started again finds its address, and the cuts of its links, as it left them.

Invariants: no place can reach the world outside; every place has the table of faults from the start; the
commands of faults run from this machine in the namespace where that is possible, otherwise in the keeper.
"""

from __future__ import annotations

import ipaddress
import os
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

from harness.deploy.commands import run_all
from harness.deploy.containers.engine import is_here, labels
from harness.deploy.containers.host import ContainerHost
from harness.deploy.containers.sharing import BOOT, require_kernel
from harness.deploy.seam import Completed
from harness.errors import EnvironmentFault
from harness.images import recipe
from harness.images.engine import faults
from nemeses import linux
from nemeses.faults import CLIENTS

FIRST_NODE, CLIENTS_HOST, MAX_NODES = 10, 200, 25
POOL = ipaddress.ip_network("10.78.0.0/16")  # a /24 of it for each run
ATTEMPTS = 40
COMMAND_S = 10.0
IDLE = ("sleep", "infinity")


PROBE = """
import socket, sys
for target in sys.argv[1:]:
    host, port = target.split()
    try:
        socket.create_connection((host, int(port)), 0.2).close()
    except OSError:
        continue
    print(target)
"""


class ContainerNetwork:
    """The places (nodes and CLIENTS) of one cluster. `addresses`: place -> address, once it is set up."""

    def __init__(self, client: Any, nodes: Sequence[str], run: str, image: str) -> None:
        self._client = client
        self._places = (*nodes, CLIENTS)
        self._run = run
        self._image = image
        self.enterable = is_here(client)  # and, once a keeper is up, if that proves to be so
        self._network: Any = None
        self._pids: dict[str, int] = {}
        self.keepers: dict[str, Any] = {}
        self.addresses: Mapping[str, str] = MappingProxyType({})

    def set_up(self) -> None:
        """Make it all. Raises EnvironmentFault with what the engine said."""
        subnet = self._make_network()
        hosts = [*range(FIRST_NODE, FIRST_NODE + len(self._places) - 1), CLIENTS_HOST]
        self.addresses = MappingProxyType(
            {place: str(subnet[host]) for place, host in zip(self._places, hosts, strict=True)}
        )
        with ThreadPoolExecutor(len(self._places)) as pool:
            self.keepers = dict(zip(self._places, pool.map(self._keep, self._places), strict=True))
        self._examine()
        self.run(dict.fromkeys(self._places, linux.install_argv()))

    def _examine(self) -> None:
        """Whose kernel it is, and whether its processes have the numbers that the engine says.

        They have others where this program is in a container itself; to enter by number would then be to
        enter somebody else's network.
        """
        shown = ("sh", "-c", f"cat {BOOT} && stat -Lc %i /proc/self/ns/net")
        boot, inode = self._exec(CLIENTS, shown).stdout.decode().split()
        require_kernel(boot)
        if self.enterable:
            try:
                self.enterable = os.stat(f"/proc/{self._pids[CLIENTS]}/ns/net").st_ino == int(inode)
            except OSError:
                self.enterable = False

    def accepting(self, targets: Sequence[tuple[str, int]]) -> set[tuple[str, int]]:
        """Those of (address, port) that accept connections from where clients are."""
        if not targets:
            return set()
        argv = (recipe.INTERPRETER, "-I", "-S", "-c", PROBE, *(f"{host} {port}" for host, port in targets))
        lines = self._exec(CLIENTS, argv).stdout.decode().splitlines()
        return {(host, int(port)) for host, port in (line.split() for line in lines)}

    def _make_network(self) -> ipaddress.IPv4Network:
        """A network whose addresses nobody else has: the engine knows, so ask it until it agrees."""
        import docker.errors
        import docker.types

        subnets = [s for s in POOL.subnets(new_prefix=24) if isinstance(s, ipaddress.IPv4Network)]
        # Where to begin looking has nothing to do with the run's plan.
        for subnet in random.SystemRandom().sample(subnets, ATTEMPTS):
            pools = [docker.types.IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))]
            try:
                with faults(f"make the network {subnet}"):
                    self._network = self._client.networks.create(
                        f"splitbrain-{self._run}",
                        driver="bridge",
                        internal=True,
                        labels=labels(self._run),
                        ipam=docker.types.IPAMConfig(pool_configs=pools),
                    )
                return subnet
            except EnvironmentFault as error:
                if "overlaps" not in str(error):
                    raise
        raise EnvironmentFault(f"no part of {POOL} is free", fix="remove networks: `docker network prune`")

    def _keep(self, place: str) -> Any:
        with faults(f"make the keeper of {place}"):
            here = self._client.api.create_endpoint_config(ipv4_address=self.addresses[place])
            keeper = self._client.containers.create(
                self._image,
                IDLE,
                name=f"splitbrain-{self._run}-{place}-net",
                hostname=place,
                labels=labels(self._run),
                network=self._network.name,
                networking_config={self._network.name: here},
                cap_drop=["ALL"],
                cap_add=["NET_ADMIN"],  # for the commands of faults, where they cannot be run from here
                security_opt=["no-new-privileges"],
                mem_limit="64m",
            )
            keeper.start()
            keeper.reload()
        self._pids[place] = keeper.attrs["State"]["Pid"]
        return keeper

    def enter(self, place: str) -> tuple[str, ...]:
        """What to put before an argument vector to run a program of this machine at `place`."""
        return ("nsenter", f"--net=/proc/{self._pids[place]}/ns/net", "--")

    def run(self, argvs: Mapping[str, Sequence[str]]) -> dict[str, Completed]:
        """Run one command at each place, side by side. Raises EnvironmentFault if one fails."""
        if self.enterable:
            return run_all({place: ((*self.enter(place), *argv), b"") for place, argv in argvs.items()})
        if not argvs:
            return {}
        with ThreadPoolExecutor(len(argvs)) as pool:
            done = dict(zip(argvs, pool.map(self._exec, argvs, argvs.values()), strict=True))
        for place, completed in done.items():
            if completed.code:
                said = completed.stderr.decode(errors="replace").strip()
                raise EnvironmentFault(f"{place}: `{' '.join(argvs[place])}` failed: {said}")
        return done

    def _exec(self, place: str, argv: Sequence[str]) -> Completed:
        return ContainerHost(place, self.keepers[place]).exec(argv, timeout_s=COMMAND_S)
