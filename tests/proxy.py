"""A way to a server that tests can cut, stall, or let so much through and no more."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


class Proxy:
    """Joins what comes to `listener` with a connection of its own. limit: bytes from the client after which
    everything is cut for good."""

    def __init__(
        self, listener: socket.socket, connect: Callable[[], socket.socket], limit: int | None = None
    ) -> None:
        self._listener = listener
        self._connect = connect
        self._limit = limit
        self._seen = 0
        self._lock = threading.Lock()
        self._both: list[socket.socket] = []
        self._open = threading.Event()  # cleared: what is written goes nowhere, and nothing is answered
        self._open.set()
        self.is_cut = False
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def cut(self, *, for_good: bool = True) -> None:
        """Break every connection; `for_good`: and serve no more that come."""
        with self._lock:
            self.is_cut = self.is_cut or for_good
            self._open.set()
            for one in self._both:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
            self._both.clear()

    def stall(self) -> None:
        """As a server that hangs: connections are accepted, and nothing goes through any more."""
        self._open.clear()

    def close(self) -> None:
        """Cut it, and give the address back."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            far = self._connect()
            with self._lock:
                self.accepted += 1
                self._both += [near, far]
            for source, target, counted in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._copy, args=(source, target, counted), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._seen += len(data) if counted else 0
                if self._limit is not None and self._seen > self._limit:
                    self.cut()
                    return
                self._open.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy(target: tuple[str, int], limit: int | None = None) -> Iterator[Proxy]:
    """One at a port of this machine, while the block runs."""
    made = Proxy(socket.create_server(("127.0.0.1", 0)), lambda: socket.create_connection(target), limit)
    try:
        yield made
    finally:
        made.close()
