"""One node in a container of its own: what a fault does to it, and what is seen of that.

Invariants: kill and pause are the engine's, so every process of the container is hit; a death that no fault
caused is remembered as a crash and never mended; every method may be called from any thread.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from harness.deploy import processes
from harness.deploy.containers.output import Output
from harness.errors import EnvironmentFault
from harness.images.engine import faults
from nemeses.faults import Evidence

LIMIT_S, WORDS_S = 10.0, 5.0
KILLED = 137  # the exit code of a container that SIGKILL ended

Fate = Literal["fault", "crash", "end"]


class ContainerNode:
    """A node's container, created and not started. logs: files it writes, besides its two outputs."""

    def __init__(self, name: str, container: Any, stdout: Path, stderr: Path, logs: Sequence[Path]) -> None:
        self.name = name
        self._container = container
        self._files = (stderr, stdout, *logs)
        self._output = Output(container, stdout, stderr)
        self._lock = threading.RLock()
        self._fate: Fate | None = None
        self._started = False
        self._crashes: list[str] = []

    def start(self) -> None:
        """Start it. Raises EnvironmentFault if the engine cannot (no such program in the image, ...)."""
        with self._lock, faults(f"start the container of {self.name}"):
            self._output.attach()
            self._container.start()
            self._fate = None
            self._started = True

    def exit_code(self) -> int | None:
        """None while it runs."""
        state = self._state()
        return None if state["Running"] or not self._started else int(state["ExitCode"])

    def ending(self) -> str:
        """How it ended, in words."""
        return _ending(self._state())

    def crashes(self) -> list[str]:
        """The deaths that no fault caused, each in a sentence."""
        with self._lock:
            state = self._state()
            if self._started and not state["Running"] and self._fate is None:
                self._fate = "crash"
                self._crashes.append(f"{self.name} died by itself ({_ending(state)}){self.tail()}")
            return list(self._crashes)

    def tail(self) -> str:
        """The last lines it wrote, to follow a sentence."""
        if self.exit_code() is not None:
            self._output.join(WORDS_S)
        return processes.told(self._files)

    def kill(self) -> Evidence:
        """SIGKILL; seen when the engine says that the container has ended by it."""
        with self._lock:
            if not self._is_running():
                return Evidence("skipped", (f"{self.name}: already dead",))
            self._fate = "fault"
            try:
                with faults(f"kill the container of {self.name}"):
                    self._container.kill("SIGKILL")
                    code = int(self._container.wait(timeout=LIMIT_S)["StatusCode"])
            except EnvironmentFault as error:
                if not self._state()["Running"]:
                    self._fate = None
                    self.crashes()
                    return Evidence("skipped", (f"{self.name}: had just died by itself",))
                return Evidence("indeterminate", (str(error),))
            self._output.join(WORDS_S)
            if code != KILLED:
                self._fate = None
                self.crashes()
                return Evidence("skipped", (f"{self.name}: had just died by itself (exit code {code})",))
            return Evidence("installed", (f"{self.name}: container dead by SIGKILL",))

    def revive(self) -> Evidence:
        """Start again what a fault killed, on the same data, with the same command."""
        with self._lock:
            if self._is_running():
                return Evidence("installed", (f"{self.name}: runs",))
            if self._fate != "fault":
                return Evidence("indeterminate", (f"{self.name}: died by itself, not started again",))
            try:
                self.start()
            except EnvironmentFault as error:
                return Evidence("indeterminate", (str(error),))
            return Evidence("installed", (f"{self.name}: container started again",))

    def pause(self) -> Evidence:
        """Freeze every process of the container; seen when the engine says so."""
        return self._freeze(True)

    def resume(self) -> Evidence:
        """Let them go on."""
        return self._freeze(False)

    def _freeze(self, still: bool) -> Evidence:
        doing, done = ("pause", "paused") if still else ("continue", "continued")
        with self._lock:
            if not self._is_running():
                return Evidence("skipped", (f"{self.name}: dead, nothing to {doing}",))
            if bool(self._state()["Paused"]) != still:
                try:
                    with faults(f"{doing} the container of {self.name}"):
                        (self._container.pause if still else self._container.unpause)()
                except EnvironmentFault as error:
                    return Evidence("indeterminate", (str(error),))
            if bool(self._state()["Paused"]) != still:
                return Evidence("indeterminate", (f"{self.name}: not {done}",))
            return Evidence("installed", (f"{self.name}: container {done}",))

    def has_begun(self) -> bool:
        """Whether its program runs."""
        return bool(self._state()["Running"])

    def end(self) -> None:
        """Remove the container, whatever it does; a stranger may have done so."""
        import docker.errors

        with self._lock, faults(f"remove the container of {self.name}"):
            self._fate = "end"
            with contextlib.suppress(docker.errors.NotFound):
                self._container.remove(force=True, v=True)
        self._output.join(WORDS_S)

    def _is_running(self) -> bool:
        self.crashes()
        return bool(self._state()["Running"])

    def _state(self) -> Any:
        with faults(f"look at the container of {self.name}"):
            self._container.reload()
        return self._container.attrs["State"]


def _ending(state: Any) -> str:
    """How it ended, in words."""
    if state["Running"]:
        return "it has not ended"
    if state.get("OOMKilled"):
        return "killed by the kernel: out of its memory limit"
    code = int(state["ExitCode"])
    return f"killed by signal {code - 128}" if 128 < code < 160 else f"exit code {code}"
