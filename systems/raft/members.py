"""Which nodes belong to the cluster, as the log has it (thesis, sections 4.1 and 4.2).

Laws: a configuration counts from the moment its entry stands in the log, committed or not; if the entry is
removed from the log, the one before it counts again. The first is the list that the node was started with.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems.raft.messages import Entry, Members


class Configurations:
    """The configuration as of the log's base, and those of the entries behind it."""

    __slots__ = ("_held",)

    def __init__(self, initial: tuple[str, ...]) -> None:
        self._held: list[tuple[int, tuple[str, ...]]] = [(0, initial)]  # (index, names), rising

    @property
    def current(self) -> tuple[str, ...]:
        """Who belongs to the cluster now."""
        return self._held[-1][1]

    @property
    def index(self) -> int:
        """Where the current configuration stands in the log, 0 for the first."""
        return self._held[-1][0]

    @property
    def majority(self) -> int:
        """Size of the smallest majority."""
        return len(self.current) // 2 + 1

    def at(self, index: int) -> tuple[str, ...]:
        """The configuration as of the entry at `index`, which must not stand before the base."""
        return next(names for held, names in reversed(self._held) if held <= index)

    def replace_from(self, first: int, entries: Sequence[Entry]) -> None:
        """Follow `Log.replace_from`."""
        while self._held[-1][0] >= first:
            self._held.pop()
        for offset, entry in enumerate(entries):
            if isinstance(entry.command, Members):
                self._held.append((first + offset, entry.command.names))

    def reset(self, index: int, names: tuple[str, ...]) -> None:
        """`names` as of `index`, and nothing behind it."""
        self._held = [(index, names)]

    def compact(self, index: int) -> None:
        """Forget what stood before `index`."""
        behind = [held for held in self._held if held[0] > index]
        before = [held for held in self._held if held[0] <= index]
        self._held = [before[-1], *behind]
