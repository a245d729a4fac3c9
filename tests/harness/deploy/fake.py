"""A system for tests of deployment: nodes that run `echo.py`, and the means to look at their traffic."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.deploy.netns import LocalDeployment
from nemeses.faults import CLIENTS
from systems.api import Client, ClientContext, NodeContext, NodeSpec

PORT = 7000
ECHO = str(Path(__file__).with_name("echo.py"))
SEND = (
    "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
    f"[s.sendto(sys.argv[1].encode(), (a, {PORT})) for a in sys.argv[2:]]"
)


def program(*argv: str) -> tuple[str, ...]:
    """A Python program that starts fast."""
    return (sys.executable, "-I", "-S", *argv)


@dataclass
class EchoSystem:
    """habits: node -> a habit of echo.py."""

    habits: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = (PORT,)

    def node(self, ctx: NodeContext) -> NodeSpec:
        argv = program(ECHO, ctx.name, ctx.address, str(PORT), ctx.data_dir, self.habits.get(ctx.name, ""))
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

    def __init__(self, cluster: LocalDeployment, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        (folder / CLIENTS).mkdir()
        self.addresses = {**cluster.addresses, CLIENTS: "10.77.0.200"}
        listener = program(ECHO, CLIENTS, self.addresses[CLIENTS], str(PORT), str(folder / CLIENTS))
        self._listener = cluster.client_process(listener)
        self._number = 0
        eventually(lambda: self._packets(CLIENTS) is not None, "clients listen")

    def _packets(self, place: str) -> list[str] | None:
        folder = self._folder / CLIENTS if place == CLIENTS else self._folder / "nodes" / place / "data"
        path = folder / "packets"
        return path.read_text().splitlines() if path.exists() else None

    def send(self, source: str, text: str, targets: Sequence[str]) -> None:
        """Send `text` from `source` to all `targets`."""
        argv = program("-c", SEND, text, *(self.addresses[t] for t in targets))
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


def connect(cluster: LocalDeployment, source: str, address: str, limit_s: float = 1.0) -> str:
    """What a TCP connection from `source` is answered with, or the name of the error."""
    text = (
        "import socket, sys\n"
        f"try: print(socket.create_connection((sys.argv[1], {PORT}), {limit_s}).recv(99).decode())\n"
        "except OSError as e: print(type(e).__name__)"
    )
    return cluster.host(source).exec(program("-c", text, address), timeout_s=10).stdout.decode().strip()


def finished(process: subprocess.Popen[bytes]) -> bytes:
    """The output of a client process that ends by itself."""
    out, _ = process.communicate(timeout=10)
    return out
