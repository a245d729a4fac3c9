"""What a container writes, as files on this machine that grow while it runs.

Invariants: attached before the start, so nothing is missed; a thread per start, which ends when the container
does; `join` returns when everything that was written is in the files.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import EnvironmentFault
from harness.images.engine import faults

END_S = 10.0


class Output:
    """The two outputs of one container."""

    def __init__(self, container: Any, stdout: Path, stderr: Path) -> None:
        self._container = container
        self._paths = (stdout, stderr)
        self._thread: threading.Thread | None = None

    def attach(self) -> None:
        """Before each start."""
        if not self.join(END_S):
            raise EnvironmentFault(f"the engine does not end the output of {self._container.name}")
        with faults(f"attach to {self._container.name}"):
            stream = self._container.attach(stdout=True, stderr=True, stream=True, logs=False, demux=True)
        self._thread = threading.Thread(target=self._copy, args=(stream,), daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait until the container's last words are written down; whether they are."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _copy(self, stream: Iterator[tuple[bytes | None, bytes | None]]) -> None:
        import requests

        with self._paths[0].open("ab", buffering=0) as stdout, self._paths[1].open("ab", buffering=0) as err:
            try:
                for out, error in stream:
                    stdout.write(out or b"")
                    err.write(error or b"")
            except (requests.exceptions.RequestException, OSError) as error_seen:
                err.write(f"splitbrain: the engine's stream of this output broke: {error_seen}\n".encode())
