"""Clients' connections through the jump host, for nodes that this machine cannot reach by itself.

Every node gets an address of this machine's loopback network, where its ports are listened on; what connects
there is joined to a channel through the jump host. To a node, clients then come from the jump host's address,
as our login does, so their links can be cut there. Invariant: when either side ends, so does the other.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Sequence

from harness.deploy.ssh.connection import Connection
from harness.deploy.ssh.host import SshHost
from harness.errors import EnvironmentFault

CONNECT_S = 5.0
_BUFFER = 1 << 16
_BACKLOG = 128


def loopback_address(number: int) -> str:
    """For the node of that number, apart from those of other controllers of this machine."""
    return f"127.{77 + (os.getpid() >> 8) % 100}.{os.getpid() % 256}.{number + 1}"


class Forward:
    """Forwards the `ports` of `address` to those of `inside`, by the jump host of `host`."""

    def __init__(self, host: SshHost, inside: str, address: str, ports: Sequence[int]) -> None:
        self._host = host
        self._inside = inside
        self._servers: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._ended = False
        try:
            for port in ports:
                self._servers[port] = socket.create_server((address, port), backlog=_BACKLOG)
        except OSError as error:
            self.close()
            raise EnvironmentFault(
                f"{host.name}: {address} port {port} cannot be listened on: {error.strerror}",
                fix="let the node use another port",
            ) from None
        for port, server in self._servers.items():
            threading.Thread(target=self._accept, args=(server, port), daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._ended = True
        for server in self._servers.values():
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        if self._connection is not None:
            self._connection.close()

    def _accept(self, server: socket.socket, port: int) -> None:
        while not self._ended:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client, port), daemon=True).start()

    def _join(self, client: socket.socket, port: int) -> None:
        with client:
            try:
                channel = self._road(port)
            except EnvironmentFault:
                return  # as a refused connection: nothing was sent
            with contextlib.closing(channel), contextlib.suppress(OSError, EOFError):
                client.settimeout(None)
                while True:
                    ready = select.select([client, channel], [], [])[0]
                    if client in ready:
                        data = client.recv(_BUFFER)
                        if not data:
                            return
                        channel.sendall(data)
                    if channel in ready:
                        data = channel.recv(_BUFFER)
                        if not data:
                            return
                        client.sendall(data)

    def _road(self, port: int) -> socket.socket:
        with self._lock:
            if self._connection is None or not self._connection.stands:
                if self._connection is not None:
                    self._connection.close()
                self._connection = self._host.another_connection()
            connection = self._connection
        return connection.forward(self._inside, port, CONNECT_S)  # type: ignore[return-value]
