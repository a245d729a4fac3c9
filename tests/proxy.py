"""A TCP connection's way through the test: it can be cut, or let through so much and no more."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Proxy:
    """Forwards to `target`. limit: bytes from the client after which everything is cut for good."""

    def __init__(self, target: tuple[str, int], limit: int | None = None) -> None:
        self._target = target
        self._limit = limit
        self._seen = 0
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._refuses = False
        self.accepted = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_cut(self) -> bool:
        return self._refuses

    def cut(self, *, for_good: bool) -> None:
        """Break every connection; `for_good`: and take no more."""
        with self._lock:
            self._refuses = self._refuses or for_good
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def close(self) -> None:
        self.cut(for_good=True)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            if self._refuses:
                client.close()
                continue
            server = socket.create_connection(self._target)
            with self._lock:
                self.accepted += 1
                self._open += [client, server]
            threading.Thread(target=self._copy, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, False), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if counted:
                    self._seen += len(data)
                    if self._limit is not None and self._seen > self._limit:
                        self.cut(for_good=True)
                        return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy(target: tuple[str, int], limit: int | None = None) -> Iterator[Proxy]:
    """A proxy while the block runs."""
    made = Proxy(target, limit)
    try:
        yield made
    finally:
        made.close()
