"""Real nodes, Raft's unless told otherwise, as processes on loopback addresses, for tests that kill them."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from systems.api import LEADING_ROLES, NodeContext, RoleChange
from systems.file_service.system import FileService
from systems.p2p.system import P2p
from systems.primary_backup.system import PrimaryBackup
from systems.raft.system import Raft

FAST_RAFT = {"election_ms": "200", "heartbeat_ms": "40"}

_subnets = itertools.count(1)


def loopback(count: int) -> dict[str, str]:
    """Names and addresses that no other test process uses: the port is fixed, the addresses are plenty."""
    pid = os.getpid()
    return {
        f"n{i}": f"127.{1 + pid // 250 % 250}.{pid % 250}.{10 * (next(_subnets) % 24) + i}"
        for i in range(1, count + 1)
    }


class Cluster:
    """Starts every node on entering and kills what is left on leaving."""

    def __init__(
        self,
        folder: Path,
        count: int = 3,
        system: Raft | PrimaryBackup | P2p | FileService | None = None,
        options: Mapping[str, str] = FAST_RAFT,
    ) -> None:
        self.addresses = loopback(count)
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._system = system or Raft()
        self._options = options

    def __enter__(self) -> Cluster:
        for name in self.addresses:
            self.start(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in tuple(self.processes):
            self.kill(name)

    def start(self, name: str) -> None:
        seed = tuple(self.addresses).index(name)
        data = str(self.folder / name)
        ctx = NodeContext(name, self.addresses, data, str(self.folder), self._options, seed, sys.executable)
        self.processes[name] = subprocess.Popen(self._system.node(ctx).argv)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def pause(self, name: str) -> None:
        self.processes[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused node go on; nothing if it runs, or is down."""
        if name in self.processes:
            self.processes[name].send_signal(signal.SIGCONT)

    def roles(self) -> list[RoleChange]:
        """Every role change logged so far, in order of time."""
        lines = (line for file in self.folder.glob("*.jsonl") for line in file.read_text().splitlines())
        changes = [change for line in lines if (change := self._system.role_of(line))]
        return sorted(changes, key=lambda change: change.time_ns)

    def await_ready(self, name: str, times: int) -> None:
        """Wait until the node `name` has logged `ready` for the `times`th time."""
        file = self.folder / f"{name}.jsonl"
        end_s = time.monotonic() + 20
        while not file.exists() or file.read_text().count('"event":"ready"') < times:
            if time.monotonic() > end_s:
                raise TimeoutError(f"{name} is not ready")
            time.sleep(0.02)

    def leader(self, *, after_term: int = 0) -> RoleChange:
        """Wait for a leader of a term greater than `after_term`."""
        end_s = time.monotonic() + 20
        while time.monotonic() < end_s:
            leading = [c for c in self.roles() if c.role in LEADING_ROLES and c.term > after_term]
            if leading:
                return leading[-1]
            time.sleep(0.02)
        raise TimeoutError(f"no leader after term {after_term}: {self.roles()}")
