"""A system for tests of deployment: nodes that run `echo.py`, and the means to look at their traffic."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.deploy.netns import LocalDeployment
from harness.deploy.seam import Host
from nemeses.faults import CLIENTS, Evidence, Fault
from systems.api import Client, ClientContext, NodeContext, NodeSpec

PORT = 7000
ECHO = str(Path(__file__).with_name("echo.py"))
SEND = (
    "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
    f"[s.sendto(sys.argv[1].encode(), (a, {PORT})) for a in sys.argv[2:]]"
)


def program(*argv: str, python: str = sys.executable) -> tuple[str, ...]:
    """A Python program that starts fast."""
    return (python, "-I", "-S", *argv)


class Cluster(Protocol):
    """What the places of `Deployment` have besides, for tests."""

    nodes: tuple[str, ...]
    addresses: Mapping[str, str]
    clients_address: str
    python: str
    clients_python: str

    def apply(self, fault: Fault) -> Evidence: ...

    def undo(self, fault: Fault) -> Evidence: ...

    def heal(self) -> Evidence: ...

    def client_process(self, argv: Sequence[str]) -> subprocess.Popen[bytes]: ...

    def host(self, name: str) -> Host: ...

    def log_files(self) -> Mapping[str, Sequence[Path]]: ...

    def check_alive(self) -> list[str]: ...


@dataclass
class EchoSystem:
    """habits: node -> a habit of echo.py."""

    habits: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = (PORT,)

    def node(self, ctx: NodeContext) -> NodeSpec:
        habit = self.habits.get(ctx.name, "")
        argv = program(ECHO, ctx.name, ctx.address, str(PORT), ctx.data_dir, habit, python=ctx.python)
        files = {"conf/x.conf": f"seed {ctx.seed}"}
        return NodeSpec(argv, self.ports, {"ECHO": ctx.name}, files, ("log.jsonl",))

    def client(self, ctx: ClientContext) -> Client:
        raise NotImplementedError


def local(folder: Path, count: int, system: EchoSystem | None = None, **more: float) -> LocalDeployment:
    """A deployment of so many nodes in a new folder."""
    nodes = [f"n{i}" for i in range(1, count + 1)]
    seeds = {name: 100 + i for i, name in enumerate(nodes)}
    return LocalDeployment(system or EchoSystem(), nodes, {}, folder, seeds, **more)


def eventually(true: Callable[[], bool], what: str, limit_s: float = 10.0) -> None:
    """Wait for a condition; fail with `what`."""
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.005)


class Traffic:
    """Sends UDP packets on any directed link of a deployed EchoSystem, and sees where they arrive."""

    def __init__(
        self, cluster: Cluster, folder: Path, read: Callable[[str, str], str | None] | None = None
    ) -> None:
        """read: what a file in a node's data folder holds, where that is not on this machine."""
        self._cluster = cluster
        self._folder = folder
        self._read = read or self._read_here
        (folder / CLIENTS).mkdir()
        self.addresses = {**cluster.addresses, CLIENTS: cluster.clients_address}
        mine = (self.addresses[CLIENTS], str(PORT), str(folder / CLIENTS))
        listener = program(ECHO, CLIENTS, *mine, python=cluster.clients_python)
        self._listener = cluster.client_process(listener)
        self._number = 0
        eventually(lambda: self._packets(CLIENTS) is not None, "clients listen")

    def _packets(self, place: str) -> list[str] | None:
        if place != CLIENTS:
            text = self._read(place, "packets")
        else:
            path = self._folder / CLIENTS / "packets"
            text = path.read_text() if path.exists() else None
        return None if text is None else text.splitlines()

    def _read_here(self, node: str, name: str) -> str | None:
        path = self._folder / "nodes" / node / "data" / name
        return path.read_text() if path.exists() else None

    def send(self, source: str, text: str, targets: Sequence[str]) -> None:
        """Send `text` from `source` to all `targets`."""
        python = self._cluster.clients_python if source == CLIENTS else self._cluster.python
        argv = program("-c", SEND, text, *(self.addresses[t] for t in targets), python=python)
        if source == CLIENTS:
            with self._cluster.client_process(argv) as process:
                assert process.wait(10) == 0
        else:
            assert self._cluster.host(source).exec(argv, timeout_s=10).code == 0

    def passing(self, expected: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """The directed links on which a packet got through, once all `expected` ones have."""
        self._number += 1
        for source in self.addresses:
            self.send(source, f"{self._number}:{source}", [t for t in self.addresses if t != source])
        eventually(lambda: expected <= self._seen(), f"packets on {sorted(expected)}")
        return self._seen()

    def _seen(self) -> set[tuple[str, str]]:
        lines = {place: self._packets(place) or [] for place in self.addresses}
        mine = f"{self._number}:"
        return {(x.removeprefix(mine), p) for p, seen in lines.items() for x in seen if x.startswith(mine)}


def connect(cluster: Cluster, source: str, address: str, limit_s: float = 1.0) -> str:
    """What a TCP connection from `source` is answered with, or the name of the error."""
    text = (
        "import socket, sys\n"
        f"try: print(socket.create_connection((sys.argv[1], {PORT}), {limit_s}).recv(99).decode())\n"
        "except OSError as e: print(type(e).__name__)"
    )
    argv = program("-c", text, address, python=cluster.python)
    return cluster.host(source).exec(argv, timeout_s=10).stdout.decode().strip()


def finished(process: subprocess.Popen[bytes]) -> bytes:
    """The output of a client process that ends by itself."""
    out, _ = process.communicate(timeout=10)
    return out
