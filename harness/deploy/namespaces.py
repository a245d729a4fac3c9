"""Namespaces of its own for a run, so that the kernel removes everything when the controller dies, however it
dies.

`enter` runs a command inside new user, mount, process and network namespaces:

    this process --> setpriv (parent-death signal) --> unshare --> init.py (process 1) --> the command

Laws:
- SIGKILL of any of the four leaves nothing: no process, namespace, interface, rule or mount. Going down, each
  dies with the one before it by its parent-death signal; `init.py` also ends when the pipe that this process
  holds is closed.
- SIGINT and SIGTERM of this process reach the command exactly once each, over that socket, so none is lost
  while it starts. The command has a session of its own: a Ctrl-C at the terminal comes to this process alone.
- Works as root, and as an ordinary user where user namespaces are allowed; otherwise MissingPrerequisite says
  how to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from harness.deploy import init
from harness.errors import EnvironmentFault, MissingPrerequisite

INSIDE = "SPLITBRAIN_INSIDE"  # "MODE:INODE", the inode being that of the network namespace left behind
TOOLS: Mapping[str, str] = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "nft": "nftables",
}
_SEPARATE = ("--mount", "--pid", "--net", "--fork", "--kill-child=SIGKILL", "--mount-proc")
MODES: Mapping[str, tuple[str, ...]] = {
    "user": ("--user", "--map-root-user", *_SEPARATE),
    "plain": _SEPARATE,  # root only: where user namespaces are refused, the others may still be allowed
}
_FORWARDED = (signal.SIGINT, signal.SIGTERM)
# Administrators' tools live in folders that an ordinary user's PATH often leaves out.
_TOOL_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def _network_inode() -> int:
    return os.stat("/proc/self/ns/net").st_ino


def is_inside() -> bool:
    """Whether this process was started by `enter`. A marker that leaked to outside is not believed."""
    return mode() is not None


def mode() -> str | None:
    """How the namespaces were made, "user" or "plain"; None outside."""
    name, colon, inode = os.environ.get(INSIDE, "").partition(":")
    return name if colon and inode != str(_network_inode()) else None


def enter(argv_for_inside: Sequence[str]) -> int:
    """Run the command inside new namespaces, sharing standard input, output and error; its exit code.

    128 + n if signal n ended it. Raises MissingPrerequisite for a missing tool or forbidden namespaces, and
    EnvironmentFault if it was killed from outside.
    Call it from the main thread: it handles signals, and the parent-death signal follows the calling thread.
    """
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:{_TOOL_PATH}"}
    _require_tools(environment["PATH"])
    chosen = _allowed_mode(environment)
    environment[INSIDE] = f"{chosen}:{_network_inode()}"
    held, lifeline = socket.socketpair()
    with held:
        with lifeline, _forwarding(held):
            process = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL", "unshare", *MODES[chosen]),
                    *(sys.executable, "-I", "-S", init.__file__, str(lifeline.fileno()), *argv_for_inside),
                ],
                env=environment,
                pass_fds=(lifeline.fileno(),),
                start_new_session=True,
            )
            lifeline.close()
            process.wait()
        return _reported(held, process.returncode)


def _reported(held: socket.socket, unshare_code: int) -> int:
    code = b""
    with contextlib.suppress(ConnectionResetError):  # it died with signals unread
        code = held.recv(1)
    if not code:
        raise EnvironmentFault(
            f"the run was killed: process 1 of its namespaces left no exit code (unshare: {unshare_code})",
            fix="if nobody killed it, look for the out-of-memory killer in the kernel's log",
        )
    return code[0]


@contextmanager
def _forwarding(held: socket.socket) -> Iterator[None]:
    def forward(number: int, _frame: FrameType | None) -> None:
        try:
            held.send(bytes([number]))
        except BrokenPipeError:
            return  # the inside has ended already: the wait for it is about to return

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _require_tools(path: str) -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    if missing:
        packages = dict.fromkeys(TOOLS[tool] for tool in missing)
        raise MissingPrerequisite(
            f"a local run needs {', '.join(missing)}, not found in {path}",
            fix=f"apt-get install {' '.join(packages)}",
        )


def _allowed_mode(environment: Mapping[str, str]) -> str:
    """The first mode that this machine lets this user have."""
    refusals = []
    for name in MODES if os.geteuid() == 0 else ["user"]:
        # `true` inside is the whole question: what is refused here is refused for the run.
        probe = subprocess.run(
            ["unshare", *MODES[name], "true"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if probe.returncode == 0:
            return name
        refusals.append(probe.stderr.strip() or f"unshare ended with {probe.returncode}")
    raise MissingPrerequisite(
        f"this machine does not allow namespaces of one's own: {'; '.join(refusals)}",
        fix="run as root, or allow them: sysctl kernel.unprivileged_userns_clone=1 (Debian),"
        " user.max_user_namespaces=10000, kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu);"
        " in a container, start it with --privileged",
    )
