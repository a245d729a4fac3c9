"""The replicated log of one node, in memory.

Invariants: indices 1..last_index; terms never fall along the log; no call but `tail` and `replace_from`
costs more than the number of distinct terms, and these cost the entries they return or replace. There are
no snapshots: the log is whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems.raft.messages import Entry


class Log:
    """Entries, and where each term begins."""

    __slots__ = ("_entries", "_starts")

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._starts: list[tuple[int, int]] = []  # (term, its first index), rising

    @property
    def last_index(self) -> int:
        """Index of the last entry, 0 if there is none."""
        return len(self._entries)

    @property
    def last_term(self) -> int:
        """Term of the last entry, 0 if there is none."""
        return self._starts[-1][0] if self._starts else 0

    def entry(self, index: int) -> Entry:
        """The entry at `index`, which must exist."""
        return self._entries[index - 1]

    def term_at(self, index: int) -> int | None:
        """Term of the entry at `index`; 0 before the log, None behind it."""
        if index == 0:
            return 0
        return self._entries[index - 1].term if index <= len(self._entries) else None

    def tail(self, first: int, limit: int) -> tuple[Entry, ...]:
        """At most `limit` entries from `first` on."""
        return tuple(self._entries[first - 1 : first - 1 + limit])

    def replace_from(self, first: int, entries: Sequence[Entry]) -> None:
        """Drop everything from `first` on, then append `entries`; `first` is at most one past the end."""
        if not 1 <= first <= self.last_index + 1:
            raise ValueError(
                f"log has {self.last_index} entries; cannot write at index {first}: it would leave a gap"
            )
        del self._entries[first - 1 :]
        while self._starts and self._starts[-1][1] >= first:
            self._starts.pop()
        for entry in entries:
            if entry.term != self.last_term:
                self._starts.append((entry.term, len(self._entries) + 1))
            self._entries.append(entry)

    def first_of_term_at(self, index: int) -> int:
        """First index of the term that the entry at `index` has."""
        return next(first for _, first in reversed(self._starts) if first <= index)

    def last_of_term(self, term: int) -> int:
        """Last index with this term, 0 if the log has none."""
        end = self.last_index
        for held, first in reversed(self._starts):
            if held == term:
                return end
            end = first - 1
        return 0
