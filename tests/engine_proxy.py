"""A way to the Docker Engine that tests can cut: what comes to its address goes to the engine's socket."""

from __future__ import annotations

import socket
from pathlib import Path

from tests import proxy

ENGINE = "/var/run/docker.sock"


class Proxy(proxy.Proxy):
    """Serves at a file, or at a TCP port (None), until it is cut. address: for DOCKER_HOST."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        if path is None:
            listener = socket.create_server(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        else:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen(64)
            self.address = f"unix://{path}"
        super().__init__(listener, _engine)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """As an engine that is stopped: no address, and every connection is closed."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self.close()


def _engine() -> socket.socket:
    far = socket.socket(socket.AF_UNIX)
    far.connect(ENGINE)
    return far
