"""What runs in containers need: an engine, the image of nodes, a namespace that can be entered, rules in it.

Invariants: what is made carries the labels of a run of this process, and is removed; each call of the engine
has a time limit.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from harness.deploy.containers.engine import is_here, labels, sweep
from harness.deploy.containers.network import IDLE, ContainerNetwork
from harness.deploy.seam import Completed
from harness.doctor.container_checks import CONTAINER, ENGINE, IMAGE, NAMES, NAMESPACE, RULES, SIGNALS
from harness.doctor.finding import Check, Finding, tried
from harness.doctor.rules import dropped, ran
from harness.errors import EnvironmentFault
from harness.images import base, build, engine, recipe
from nemeses import linux
from nemeses.faults import CLIENTS

__all__ = ["CALL_S", "NAMES", "Trial", "findings"]

CALL_S = 15  # for calls that take a fraction of a second: an engine that needs more is in trouble
KILLED = 128 + 9


def findings(options: Mapping[str, str], wanted: Collection[str] | None = None) -> list[Finding]:
    """Tries what is `wanted` (None: all), as far as it gets. options: those of the place, e.g. `image`."""
    return Trial(options).findings(wanted)


class Trial:
    """One trial. options: those of the place."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = options
        self._name = f"doctor-{os.getpid()}"
        self._client: Any = None
        self._image = ""
        self._container: Any = None

    def findings(self, wanted: Collection[str] | None) -> list[Finding]:
        """Tries what is `wanted` (None: all), as far as it gets."""
        try:
            found = tried(self._checks(), wanted)
        finally:
            left = self._removed()
        return [*found, *left]

    def _checks(self) -> list[Check]:
        return [
            Check(ENGINE, "makes the containers", "apt-get install docker.io", self._connect),
            Check(
                IMAGE, "what nodes run in", "splitbrain image build --offline", self._find, after=(ENGINE,)
            ),
            Check(CONTAINER, "a node is one", "look at `docker info`", self._make, after=(IMAGE,)),
            Check(
                NAMESPACE,
                "clients live in one, and faults are rules in it",
                "run as root",
                self._enter,
                after=(CONTAINER,),
            ),
            Check(
                SIGNALS,
                "pause and kill are the engine's",
                "an engine with the cgroup freezer: look at `docker info`",
                self._signal,
                after=(CONTAINER,),
            ),
            Check(
                RULES,
                "partitions are rules, and their counters the evidence",
                "a kernel with nf_tables: modprobe nf_tables; apt-get install nftables",
                self._cut,
                after=(NAMESPACE,),
            ),
        ]

    def _connect(self) -> str:
        client = engine.connect(timeout_s=CALL_S)
        with engine.faults("say its version"):
            version = client.version()
        self._client = client
        return f"Docker Engine {version['Version']}, API {version['ApiVersion']}, {version['Arch']}"

    def _find(self) -> str:
        name = self._options.get("image") or build.require(self._client)
        if not base.exists(self._client, name):
            raise EnvironmentFault(f"no image {name} (-o image=) at {engine.address()}")
        self._image = name
        return name

    def _make(self) -> str:
        with engine.faults("run a container"):
            self._container = self._client.containers.create(
                self._image,
                list(IDLE),
                name=f"splitbrain-{self._name}",
                labels=labels(self._name),
                network_mode="none",
                cap_drop=["ALL"],
            )
            self._container.start()
            self._container.reload()
        return "made and started"

    def _enter(self) -> str:
        if not is_here(self._client):
            return "not ours to enter: faults are commands in the containers themselves"
        enter = ("nsenter", f"--net=/proc/{self._container.attrs['State']['Pid']}/ns/net", "--")
        ran((*enter, *linux.install_argv()))
        return "entered from this machine, and the table of faults was made there"

    def _signal(self) -> str:
        with engine.faults("pause, continue and kill a container"):
            self._container.pause()
            self._container.reload()
            paused = self._container.status
            self._container.unpause()
            self._container.kill()
            code = self._container.wait(timeout=CALL_S)["StatusCode"]
        if (paused, code) != ("paused", KILLED):
            raise EnvironmentFault(f"paused, its status was {paused!r}; killed, its exit code was {code}")
        return "paused, continued and killed"

    def _cut(self) -> str:
        """The network and the keepers of a run, with a single node."""
        network = ContainerNetwork(self._client, ("n1",), self._name, self._image)
        network.set_up()
        if network.enterable:
            return f"between two containers {dropped(network, CLIENTS, 'n1')}"

        def at(place: str, argv: Sequence[str]) -> Completed:
            return network.run({place: argv})[place]

        return f"between two containers {dropped(network, CLIENTS, 'n1', at, recipe.INTERPRETER)}"

    def _removed(self) -> list[Finding]:
        """Take away what was made; a finding only if that fails."""
        if self._client is None:
            return []
        clean = Check("removal", "nothing is left", "splitbrain doctor --cleanup", self._sweep).run()
        return [clean] if clean.status == "missing" else []

    def _sweep(self) -> str:
        return ", ".join(sweep(self._client, self._name))
