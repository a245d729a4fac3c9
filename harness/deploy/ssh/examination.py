"""What a host is and has, looked at before a run begins there.

Invariants: what would spoil a run is refused by name and never becomes an anomaly; clocks are read a few
times and the quickest answer is believed.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.deploy.ssh.host import SshHost
from harness.errors import EnvironmentFault, MissingPrerequisite

LEAST_FREE = 64 << 20
READINGS = 3
PACKAGES = {"nft": "nftables", "timeout": "coreutils", "sudo": "sudo"}


@dataclass(frozen=True, slots=True)
class Examined:
    """A host. inside: its address for other nodes. clients: the address it sees clients come from, which is
    the one our login came from. ssh_port: sshd's own. ahead_ns: by how much this machine's monotonic clock
    is ahead of the host's; wall_s: by how much the host's wall clock is ahead of ours.
    """

    python: tuple[int, ...]
    machine: str
    uid: int
    tools: dict[str, str | None]
    free: int
    inside: str
    clients: str
    ssh_port: int
    ahead_ns: int
    wall_s: float


def examine(host: SshHost) -> Examined:
    """Look at it. Raises MissingPrerequisite or EnvironmentFault for what no run can do with."""
    host.connect()
    if host.exec(("test", "-x", "/bin/sh"), timeout_s=host.entry.call_timeout).code:
        raise MissingPrerequisite(f"{host.name}: no /bin/sh", fix="use hosts that run Linux")
    host.bring_agent()
    facts = host.ask("facts", folder=host.entry.folder)
    ahead_ns, wall_s = clocks(host, facts["boot"])
    refuse_room(host, facts["free"])
    refuse_clock(host, wall_s)
    host.note_root(facts["uid"] == 0)
    source, _, _, port = _connection(host, facts["connection"])
    return Examined(
        python=tuple(facts["python"]),
        machine=facts["machine"],
        uid=facts["uid"],
        tools=facts["tools"],
        free=facts["free"],
        inside=_address(host),
        clients=source,
        ssh_port=int(port),
        ahead_ns=ahead_ns,
        wall_s=wall_s,
    )


def refuse_room(host: SshHost, free: int) -> None:
    """Raises EnvironmentFault for a disk with hardly any room."""
    if free < LEAST_FREE:
        raise EnvironmentFault(
            f"{host.name}: {free >> 20} MiB are free under {host.entry.folder}, "
            f"{LEAST_FREE >> 20} are needed",
            fix="free some disk space there, or give another `folder` in the hosts file",
        )


def refuse_tools(name: str, found: Mapping[str, str | None], needed: Iterable[str]) -> None:
    """Raises MissingPrerequisite for one that is not there."""
    missing = [tool for tool in needed if not found[tool]]
    if missing:
        packages = " ".join(PACKAGES[tool] for tool in missing)
        raise MissingPrerequisite(
            f"{name}: no {' and no '.join(missing)}", fix=f"apt-get install {packages} there"
        )


def refuse_clock(host: SshHost, wall_s: float) -> None:
    """Raises EnvironmentFault for a clock that is off."""
    if abs(wall_s) > host.entry.max_clock_offset:
        raise EnvironmentFault(
            f"{host.name}: its clock is {abs(wall_s):.0f} s {'ahead of' if wall_s > 0 else 'behind'} ours",
            fix="set it (chronyc makestep, timedatectl set-ntp true), or allow it with max_clock_offset",
        )


def clocks(host: SshHost, boot: str) -> tuple[int, float]:
    """By how much our monotonic clock is ahead, in nanoseconds, and the host's wall clock, in seconds.
    boot: the host's boot id."""
    best: tuple[int, int, float] | None = None
    for _ in range(READINGS):
        before, wall = time.monotonic_ns(), time.time_ns()
        read: dict[str, int] = host.ask("clock")
        took = time.monotonic_ns() - before
        reading = (
            took,
            before + took // 2 - read["monotonic_ns"],
            (read["wall_ns"] - wall - took // 2) / 1e9,
        )
        best = reading if best is None else min(best, reading)
    assert best is not None
    with open("/proc/sys/kernel/random/boot_id") as file:
        same_kernel = file.read().strip() == boot
    return 0 if same_kernel else best[1], best[2]


def _connection(host: SshHost, said: list[Any]) -> list[str]:
    if len(said) != 4 or not _is_ipv4(said[0]):
        raise MissingPrerequisite(
            f"{host.name} was reached by {' '.join(said[:1]) or 'an unknown address'}: only IPv4 can be cut",
            fix="give its IPv4 address in the hosts file",
        )
    return said


def _address(host: SshHost) -> str:
    """The IPv4 address for other nodes."""
    name = host.entry.inside or host.entry.address
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise EnvironmentFault(
            f"{host.name}: no IPv4 address for {name}: {error.strerror}",
            fix="give one with `inside = …` in the hosts file",
        ) from None
    return str(found[0][4][0])


def _is_ipv4(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 4
    except ValueError:
        return False
