"""The replica of mode quorum: copies of registers, each under its tag.

Laws (Attiya, Bar-Noy, Dolev 1995, section 3: what a processor does on a message):
- A copy is replaced only by one with a higher tag.
- An answer stands behind the record of everything it tells: what a replica said it has, it still has after a
  restart.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems.core import Outbox
from systems.p2p.messages import Boot, Copy, Have, Kept, Query, Record, Store, Stored
from systems.p2p.notes import Notes

_NEVER_WRITTEN = Copy()


class Replica:
    """One node's copies. boot: the number of this start, once `begin` was called."""

    def __init__(self, records: Sequence[Record], *, bug: str) -> None:
        self.boot = 0
        self.outbox: Outbox
        self.outbox = self._notes = Notes(bug=bug)
        self._copies: dict[str, Copy] = {}
        for record in records:
            match record:
                case Boot(number):
                    self.boot = number
                    self._notes.restored(None, record)
                case Kept(key, copy):
                    self._copies[key] = copy
                    self._notes.restored(key, record)

    def begin(self) -> None:
        """Count this start, before anything is said or asked."""
        self.boot += 1
        self._notes.keep(None, Boot(self.boot))

    def copy(self, key: str) -> Copy:
        """The copy of `key`."""
        return self._copies.get(key, _NEVER_WRITTEN)

    def store(self, key: str, copy: Copy) -> None:
        """Keep `copy`, if it is newer."""
        if copy.tag > self.copy(key).tag:
            self._copies[key] = copy
            self._notes.keep(key, Kept(key, copy))

    def answer(self, sender: str, message: Query | Store) -> None:
        """Do what a coordinator asks for, and say so."""
        match message:
            case Query(round_, key):
                self.outbox.send(sender, Have(round_, self.copy(key)))
            case Store(round_, key, copy):
                self.store(key, copy)
                self.outbox.send(sender, Stored(round_))

    def flush(self) -> None:
        """See `Notes.flush`."""
        self._notes.flush()
