"""One node on a host of its own: what a fault does to it, and what is seen of that.

Invariants: everything of the node is hit, children in sessions of their own included; a death that no fault
caused is remembered as a crash and never mended; every method may be called from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.deploy import processes
from harness.deploy.node import Fate, ending
from harness.deploy.ssh.follower import Follower
from harness.deploy.ssh.host import SshHost
from harness.errors import EnvironmentFault
from nemeses.faults import Evidence

KILLED = -9
LEAST_FREE = 64 << 10


class SshNode:
    """The node in the folder `home` of `host`. files: its outputs and logs here, the errors first."""

    def __init__(
        self,
        host: SshHost,
        home: str,
        mark: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        files: Sequence[Path],
        follower: Follower,
    ) -> None:
        self.name = host.name
        self._host = host
        self._of: dict[str, Any] = {"home": home, "mark": mark}
        self._command: dict[str, Any] = {"argv": list(argv), "env": dict(env)}
        self._files = files
        self._follower = follower
        self._lock = threading.RLock()
        self._turn = 0
        self._dead: int | None = None  # the code of a death that we saw ourselves
        self._fate: Fate | None = None
        self._crashes: list[str] = []

    def start(self) -> int:
        """Start it; its process. Raises EnvironmentFault if that cannot be."""
        with self._lock:
            status = self._host.ask("start", **self._of, **self._command, turn=self._turn + 1)
            self._turn += 1
            self._fate, self._dead = None, None
            return int(status["pid"])

    def exit_code(self) -> int | None:
        """None while it runs, negative if a signal ended it."""
        with self._lock:
            if self._dead is not None:
                return self._dead
            status = self._follower.status()
            # Word of an earlier start says nothing of this one.
            return status["code"] if status["turn"] == self._turn else None

    def has_begun(self) -> bool:
        """Whether its own program runs."""
        return self._follower.status()["turn"] == self._turn and self.exit_code() is None

    def crashes(self) -> list[str]:
        """The deaths that no fault caused, each in a sentence. Raises EnvironmentFault for a lost host."""
        with self._lock:
            self._note(self.exit_code() if self._turn else None)
            return list(self._crashes)

    def tail(self) -> str:
        """The last lines it wrote, to follow a sentence."""
        return processes.told(self._files)

    def ending(self) -> str:
        """How it ended, in words."""
        return self._words(self.exit_code() or 0)

    def kill(self) -> Evidence:
        """SIGKILL everything of the node; seen when nothing of it is left."""
        return self._asked(self._kill)

    def revive(self) -> Evidence:
        """Start again what a fault killed, on the same data, with the same command."""
        return self._asked(self._revive)

    def pause(self) -> Evidence:
        """SIGSTOP everything of the node; seen when every process of it is stopped."""
        return self._asked(lambda: self._freeze(True))

    def resume(self) -> Evidence:
        """SIGCONT everything of the node; seen when nothing of it is stopped."""
        return self._asked(lambda: self._freeze(False))

    def end(self, grace_s: float) -> None:
        """Stop it, by SIGKILL if need be. Raises EnvironmentFault if something is left."""
        with self._lock:
            status = self._host.ask("end", **self._of, grace_s=grace_s)
            if self._fate is None and status["code"] is not None and self._dead is None:
                self._fate = "end"
            if status["left"]:
                raise EnvironmentFault(f"processes {status['left']} of {self.name} did not die by SIGKILL")

    def _asked(self, act: Any) -> Evidence:
        with self._lock:
            try:
                found: Evidence = act()
            except EnvironmentFault as error:
                return Evidence("indeterminate", tuple(str(error).splitlines()))
            return found

    def _kill(self) -> Evidence:
        if not self._runs():
            return Evidence("skipped", (f"{self.name}: already dead",))
        status = self._host.ask("kill", **self._of)
        code = status["code"]
        if status["left"]:
            return Evidence("indeterminate", (f"{self.name}: still has {status['left']} after SIGKILL",))
        if code != KILLED:
            self._note(code)
            return Evidence("skipped", (f"{self.name}: had just died by itself ({ending(code)})",))
        self._fate, self._dead = "fault", code
        return Evidence("installed", (f"{self.name}: process {status['pid']} dead by SIGKILL",))

    def _revive(self) -> Evidence:
        if self._runs():
            return Evidence("installed", (f"{self.name}: runs",))
        if self._fate != "fault":
            return Evidence("indeterminate", (f"{self.name}: died by itself, not started again",))
        pid = self.start()
        return Evidence("installed", (f"{self.name}: started again as process {pid}",))

    def _freeze(self, still: bool) -> Evidence:
        doing, done = ("pause", "stopped") if still else ("continue", "continued")
        if not self._runs():
            return Evidence("skipped", (f"{self.name}: dead, nothing to {doing}",))
        status = self._host.ask("pause", **self._of, still=still)
        self._note(status["code"])
        if status["code"] is not None:
            return Evidence("skipped", (f"{self.name}: dead, nothing to {doing}",))
        listed = ", ".join(map(str, status["pids"]))
        if not status["done"]:
            return Evidence("indeterminate", (f"{self.name}: process {listed} not {done}",))
        return Evidence("installed", (f"{self.name}: process {listed} {done}",))

    def _runs(self) -> bool:
        """Asked of the host itself: what was last heard may be half a second old."""
        if self._fate is not None:
            return False
        self._note(self._host.ask("status", home=self._of["home"])["code"])
        return self._fate is None

    def _note(self, code: int | None) -> None:
        if code is not None and self._fate is None:
            self._fate, self._dead = "crash", code
            self._crashes.append(f"{self.name} died by itself ({self._words(code)}){self.tail()}")

    def _words(self, code: int) -> str:
        """A node whose disk is full has no room for its last words."""
        try:
            free = self._follower.status().get("free", LEAST_FREE)
        except EnvironmentFault:
            free = LEAST_FREE
        return f"{ending(code)}, and no space is left on its disk" if free < LEAST_FREE else ending(code)
