"""The seams of deployment: a `Host` is where something runs, a `Deployment` is a cluster that runs.

Invariants: every call that can hang takes a timeout; a Deployment used as a context manager leaves nothing
behind.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, runtime_checkable

from nemeses.faults import Evidence, Fault, Partition
from nemeses.linux import Counter


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended."""

    code: int
    stdout: bytes
    stderr: bytes


class Host(Protocol):
    """One machine, container or namespace."""

    name: str

    def exec(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Completed:
        """Run to the end. Raises EnvironmentFault when it does not end in time or cannot be started."""

    def put(self, path: str, content: bytes, *, timeout_s: float) -> None:
        """Write a file, its folders included."""

    def get(self, path: str, *, timeout_s: float) -> bytes:
        """Read a file."""


class Places(Protocol):
    """Where the commands of faults run: each node, and CLIENTS."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Place -> address."""

    def run(self, argvs: Mapping[str, Sequence[str]]) -> dict[str, Completed]:
        """Run one command at each place, side by side. Raises EnvironmentFault if one fails."""


Seen = Mapping[str, tuple[Counter, ...]]  # receiver -> what each of its rules has dropped


class Links(Protocol):
    """The links of a cluster, as partitions see them. Both raise EnvironmentFault."""

    def cut(self, fault: Partition) -> Seen:
        """Cut its links; the rules that are in force for its receivers afterwards."""

    def mend(self) -> Seen:
        """Open every link, whatever was cut; the rules that were in force until then."""


class Member(Protocol):
    """One node, as faults and readiness see it. Every method may be called from any thread."""

    name: str

    def kill(self) -> Evidence:
        """Kill all of it, at once."""

    def revive(self) -> Evidence:
        """Start again what a fault killed, on the same data."""

    def pause(self) -> Evidence:
        """Stop all of it where it stands."""

    def resume(self) -> Evidence:
        """Let it go on."""

    def exit_code(self) -> int | None:
        """None while it runs, negative if a signal ended it."""

    def has_begun(self) -> bool:
        """Whether its own program runs."""

    def crashes(self) -> list[str]:
        """The deaths that no fault caused, each in a sentence."""

    def tail(self) -> str:
        """The last lines it wrote, to follow a sentence."""


@runtime_checkable
class TellsEnding(Protocol):
    """A member that knows more of its end than the exit code."""

    def ending(self) -> str:
        """How it ended, in words."""


class Deployment(Protocol):
    """A deployed cluster. clients_python: the interpreter where clients live. clock_offsets: node -> what to
    add to times of its host's monotonic clock, in nanoseconds (none: it is ours). kept: what is left on
    purpose when it was left, each in a sentence.

    Entering starts every node and returns when all are ready; leaving stops and collects everything.
    """

    nodes: tuple[str, ...]
    addresses: Mapping[str, str]
    place: str
    clients_python: str
    clock_offsets: Mapping[str, int]
    kept: Sequence[str]

    def __enter__(self) -> Deployment: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def apply(self, fault: Fault) -> Evidence:
        """Do it; say how it was seen to bite. Never raises for a fault that did not land: that is evidence
        too.
        """

    def undo(self, fault: Fault) -> Evidence:
        """Take it back, remembering nothing; evidence includes what was counted meanwhile (packets
        dropped).
        """

    def heal(self) -> Evidence:
        """Take everything back, whatever was done: all links open, all nodes running."""

    def client_process(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start `argv` where clients live; stdin and stdout are pipes, stderr goes to clients.log in the run
        folder.
        """

    def log_files(self) -> Mapping[str, Sequence[Path]]:
        """Node -> files on the controller's disk in which its log lines stand (they grow while it runs)."""

    def check_alive(self) -> list[str]:
        """Nodes that died although no fault killed them, each in a sentence with the last lines of their
        log.
        """
