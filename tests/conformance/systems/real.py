"""A cluster of real processes with write-ahead logs and gRPC, asked by the system's own client.

Invariants: a client whose operation ended "info" is never used again. What is left of the processes is killed
on leaving; the event loop of the clients runs only inside `do`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from systems import kv
from systems.api import Client, ClientContext, Definite, Indefinite, Invocation
from systems.client import NodeClient
from systems.logic import Ask
from systems.program import PORT
from systems.shells.values import unpack_reply
from tests.conformance.systems.seam import LIMIT_S, Answer, Case, leading
from tests.systems import cluster

TIMEOUT_S = 2.0  # for one operation; a busy machine may take its time
POLL_S = 0.01


class Real:
    """Three nodes, each a process on an address of its own."""

    def __init__(self, case: Case, processes: cluster.Cluster, loop: asyncio.Runner) -> None:
        self._case = case
        self._processes = processes
        self._loop = loop
        self._client: Client | None = None
        self._clients = 0
        self._crashed_ns: dict[str, int] = {}

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(self._processes.addresses)

    def do(self, op: Invocation, at: str | None = None) -> Answer:
        return self._loop.run(self._do(op, at))

    def told(self, node: str, key: str) -> kv.Result | None:
        ctx = ClientContext(0, node, self._processes.addresses, self._case.options, TIMEOUT_S)
        question = next(self._case.plugin.logic(ctx).perform(Invocation("read", key)))
        assert isinstance(question, Ask)
        client = self._case.plugin.client(ctx)
        assert isinstance(client, NodeClient)
        method, command = client.surface.method(question.command), question.command
        with grpc.insecure_channel(f"{self._processes.addresses[node]}:{PORT}") as channel:
            try:
                body = channel.unary_unary(method.path)(method.encode(command), timeout=TIMEOUT_S)
            except grpc.RpcError:
                return None
        return unpack_reply(body)

    def crash(self, node: str) -> None:
        if node in self._processes.processes:
            self._processes.kill(node)
            self._crashed_ns[node] = time.monotonic_ns()

    def restart(self, node: str) -> None:
        if node not in self._processes.processes:
            self._processes.start(node)

    def pause(self, node: str) -> None:
        self._processes.pause(node)

    def resume(self, node: str) -> None:
        self._processes.resume(node)

    def leader(self) -> str | None:
        down = [node for node in self.nodes if node not in self._processes.processes]
        return leading(self._processes.roles(), self._crashed_ns, down)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end_s, f"not within {LIMIT_S} s: {what}; {self._processes.roles()[-5:]}"
            time.sleep(POLL_S)

    async def close(self) -> None:
        """Give back the client's connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _do(self, op: Invocation, at: str | None) -> Answer:
        if at is not None:
            await self.close()
        if self._client is None:
            self._client = self._new_client(at)
        try:
            return Answer("ok", await self._client.invoke(op))
        except Definite as error:
            return Answer("fail", str(error))
        except Indefinite as error:
            await self.close()
            return Answer("info", str(error))

    def _new_client(self, home: str | None) -> Client:
        self._clients += 1
        home = home or self.nodes[self._clients % len(self.nodes)]
        addresses, options = self._processes.addresses, self._case.options
        return self._case.plugin.client(ClientContext(self._clients, home, addresses, options, TIMEOUT_S))


@contextmanager
def running(case: Case, folder: Path) -> Iterator[Real]:
    """Three nodes that were just started; their files are in `folder`."""
    nodes = cluster.Cluster(folder, system=case.plugin, options=case.options)
    with asyncio.Runner() as loop, nodes:
        real = Real(case, nodes, loop)
        try:
            yield real
        finally:
            loop.run(real.close())
