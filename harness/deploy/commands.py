"""Commands run to their end: one with a time limit, or many side by side.

Invariants: a command that does not end in time is killed with its whole session; whatever goes wrong is an
EnvironmentFault that names the command.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.deploy.seam import Completed
from harness.errors import EnvironmentFault, MissingPrerequisite

TIMEOUT_S = 10.0  # for set-up commands that take milliseconds: only a machine in trouble needs more


def spawn(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own with pipes.

    Raises MissingPrerequisite if there is no such program.
    """
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise MissingPrerequisite(f"no program {argv[0]!r}", fix="install it, or correct PATH") from error
    except OSError as error:
        raise EnvironmentFault(f"cannot start `{shlex.join(argv)}`: {error.strerror}") from error


def finish(
    argv: Sequence[str], process: subprocess.Popen[bytes], stdin: bytes, timeout_s: float
) -> Completed:
    """Wait for the end of a spawned command.

    Raises EnvironmentFault when it takes longer than `timeout_s`.
    """
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise EnvironmentFault(
            f"`{shlex.join(argv)}` did not end within {timeout_s:g} s and was killed",
            fix="look for a hung command or an overloaded machine",
        ) from None
    return Completed(process.returncode, stdout, stderr)


def run(argv: Sequence[str], stdin: bytes = b"", timeout_s: float = TIMEOUT_S) -> Completed:
    """Run one command to its end. Raises EnvironmentFault when it does not end in time."""
    return finish(argv, spawn(argv), stdin, timeout_s)


def run_all(
    jobs: Mapping[str, tuple[Sequence[str], bytes]], timeout_s: float = TIMEOUT_S
) -> dict[str, Completed]:
    """Run every (argv, stdin) side by side; name -> what came out.

    Raises EnvironmentFault naming the first that failed, when all have ended.
    """
    if not jobs:
        return {}
    with ThreadPoolExecutor(len(jobs)) as pool:
        ends = {name: pool.submit(run, argv, stdin, timeout_s) for name, (argv, stdin) in jobs.items()}
    done = {name: end.result() for name, end in ends.items()}
    for name, completed in done.items():
        if completed.code:
            said = completed.stderr.decode(errors="replace").strip()
            raise EnvironmentFault(f"{name}: `{shlex.join(jobs[name][0])}` failed ({completed.code}): {said}")
    return done
