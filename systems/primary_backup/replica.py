"""What every node of modes sync and chain has whatever its role: epoch, grant, operation log,
committed length, store.

Laws:
- Every message leaves through `send`, every answer through `reply`; both write a changed epoch or grant
  down first, and entries are written down where they are appended.
- `committed` is volatile and learnt again after a restart; what is committed is applied at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from systems import kv
from systems.core import CoreConfig, Outbox
from systems.machine import REGISTERS, Kind
from systems.primary_backup.messages import (
    Barrier,
    Entry,
    Logged,
    Promise,
    Record,
    Replicate,
    Started,
    Stored,
)
from systems.primary_backup.timing import Timing

BATCH = 256  # most entries in one message


class Replica(Outbox):
    """The state common to all roles, and the list of effects of the step under way."""

    def __init__(self, config: CoreConfig, records: Sequence[Record], kind: Kind = REGISTERS) -> None:
        super().__init__()
        self.config = config
        self.kind = kind
        self.timing = Timing.of(config)
        self.bug = config.options.get("bug", "")
        self.incarnation = 0  # how often this node has been started before, where that is written down
        self.epoch = 0
        self.granted_to: str | None = None
        self.log: list[Entry] = []
        self.committed = 0
        self.store = kind.make(config.options)
        self._unsaved = False
        for record in records:
            match record:
                case Promise(epoch, candidate):
                    self.epoch, self.granted_to = epoch, candidate
                case Logged(after, entries):
                    self.log[after:] = entries
                case Started(incarnation):
                    self.incarnation = incarnation

    @property
    def last_epoch(self) -> int:
        """Epoch of the last entry, 0 if there is none."""
        return self.log[-1].epoch if self.log else 0

    def epoch_of(self, length: int) -> int:
        """Epoch of the last of the first `length` entries, 0 if there is none."""
        return self.log[length - 1].epoch if 0 < length <= len(self.log) else 0

    def promise(self, epoch: int, candidate: str | None) -> None:
        """Enter `epoch`, or grant it; written down before the next message."""
        if (epoch, candidate) != (self.epoch, self.granted_to):
            self.epoch, self.granted_to = epoch, candidate
            self._unsaved = True

    def append(self, after: int, entries: tuple[Entry, ...]) -> None:
        """Write `entries` behind the first `after`, in memory and on disk; the epoch goes first."""
        self.save()
        if after < self.committed:  # only a planted bug replaces what was committed: the state goes with it
            self.committed, self.store = 0, self.kind.make(self.config.options)
        self.log[after:] = entries
        self.persist(Logged(after, entries))

    def batch(self, prev: int) -> tuple[Entry, ...]:
        """The entries behind the first `prev` that go into one message."""
        entries = tuple(self.log[prev : prev + BATCH])
        if self.kind.weigh is None:
            return entries
        return entries[: self.kind.fitting(entry.operation for entry in entries)]

    def accept(self, message: Replicate) -> Stored:
        """Store what the primary of this epoch sent, if it fits.

        Where it does not, the answer says from where on it would: behind the own log if that is too short,
        else behind what is committed, since that is a prefix of every later primary's log.
        """
        prev = message.prev
        if prev > len(self.log):
            return Stored(self.epoch, False, len(self.log), message.round)
        if self.epoch_of(prev) != message.prev_epoch:
            return Stored(self.epoch, False, self.committed, message.round)
        for offset, entry in enumerate(message.entries):
            place = prev + offset
            if place >= len(self.log) or self.log[place].epoch != entry.epoch:
                self.append(place, message.entries[offset:])
                break
        length = prev + len(message.entries)
        for _ in self.commit(min(message.committed, length)):
            pass  # only the primary that took a request answers it
        return Stored(self.epoch, True, length, message.round)

    def commit(self, length: int) -> Iterator[tuple[int, kv.Ok]]:
        """Commit the first `length` entries: apply what is new; place (1, 2, ...) and answer of each."""
        while self.committed < length:
            operation = self.log[self.committed].operation
            self.committed += 1
            yield self.committed, kv.Ok() if isinstance(operation, Barrier) else self.store.apply(operation)

    def foresee(self) -> kv.Ok:
        """What the last entry would answer if all entries were committed; for planted bugs."""
        ahead = self.kind.make(self.config.options)
        ahead.load(self.store.dump())
        answer = kv.Ok()
        for entry in self.log[self.committed :]:
            if not isinstance(entry.operation, Barrier):
                answer = ahead.apply(entry.operation)
        return answer

    def save(self) -> None:
        """Write the promise down, if it is new."""
        if self._unsaved:
            self._unsaved = False
            if self.bug == "no-epoch-persist":
                return
            self.persist(Promise(self.epoch, self.granted_to))
