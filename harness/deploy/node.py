"""One node of a local cluster: its process, what a fault does to it, and what is seen of that.

Invariants: a node is every process in its network namespace (commands of the harness left out), so a child in
a session of its own is killed and stopped with it; a death that no fault caused is remembered as a crash and
never mended; every method may be called from any thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.deploy import processes
from harness.errors import EnvironmentFault
from nemeses.faults import Evidence

KILL_LIMIT_S, STOP_LIMIT_S, MOMENT_S = 3.0, 1.0, 0.5

Fate = Literal["fault", "crash", "end"]  # why it is dead, or about to be


@dataclass(frozen=True, slots=True)
class NodeCommand:
    """How to run a node.

    `argv` enters the namespace whose inode is `inode`; `logs` come after its two outputs.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    inode: int
    stdout: Path
    stderr: Path
    logs: tuple[Path, ...] = ()


class Node:
    """A node's process. Not started until `start`."""

    def __init__(self, command: NodeCommand) -> None:
        self.command = command
        self.name = command.name
        self.guests: set[int] = set()  # sessions of commands run here by the harness
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._fate: Fate | None = None
        self._crashes: list[str] = []

    def start(self) -> int:
        """Start the process; its id. Raises EnvironmentFault if it cannot be started at all."""
        with (
            self._lock,
            self.command.stdout.open("ab") as stdout,
            self.command.stderr.open("ab") as stderr,
        ):
            try:
                self._process = subprocess.Popen(
                    self.command.argv,
                    env=self.command.env,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise EnvironmentFault(f"{self.name}: cannot be started: {error}") from error
            self._fate = None
            return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs, negative if a signal ended it."""
        with self._lock:
            return None if self._process is None else self._process.poll()

    def crashes(self) -> list[str]:
        """The deaths that no fault caused, each in a sentence."""
        with self._lock:
            code = self.exit_code()
            if code is not None and self._fate is None:
                self._fate = "crash"
                self._crashes.append(f"{self.name} died by itself ({ending(code)}){self.tail()}")
            return list(self._crashes)

    def tail(self) -> str:
        """The last lines it wrote, to follow a sentence."""
        return processes.told((self.command.stderr, self.command.stdout, *self.command.logs))

    def kill(self) -> Evidence:
        """SIGKILL everything of the node; seen when the process was waited for and nothing of it is left."""
        with self._lock:
            if not self._is_running() or self._process is None:
                return Evidence("skipped", (f"{self.name}: already dead",))
            self._fate = "fault"
            dead = processes.wait_until(self._killed, KILL_LIMIT_S)
            code = self._process.poll()
            if code is not None and code != -signal.SIGKILL:
                self._fate = None
                self.crashes()
                return Evidence("skipped", (f"{self.name}: had just died by itself ({ending(code)})",))
            if not dead:
                return Evidence("indeterminate", (f"{self.name}: still has {self._pids()} after SIGKILL",))
            return Evidence("installed", (f"{self.name}: process {self._process.pid} dead by SIGKILL",))

    def revive(self) -> Evidence:
        """Start again what a fault killed, on the same data, with the same command."""
        with self._lock:
            if self._process is None or self._is_running():
                return Evidence("installed", (f"{self.name}: runs",))
            if self._fate != "fault":
                return Evidence("indeterminate", (f"{self.name}: died by itself, not started again",))
            before = self._process.pid
            pid = self.start()
            processes.wait_until(lambda: self.exit_code() is not None or self._is_itself(), MOMENT_S)
            if not self.has_begun():
                how = ending(self.exit_code())
                return Evidence("indeterminate", (f"{self.name}: started again, but does not run ({how})",))
            return Evidence("installed", (f"{self.name}: started again as process {pid} (was {before})",))

    def pause(self) -> Evidence:
        """SIGSTOP everything of the node; seen when every thread group is stopped."""
        with self._lock:
            if not self._is_running():
                return Evidence("skipped", (f"{self.name}: dead, nothing to pause",))
            if processes.wait_until(self._stopped, STOP_LIMIT_S):
                return Evidence("installed", (f"{self.name}: {_listed(self._pids())} stopped",))
            return Evidence("indeterminate", (f"{self.name}: not stopped: {self._states()}",))

    def resume(self) -> Evidence:
        """SIGCONT everything of the node; seen when nothing of it is stopped."""
        with self._lock:
            if not self._is_running():
                return Evidence("skipped", (f"{self.name}: dead, nothing to continue",))
            if processes.wait_until(self._continued, STOP_LIMIT_S):
                return Evidence("installed", (f"{self.name}: {_listed(self._pids())} continued",))
            return Evidence("indeterminate", (f"{self.name}: still stopped: {self._states()}",))

    def ask_to_end(self) -> None:
        """SIGTERM, to a stopped process as well; the end is not waited for."""
        with self._lock:
            if self._is_running():
                self._fate = "end"
            processes.send(signal.SIGTERM, self._pids())
            processes.send(signal.SIGCONT, self._pids())

    def end(self) -> bool:
        """SIGKILL whatever is left; whether it is all gone."""
        with self._lock:
            if self._is_running():
                self._fate = "end"
            return processes.wait_until(self._killed, KILL_LIMIT_S)

    def is_gone(self) -> bool:
        """Whether nothing of the node is left."""
        with self._lock:
            return not self._pids()

    def has_begun(self) -> bool:
        """Whether its own program runs: `nsenter` has entered the namespace and become it."""
        with self._lock:
            return self._process is not None and self._process.poll() is None and self._is_itself()

    def _is_itself(self) -> bool:
        pid = 0 if self._process is None else self._process.pid
        return processes.network_of(pid) == self.command.inode and processes.program_of(pid) != "nsenter"

    def _is_running(self) -> bool:
        self.crashes()
        return self._process is not None and self._process.poll() is None

    def _pids(self) -> list[int]:
        pids = processes.living_in(self.command.inode, except_sessions=self.guests)
        # Just started, it may not have entered its namespace yet.
        if self._process is not None and self._process.poll() is None and self._process.pid not in pids:
            pids.append(self._process.pid)
        return sorted(pids)

    def _killed(self) -> bool:
        pids = self._pids()
        processes.send(signal.SIGKILL, pids)
        return not pids

    def _stopped(self) -> bool:
        # Again in every round: a process may have been forked between the look and the signal.
        pids = self._pids()
        processes.send(signal.SIGSTOP, pids)
        stats = [processes.stat_of(pid) for pid in pids]
        return bool(pids) and all(s is None or s.state in processes.STOPPED for s in stats)

    def _continued(self) -> bool:
        pids = self._pids()
        processes.send(signal.SIGCONT, pids)
        return all(s is None or s.state not in processes.STOPPED for s in map(processes.stat_of, pids))

    def _states(self) -> str:
        stats = [stat for stat in map(processes.stat_of, self._pids()) if stat]
        return ", ".join(f"process {stat.pid} is in state {stat.state}" for stat in stats)


def ending(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "it has not ended"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _listed(pids: Sequence[int]) -> str:
    return f"process {', '.join(map(str, pids))}"


def node_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The controller's environment with what the system adds."""
    return {**os.environ, **extra}
