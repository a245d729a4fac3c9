"""Process 1 of the namespaces a run lives in: prepares them, starts the controller, reaps, passes signals on.

Run as a file by `harness.deploy.namespaces`, with the standard library alone and no site packages:
`python -I -S init.py LIFELINE ARGV...`, where LIFELINE is one end of a socket pair; the outer process holds
the other.

Laws:
- A byte from the lifeline is a signal number for the controller; its end means that the outer process is
  gone.
- The one byte written to it is the exit code. `unshare` is not asked for it: some versions end with 1 when
  this process is killed, which would read as a verdict.
- When this process ends, the kernel kills everything else in the namespaces and removes them. It ends when
  the controller ends, when the lifeline ends, and (by the parent-death signal that `unshare` set) with
  `unshare`.
- Being a process of its own, it may reap every orphan without taking exit codes away from the controller.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

EXIT_FAILED = 3
EXIT_PREREQUISITE = 6
EXIT_NOT_STARTED = 127
SIGNALLED = 128  # the shell's convention: 128 + the signal's number

PREPARATIONS = (
    # `ip netns` keeps its names under /run, which is the host's, and not writable for an ordinary user.
    ("mount", "-t", "tmpfs", "-o", "mode=0755,nosuid,nodev", "tmpfs", "/run"),
    ("ip", "link", "set", "lo", "up"),
)


def complain(message: str) -> None:
    """One line to standard error, as the command line does."""
    sys.stderr.write(f"splitbrain: {message}\n")
    sys.stderr.flush()


def prepare() -> bool:
    """Make the namespaces fit for use; False, with the reason told, if the machine does not let us."""
    for argv in PREPARATIONS:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            complain(f"inside a namespace of its own, `{' '.join(argv)}` failed: {done.stderr.strip()}")
            complain("  fix: run as root, or on a kernel that allows unprivileged mounts and networks")
            return False
    return True


def reap(controller: int) -> int | None:
    """Collect whoever ended; the controller's exit code if it is among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return EXIT_FAILED
        if pid == 0:
            return None
        if pid == controller:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else SIGNALLED - code


def pass_on(lifeline: int, controller: int) -> bool:
    """Deliver what stands on the lifeline; False at its end."""
    numbers = os.read(lifeline, 64)
    for number in numbers:
        os.kill(controller, number)  # at worst a zombie: only `reap`, in this thread, makes its number free
    return bool(numbers)


def watch(lifeline: int, controller: int, child_ended: int) -> int:
    """Until the controller ends: its exit code. EXIT_FAILED when the lifeline ended first."""
    poller = select.poll()
    poller.register(lifeline, select.POLLIN | select.POLLHUP)
    poller.register(child_ended, select.POLLIN)
    while True:
        for descriptor, _ in poller.poll():
            if descriptor == child_ended:
                os.read(child_ended, 4096)
            elif not pass_on(lifeline, controller):
                return EXIT_FAILED
        code = reap(controller)
        if code is not None:
            return code


def start(argv: Sequence[str]) -> int:
    """Start the controller as an ordinary process: no signal handled or ignored on our account."""
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)  # for process 1 itself the kernel takes this as "ignore"
    pid = os.fork()
    if pid:
        return pid
    try:
        os.execvp(argv[0], list(argv))
    except OSError as error:
        complain(f"cannot start {argv[0]}: {error.strerror}")
    os._exit(EXIT_NOT_STARTED)


def run(lifeline: int, argv: Sequence[str]) -> int:
    """Prepare, start, watch; the exit code."""
    os.set_inheritable(lifeline, False)
    if not prepare():
        return EXIT_PREREQUISITE
    child_ended, wake = os.pipe()
    for end in (child_ended, wake):
        os.set_blocking(end, False)
    # A handler makes SIGCHLD interrupt; its byte on the pipe wakes the poll even if it comes just before.
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return watch(lifeline, start(argv), child_ended)


def main(argv: Sequence[str]) -> int:
    """`run`, and report."""
    lifeline = int(argv[1])
    code = run(lifeline, argv[2:])
    with contextlib.suppress(BrokenPipeError):  # nobody is left to be told
        os.write(lifeline, bytes([code]))
    return code


if __name__ == "__main__":
    # Straight out: what is left in the namespaces dies with this process, so there is nothing to tidy.
    os._exit(main(sys.argv))
