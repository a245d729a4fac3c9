"""What every deployment does the same way, wherever its nodes are: faults, logs, the clients' processes.

Invariants: `apply`, `undo` and `heal` may be called from another thread than the rest; clients are ended
before the nodes are.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from harness.deploy.clients import end_client, start_client
from harness.deploy.layout import Layout
from harness.deploy.linux import Faults
from harness.deploy.seam import Links, Member
from nemeses.faults import Evidence, Fault
from systems.api import NodeSpec


class Cluster:
    """The base of deployments. specs and members: filled while it is entered, by node."""

    clients_python = sys.executable
    clock_offsets: Mapping[str, int] = MappingProxyType({})
    kept: Sequence[str] = ()

    def __init__(
        self, layout: Layout, links: Links, specs: Mapping[str, NodeSpec], members: Mapping[str, Member]
    ) -> None:
        self._layout = layout
        self._faults = Faults(links, members)
        self._specs = specs
        self._members = members
        self._clients: list[subprocess.Popen[bytes]] = []

    def apply(self, fault: Fault) -> Evidence:
        """Do it; say how it was seen to bite."""
        return self._faults.apply(fault)

    def undo(self, fault: Fault) -> Evidence:
        """Take it back, remembering nothing."""
        return self._faults.undo(fault)

    def heal(self) -> Evidence:
        """Take everything back, whatever was done."""
        return self._faults.heal()

    def client_process(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start `argv` where clients live, with pipes; its standard error goes to clients.log."""
        process = start_client((*self._to_clients(), *argv), self._layout.run_dir)
        self._clients.append(process)
        return process

    def log_files(self) -> Mapping[str, Sequence[Path]]:
        """Node -> the files of its spec, then its standard output and error. They may not exist yet."""
        return {name: self._layout.logs(name, spec) for name, spec in self._specs.items()}

    def check_alive(self) -> list[str]:
        """Nodes that died although no fault killed them, since the start, each in a sentence."""
        return [crash for member in self._members.values() for crash in member.crashes()]

    def _to_clients(self) -> tuple[str, ...]:
        """What to put before an argument vector to run it where clients live."""
        return ()

    def _end_clients(self) -> None:
        for process in self._clients:
            end_client(process)
