"""The clients' process, started where clients live.

Invariants: it has a session of its own, so that ending it ends whatever it started; its standard error goes
to clients.log in the run folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


def start_client(argv: Sequence[str], run_dir: Path) -> subprocess.Popen[bytes]:
    """Start `argv` with pipes."""
    with (run_dir / "clients.log").open("ab") as stderr:
        return subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
        )


def end_client(process: subprocess.Popen[bytes]) -> None:
    """Kill it and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(
                BrokenPipeError
            ):  # what was still buffered for it has no reader any more
                pipe.close()
