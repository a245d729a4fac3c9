"""`python -m harness.deploy.containers.attached CONTAINER`: starts a container that was made, and is its
three streams and its exit code, so that a process in a container can be had as a process of this machine.

Invariants: the container's input ends when ours does, and when this process dies, however it does (the engine
sees to that: StdinOnce); it is removed once it has ended.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import Any

from harness.deploy.containers.stream import STDERR, STDOUT, Stream
from harness.errors import EnvironmentFault, SplitbrainError
from harness.images import engine

CALL_S, END_S = 20, 10  # what one call of the engine may take
PART = 1 << 16


def _feed(stream: Stream) -> None:
    """Our input to its end."""
    try:
        while part := os.read(sys.stdin.fileno(), PART):
            stream.write(part)
    except OSError:
        return  # the container has ended, or the engine is gone: the outputs tell
    stream.end_input()


def _write(where: int, data: bytes) -> None:
    while data:
        data = data[os.write(where, data) :]


def run(container: Any) -> int:
    """The container's exit code. Raises EnvironmentFault for what the engine does not do."""
    with engine.faults(f"run {container.name}"):
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        stream = Stream(container.attach_socket(params=wanted))
        container.start()
    threading.Thread(target=_feed, args=(stream,), daemon=True).start()
    try:
        for kind, data in stream.frames():
            _write({STDOUT: sys.stdout.fileno(), STDERR: sys.stderr.fileno()}[kind], data)
    except BrokenPipeError:
        return 1  # nobody listens any more
    except OSError as error:
        raise EnvironmentFault(f"the engine's stream of {container.name} broke: {error}") from None
    with engine.faults(f"see the end of {container.name}"):
        return int(container.wait(timeout=END_S)["StatusCode"])


def main(identity: str) -> int:
    """Entry point of the process."""
    import docker.errors

    container: Any = None
    try:
        client = engine.connect(CALL_S)
        with engine.faults(f"find the container {identity}"):
            container = client.containers.get(identity)
        return run(container)
    except SplitbrainError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    finally:
        if container is not None:
            with contextlib.suppress(docker.errors.APIError, OSError):  # the sweep removes it
                container.remove(force=True, v=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
