"""Programs that an image is made with, run to their end.

Invariants: one that fails or takes too long is an EnvironmentFault with the last lines it said; however this
process leaves (Ctrl-C included), the program and all it started are dead before the call returns.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence

from harness.errors import EnvironmentFault, MissingPrerequisite

_TAIL_LINES = 8
# Administrators' tools live in folders that an ordinary user's PATH often leaves out.
_TOOL_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def tool_path() -> str:
    """PATH with the administrators' folders."""
    return f"{os.environ.get('PATH', os.defpath)}:{_TOOL_PATH}"


def require_tools(packages: Mapping[str, str]) -> None:
    """Raises MissingPrerequisite for each tool (-> its Debian package) that is not there."""
    missing = [tool for tool in packages if shutil.which(tool, path=tool_path()) is None]
    if missing:
        raise MissingPrerequisite(
            f"building an image offline needs {', '.join(missing)}, not found in {tool_path()}",
            fix=f"apt-get install {' '.join(dict.fromkeys(packages[tool] for tool in missing))}",
        )


def run(argv: Sequence[str], timeout_s: float, fix: str) -> None:
    """Run `argv` to its end. Raises EnvironmentFault with `fix` when it fails or is too slow."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "PATH": tool_path()},
    ) as process:
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()  # to the end of the pipe: whoever holds it, holds a folder to be removed
            if isinstance(error, subprocess.TimeoutExpired):
                message = f"`{shlex.join(argv)}` did not end within {timeout_s:g} s and was killed"
                raise EnvironmentFault(message, fix=fix) from None
            raise
    if process.returncode:
        tail = "\n".join(said.decode(errors="replace").strip().splitlines()[-_TAIL_LINES:])
        raise EnvironmentFault(f"`{shlex.join(argv)}` failed ({process.returncode}):\n{tail}", fix=fix)
