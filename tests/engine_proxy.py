"""A way to the Docker Engine that tests can cut: what comes to its address goes to the engine's socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

ENGINE = "/var/run/docker.sock"


class Proxy:
    """Serves at a file, or at a TCP port (None), until it is cut. address: for DOCKER_HOST."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._both: list[socket.socket] = []
        self._lock = threading.Lock()
        self._open = threading.Event()  # cleared: what is written goes nowhere, and nothing is answered
        self._open.set()
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen(64)
            self.address = f"unix://{path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        """As an engine that is stopped: no address, and every connection is closed."""
        self._open.set()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        with self._lock:
            for one in [self._listener, *self._both]:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def stall(self) -> None:
        """As an engine that hangs: connections are accepted, and nothing goes through any more."""
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(ENGINE)
            with self._lock:
                self._both += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._open.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
