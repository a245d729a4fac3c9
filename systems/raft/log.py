"""The replicated log of one node, in memory, from where its latest snapshot ends.

Invariants: indices base_index + 1 .. last_index; what stands at or before the base is committed and only
its last term is known; terms never fall along the log; no call but `tail`, `replace_from` and `compact` costs
more than the number of distinct terms, and these cost the entries they return, replace or drop.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems.raft.messages import Entry


class Log:
    """Entries, and where each term begins."""

    __slots__ = ("_entries", "_starts", "base_index")

    def __init__(self) -> None:
        self.reset(0, 0)

    def reset(self, index: int, term: int) -> None:
        """Hold no entry; `index`, of this term, is the last that a snapshot covers (0, 0: none)."""
        self.base_index = index
        self._entries: list[Entry] = []
        self._starts: list[tuple[int, int]] = [(term, index)]  # (term, its first index), rising

    @property
    def last_index(self) -> int:
        """Index of the last entry, the base's if there is none behind it."""
        return self.base_index + len(self._entries)

    @property
    def last_term(self) -> int:
        """Term of the last entry, the base's if there is none behind it."""
        return self._starts[-1][0]

    def entry(self, index: int) -> Entry:
        """The entry at `index`, which must stand behind the base."""
        return self._entries[index - self.base_index - 1]

    def term_at(self, index: int) -> int | None:
        """Term of the entry at `index`; None behind the log, and before the base where it is not known."""
        if index == self.base_index:
            return self._starts[0][0]
        return self.entry(index).term if self.base_index < index <= self.last_index else None

    def tail(self, first: int, limit: int | None = None) -> tuple[Entry, ...]:
        """At most `limit` entries from `first` on, which must stand behind the base."""
        start = first - self.base_index - 1
        return tuple(self._entries[start : None if limit is None else start + limit])

    def replace_from(self, first: int, entries: Sequence[Entry]) -> None:
        """Drop everything from `first` on, then append `entries`; `first` is at most one past the end."""
        if not self.base_index < first <= self.last_index + 1:
            raise ValueError(
                f"log has entries {self.base_index + 1} to {self.last_index}; cannot write at index {first}: "
                "it would leave a gap"
            )
        del self._entries[first - self.base_index - 1 :]
        while self._starts[-1][1] >= first:
            self._starts.pop()
        for entry in entries:
            self._entries.append(entry)
            if entry.term != self.last_term:
                self._starts.append((entry.term, self.last_index))

    def compact(self, index: int) -> None:
        """Forget the entries up to `index`, which must be there: a snapshot covers them."""
        term = self.entry(index).term
        del self._entries[: index - self.base_index]
        self._starts = [(term, index), *(start for start in self._starts if start[1] > index)]
        self.base_index = index

    def first_of_term_at(self, index: int) -> int:
        """First index behind the base of the term that the entry at `index` has."""
        first = next(first for _, first in reversed(self._starts) if first <= index)
        return max(first, self.base_index + 1)

    def last_of_term(self, term: int) -> int:
        """Last index with this term, 0 if it is not known of any."""
        end = self.last_index
        for held, first in reversed(self._starts):
            if held == term:
                return end
            end = first - 1
        return 0
