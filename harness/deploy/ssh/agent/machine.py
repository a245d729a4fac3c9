"""What the host is, and what is put on it.

Invariant: a program is unpacked whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from typing import Any

from .claims import remove
from .node import SBIN
from .processes import STOP_S, stat_of, text_of, until
from .refusal import Refused


def facts(folder: str) -> dict[str, Any]:
    """What this machine is and has."""
    here = folder
    while not os.path.isdir(here):
        here = os.path.dirname(here)
    room = os.statvfs(here)
    return {
        "python": list(sys.version_info[:3]),
        "machine": platform.machine(),
        "uid": os.getuid(),
        "boot": text_of("/proc/sys/kernel/random/boot_id").strip(),
        "free": room.f_bavail * room.f_frsize,
        "writable": os.access(here, os.W_OK),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "tools": {tool: shutil.which(tool, path=SBIN) for tool in ("nft", "timeout", "sudo")},
        "connection": os.environ.get("SSH_CONNECTION", "").split(),
    }


def clock() -> dict[str, int]:
    """Both clocks, in nanoseconds."""
    return {"monotonic_ns": time.monotonic_ns(), "wall_ns": time.time_ns()}


def unpack(archive: str, target: str) -> str:
    """The interpreter of a program whose archive was put here; unpacked once, whole or not at all."""
    python = f"{target}/bin/python"
    if os.path.exists(f"{target}/whole"):
        return python
    draft = f"{target}.{os.getpid()}"
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(f"{draft}/site")  # ours: its digest is its name
        done = subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", draft],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Refused(
                f"no virtual environment can be made: {(done.stderr or done.stdout).strip()[-300:]}"
            )
        libraries = [f"{draft}/lib/{name}/site-packages" for name in os.listdir(f"{draft}/lib")]
        for folder in libraries:
            with open(f"{folder}/splitbrain.pth", "w") as file:
                file.write(f"{target}/site\n")
        open(f"{draft}/whole", "w").close()
        remove(target)
        os.rename(draft, target)
    finally:
        remove(draft)
        os.unlink(archive)
    return python


def signals() -> str:
    """Stop, continue and kill a process of our own, and see it happen."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        for number, states in ((signal.SIGSTOP, "T"), (signal.SIGCONT, "SR")):
            os.kill(child, number)
            if not until(lambda states=states: (stat_of(child) or ["?"])[0] in states, STOP_S):
                raise Refused(f"a process did not obey signal {int(number)}")
    finally:
        os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != -signal.SIGKILL:
        raise Refused(f"a process that was killed ended with {code}")
    return "a process was stopped, continued and killed"


def packet(port: int) -> None:
    """Send one to ourselves."""
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))


def digest(path: str) -> str | None:
    """SHA-256 of a file, None if it is not there."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return None
