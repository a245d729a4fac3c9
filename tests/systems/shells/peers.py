"""A receiving node for tests of the transport: a server that notes what arrives and when."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc

from systems.shells.surface import client_surface
from systems.shells.transport import Service, make_server

Answer = Callable[[Any], Awaitable[Any]]


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


async def no_answer(command: Any) -> Any:
    """Never answers."""
    await asyncio.Event().wait()


class Peer:
    """Takes messages (int) and the commands of primary-backup at `address`; `arrived` holds (sender,
    message).
    """

    def __init__(
        self,
        port: int,
        *,
        address: str = "127.0.0.1",
        answer: Answer = no_answer,
        service: Service | None = None,
    ) -> None:
        self.target = f"{address}:{port}"
        self.arrived: list[tuple[str, int]] = []
        self._answer = answer
        self._service = service
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        self._server = make_server(
            self.target,
            message_type=int,
            surface=client_surface("primary-backup", {}),
            receive=self._take,
            invoke=self._answer,
            service=self._service,
        )
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop(None)

    def _take(self, sender: str, messages: Sequence[int]) -> None:
        self.arrived.extend((sender, message) for message in messages)


async def until(condition: Callable[[], bool], limit_s: float = 10.0) -> float:
    """Wait for `condition`; seconds it took. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.002)
    return loop.time() - began_s
