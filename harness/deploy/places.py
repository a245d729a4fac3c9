"""The places a run can be at, and what can be chosen of each with `-o`, beside the system's own options.

Invariants: pure values; a place's option that is wrong is refused before anything starts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import ConfigError

LOCAL, DOCKER, SSH, SIM = "local", "docker", "ssh", "sim"
CONTAINER, HOST = "container", "host"
PLACES: Mapping[str, str] = {
    LOCAL: "network namespaces on this machine",
    DOCKER: "containers of the Docker Engine on this machine",
    SSH: "machines reached by SSH, named in a hosts file",
    SIM: "one process in virtual time: nodes, clients, network, disks and clocks are simulated",
}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    LOCAL: {},
    DOCKER: {
        "cpus": "processors that one node may use, e.g. 0.5",
        "memory": "memory that one node may use, e.g. 512m",
        "image": "the image of nodes, for systems that need more than the project's own",
        "clients": "where clients run: container (of the image of nodes) or host (a process of this machine)",
    },
    SSH: {},
    SIM: {},
}
HOSTS, KEEP = "hosts", "keep"  # of the place ssh, given by flags of their own
_MEMORY = re.compile(r"\d+[kmg]?")
_LEAST_MEMORY = 6 << 20  # the engine's
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


@dataclass(frozen=True, slots=True)
class DockerOptions:
    """Limits of one node's container; None: the engine's own. image: None for the project's. clients:
    CONTAINER or HOST."""

    cpus: float | None = None
    memory: int | None = None  # bytes
    image: str | None = None
    clients: str = CONTAINER

    def for_engine(self) -> dict[str, Any]:
        """As the engine's SDK takes them."""
        found: dict[str, Any] = {}
        if self.cpus is not None:
            found["nano_cpus"] = int(self.cpus * 1e9)
        if self.memory is not None:
            found["mem_limit"] = found["memswap_limit"] = self.memory
        return found


def split_options(
    place: str, given: Mapping[str, str], of_system: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Those for the system, and those for the place; a system's own name is never taken from it. Raises
    ConfigError for a place's option that is wrong."""
    theirs = {key: value for key, value in given.items() if key in OPTIONS[place] and key not in of_system}
    if place == DOCKER:
        docker_options(theirs)
    return {key: value for key, value in given.items() if key not in theirs}, theirs


def ssh_options(place: str, hosts: str | None, keep: bool) -> dict[str, str]:
    """What `--hosts` and `--keep` say, as options of the place. Raises ConfigError where they do not fit."""
    if place != SSH:
        given = "--hosts" if hosts is not None else "--keep" if keep else None
        if given is not None:
            raise ConfigError(f"{given} is for machines reached by SSH", fix="give --on ssh with it")
        return {}
    if hosts is None:
        raise ConfigError(
            "--on ssh needs the machines", fix="give --hosts FILE; docs/ssh.md says what is in it"
        )
    return {HOSTS: hosts, **({KEEP: "yes"} if keep else {})}


def docker_options(given: Mapping[str, str]) -> DockerOptions:
    """Raises ConfigError for a value that is no such limit."""
    cpus = memory = None
    if "cpus" in given:
        try:
            cpus = float(given["cpus"])
        except ValueError:
            cpus = 0.0
        if not 0.01 <= cpus <= 1024:
            raise ConfigError(f"-o cpus={given['cpus']}: not a number of processors", fix="e.g. -o cpus=0.5")
    if "memory" in given:
        text = given["memory"].lower()
        if _MEMORY.fullmatch(text):
            memory = int(text.rstrip("kmg")) * _UNITS.get(text[-1], 1)
        if memory is None or memory < _LEAST_MEMORY:
            raise ConfigError(
                f"-o memory={given['memory']}: not an amount of memory of at least 6m",
                fix="e.g. -o memory=512m",
            )
    clients = given.get("clients", CONTAINER)
    if clients not in (CONTAINER, HOST):
        raise ConfigError(
            f"-o clients={clients}: not a place for clients",
            fix=f"-o clients={CONTAINER} or -o clients={HOST}",
        )
    return DockerOptions(cpus, memory, given.get("image"), clients)
