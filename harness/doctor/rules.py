"""Whether a rule drops a packet and counts it: what partitions, and their evidence, rest on.

Invariants: one real packet is sent, from where it would come in a run to where it would be dropped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from harness.deploy.commands import run
from harness.deploy.seam import Completed
from harness.errors import EnvironmentFault
from nemeses import linux
from nemeses.faults import Link, Partition

PYTHON = (sys.executable, "-I", "-S", "-c")  # starts in a fraction of the time
_SEND = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('{}', 9))"


class Enterable(Protocol):
    """A network whose places can be entered from here."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Place -> address."""

    def enter(self, place: str) -> tuple[str, ...]:
        """What to put before an argument vector to run it there."""


At = Callable[[str, Sequence[str]], Completed]  # runs a command at a place; raises EnvironmentFault


def dropped(
    network: Enterable, source: str, target: str, at: At | None = None, python: str | None = None
) -> str:
    """Cut source -> target, send a packet, read the counter. Raises EnvironmentFault. at, python: where the
    places cannot be entered from here, and what interpreter they have.
    """
    at = at or (lambda place, argv: ran((*network.enter(place), *argv)))
    addresses = network.addresses
    at(target, linux.install_argv())
    at(target, linux.cut_argvs(Partition((Link(source, target),), "doctor"), addresses)[target])
    at(source, (python or PYTHON[0], *PYTHON[1:], _SEND.format(addresses[target])))
    counters = linux.parse_counters(at(target, linux.LIST_AND_FLUSH).stdout)
    if [(c.source, c.packets) for c in counters] != [(source, 1)]:
        counted = ", ".join(str(c.packets) for c in counters) or "nothing"
        raise EnvironmentFault(f"one packet was sent against a rule, which counted {counted}")
    return "a rule dropped a packet and counted it"


def ran(argv: Sequence[str]) -> Completed:
    """Run it. Raises EnvironmentFault with what it complained of, in a line."""
    done = run(argv)
    if done.code:
        raise EnvironmentFault(complaint(done.stderr) or f"exit code {done.code}, and no reason was given")
    return done


def complaint(said: bytes) -> str:
    """The line that says it: of tools the first that begins with "Error: ", otherwise the last, as in a
    traceback.
    """
    lines = said.decode(errors="replace").strip().splitlines()
    return next((line[7:] for line in lines if line.startswith("Error: ")), lines[-1] if lines else "")
