"""A container of a run as a `Host`.

Invariants: every call has a time limit, kept inside the container too, so that nothing runs on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.deploy.containers.stream import STDERR, STDOUT, Stream
from harness.deploy.seam import Completed
from harness.errors import EnvironmentFault
from harness.images.engine import faults

GRACE_S = 5.0  # for the engine, beside what the command may take
KILLED = 137


class ContainerHost:
    """A container, at the place `name`."""

    def __init__(self, name: str, container: Any) -> None:
        self.name = name
        self._container = container

    def exec(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Completed:
        """Run to the end. Raises EnvironmentFault when it does not end in time or cannot be started."""
        api = self._container.client.api
        limited = ["timeout", "-s", "KILL", f"{timeout_s:g}", *argv]
        with faults(f"run `{' '.join(argv)}` at {self.name}"):
            made = api.exec_create(self._container.id, limited, stdin=True, stdout=True, stderr=True)
            stream = Stream(api.exec_start(made["Id"], socket=True))
            out, err = self._talk(stream, stdin, timeout_s + GRACE_S, argv)
            code = int(api.exec_inspect(made["Id"])["ExitCode"])
        if code == KILLED:
            raise EnvironmentFault(
                f"{self.name}: `{' '.join(argv)}` did not end within {timeout_s:g} s and was killed"
            )
        if code in (126, 127):
            raise EnvironmentFault(f"{self.name}: {(err or out).decode(errors='replace').strip()}")
        return Completed(code, out, err)

    def put(self, path: str, content: bytes, *, timeout_s: float) -> None:
        """Write a file, its folders included. Raises EnvironmentFault if that fails."""
        shell = 'mkdir -p "$(dirname "$1")" && cat > "$1"'
        self._must(("sh", "-c", shell, "put", path), timeout_s, content)

    def get(self, path: str, *, timeout_s: float) -> bytes:
        """Read a file. Raises EnvironmentFault if that fails."""
        return self._must(("cat", "--", path), timeout_s, b"").stdout

    def _must(self, argv: Sequence[str], timeout_s: float, stdin: bytes) -> Completed:
        done = self.exec(argv, timeout_s=timeout_s, stdin=stdin)
        if done.code:
            raise EnvironmentFault(f"{self.name}: {done.stderr.decode(errors='replace').strip()}")
        return done

    def _talk(self, stream: Stream, stdin: bytes, limit_s: float, argv: Sequence[str]) -> tuple[bytes, bytes]:
        """Write `stdin`, then read both outputs to their end."""
        stream.bounded(limit_s)
        parts: dict[int, list[bytes]] = {STDOUT: [], STDERR: []}
        try:
            stream.write(stdin)
            stream.end_input()
            for kind, part in stream.frames():
                parts[kind].append(part)
        except TimeoutError:
            raise EnvironmentFault(
                f"{self.name}: the engine did not end `{' '.join(argv)}` within {limit_s:g} s"
            ) from None
        except OSError as error:
            raise EnvironmentFault(
                f"{self.name}: the engine's stream of `{' '.join(argv)}` broke: {error.strerror or error}"
            ) from None
        finally:
            stream.close()
        return b"".join(parts[STDOUT]), b"".join(parts[STDERR])
