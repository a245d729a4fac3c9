"""What a peer writes down: the latest record of each key is all that counts, so the log can be thinned.

Laws:
- `keep` puts the record in front of every effect that follows, so nobody hears of what is not on the disk.
- The log holds at most `SLACK` records, and as many again as there are keys, that later ones have replaced.
"""

from __future__ import annotations

from systems.core import Outbox
from systems.p2p.messages import Record

SLACK = 2000
_LAZY_NS = 200_000_000


class Notes(Outbox):
    """A step's effects, and the records behind them. `None` is the key of what belongs to the node itself."""

    def __init__(self, *, bug: str) -> None:
        super().__init__()
        self._latest: dict[str | None, Record] = {}
        self._length = 0  # of the log, in records
        self._lazy = bug == "ack-before-disk"
        self._unwritten: dict[str | None, Record] = {}

    def restored(self, key: str | None, record: Record) -> None:
        """`record` was found in the log."""
        self._latest[key] = record
        self._length += 1

    def keep(self, key: str | None, record: Record) -> None:
        """Write `record` down; it replaces the one that `key` had."""
        self._latest[key] = record
        if self._lazy:
            if not self._unwritten:
                self.set_timer("flush", _LAZY_NS, _LAZY_NS)
            self._unwritten[key] = record
            return
        self._length += 1
        if self._length > 2 * len(self._latest) + SLACK:
            self._length = len(self._latest)
            self.compact(tuple(self._latest.values()))
        else:
            self.persist(record)

    def flush(self) -> None:
        """Write down what `ack-before-disk` has put off."""
        unwritten, self._unwritten = self._unwritten, {}
        for record in unwritten.values():
            self.persist(record)
