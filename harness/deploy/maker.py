"""Who made something: the process of a controller, told apart from any other.

What runs leave on an engine or a host carries this, so that what a killed controller left can be told from
what a living one uses. Invariant: a process that may still live is never said to be dead.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.deploy.processes import fields_of


def me() -> str:
    """This process: machine/boot/number/start."""
    return "/".join((_machine(), _boot(), str(os.getpid()), _started(os.getpid())))


def is_of_here(maker: str) -> bool:
    """Whether it is a process of this machine, so that `lives` knows."""
    return maker.partition("/")[0] == _machine()


def lives(maker: str) -> bool:
    """Whether the process that `maker` names may still live: of another machine, nobody here knows."""
    machine, _, rest = maker.partition("/")
    boot, _, rest = rest.partition("/")
    pid, _, started = rest.partition("/")
    if machine != _machine():
        return True
    return boot == _boot() and pid.isdigit() and started == _started(int(pid)) != ""


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _machine() -> str:
    """Whose numbers of processes these are: those of a container mean nothing outside of it."""
    try:
        name = Path("/etc/machine-id").read_text().strip()
    except FileNotFoundError:
        name = ""
    return f"{name or _boot()}-{os.stat('/proc/self/ns/pid').st_ino}"


def _started(pid: int) -> str:
    """When the process began, in clock ticks since the boot; "" if it has ended."""
    fields = fields_of(pid)
    return fields[19] if len(fields) > 19 else ""
