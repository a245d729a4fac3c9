"""Who leads, read from the nodes' own logs while they grow.

Invariants: every line is read once; a line that is not finished yet waits; of several nodes that claim to
lead, the one in the highest term is believed, because a deposed leader that cannot know it keeps saying so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from systems.api import LEADING_ROLES, ReadsRoles, RoleChange


class _Tail:
    """What has been read of one growing file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def lines(self) -> list[str]:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode("utf-8", "replace").splitlines()


class RoleWatcher:
    """Collects the role changes that a system's log lines tell of; empty for a system that tells none."""

    def __init__(
        self,
        system: object,
        log_files: Mapping[str, Sequence[Path]],
        clock_offsets: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._system = system if isinstance(system, ReadsRoles) else None
        self._tails = [(_Tail(p), clock_offsets.get(n, 0)) for n, paths in log_files.items() for p in paths]
        self._latest: dict[str, RoleChange] = {}
        self.changes: list[RoleChange] = []

    def poll(self) -> None:
        """Read what has been written since the last time."""
        if self._system is None:
            return
        for tail, offset_ns in self._tails:
            for line in tail.lines():
                change = self._system.role_of(line)
                if change is not None:
                    change = replace(change, time_ns=change.time_ns + offset_ns)
                    self.changes.append(change)
                    self._latest[change.node] = change

    def leader(self) -> str | None:
        """The node that leads in the highest term seen, None if none does."""
        self.poll()
        leading = [c for c in self._latest.values() if c.role in LEADING_ROLES]
        return max(leading, key=lambda c: c.term).node if leading else None
