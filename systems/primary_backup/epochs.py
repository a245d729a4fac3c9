"""Epochs granted by a majority: what modes sync and chain share of who rules.

A node that misses its primary bids for the next epoch; who is granted it by a majority, itself included,
rules in it. A subclass says what ruling and being ruled means.

Laws:
- A node grants an epoch to one candidate and writes that down before it says so; two majorities share a node;
  so an epoch has one primary at most, in one incarnation: who restarts has to bid anew.
- A grant goes only to a log at least as new by (epoch of the last entry, length).
- A message of a newer epoch makes its receiver enter that epoch, ruling no longer; what a subclass is given
  to `_hear` is of the node's own epoch or older.
- A node that heard from a primary within the takeover time ignores bids of others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from systems.core import CoreConfig, Effect, Event, Receive, Request, Start, TimerFired
from systems.machine import REGISTERS, Kind
from systems.primary_backup.messages import Bid, Grant, Message, Record, types_of
from systems.primary_backup.replica import Replica


class EpochCore(ABC):
    """One node. kind: the state machine that it replicates."""

    kind: ClassVar[Kind] = REGISTERS
    message_type, record_type, command_type = types_of(REGISTERS)

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.replica = Replica(config, records, self.kind)
        self.role = "backup"
        self.primary: str | None = None
        self._primary_alive = False
        self._grants: set[str] = set()
        self._announced: tuple[int, str, str | None] | None = None

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        match event:
            case Receive(sender, message):
                self._receive(sender, message)
            case Request(request_id, command):
                self._request(request_id, command)
            case TimerFired(name):
                self._timer(name)
            case Start():
                self._wait_for_primary()
        self._announce()
        return self.replica.take_effects()

    # What a mode adds

    @abstractmethod
    def _request(self, request_id: int, command: Any) -> None:
        """Answer a client, now or later."""

    @abstractmethod
    def _hear(self, sender: str, message: Message) -> None:
        """Take a message that has nothing to do with bids."""

    @abstractmethod
    def _won(self) -> None:
        """Begin to rule."""

    @abstractmethod
    def _ruling(self, timer: str) -> None:
        """A timer of the primary's ran out; it may have lost its role meanwhile."""

    @abstractmethod
    def _step_aside(self) -> None:
        """Rule no longer, if this node did."""

    # Who rules

    def _announce(self) -> None:
        now = (self.replica.epoch, self.role, self.primary)
        if now != self._announced:
            self._announced = now
            self.replica.trace("role", {"term": now[0], "role": now[1], "leader": now[2]})

    def _timer(self, name: str) -> None:
        if name != "takeover":
            self._ruling(name)
        elif self._primary_alive:
            self._primary_alive = False
            self.replica.set_timer("takeover", *self.replica.timing.stagger_ns)
        else:
            self._bid()

    def _receive(self, sender: str, message: Message) -> None:
        is_ruled = self.role == "primary" or self._primary_alive
        if isinstance(message, Bid) and is_ruled and sender != self.primary:
            return
        if message.epoch > self.replica.epoch:
            if self.role == "primary" and self.replica.bug == "no-fence":
                return
            self._obey(message.epoch, None)
        match message:
            case Bid():
                self._judge(sender, message)
            case Grant(epoch, granted):
                if granted and epoch == self.replica.epoch:
                    self._granted(sender)
            case _:
                self._hear(sender, message)

    def _judge(self, sender: str, bid: Bid) -> None:
        replica = self.replica
        is_newer = (bid.last_epoch, bid.length) >= (replica.last_epoch, len(replica.log))
        granted = bid.epoch == replica.epoch and replica.granted_to in (None, sender) and is_newer
        if granted:
            replica.promise(bid.epoch, sender)
            self._wait_for_primary()
        replica.send(sender, Grant(replica.epoch, granted))

    def _obey(self, epoch: int, primary: str | None) -> None:
        """Be a backup in `epoch`; a new epoch has been granted to nobody yet."""
        self._retire()
        self.role = "backup"
        self.primary = primary
        if epoch > self.replica.epoch:
            self._primary_alive = False
            self.replica.promise(epoch, None)

    def _hear_primary(self) -> None:
        """The primary of this epoch gave a sign of life."""
        self._primary_alive = True
        takeover = self.replica.timing.takeover_ns
        self.replica.set_timer("takeover", takeover, takeover)

    def _wait_for_primary(self) -> None:
        """Start a whole takeover time, nobody being known to rule."""
        self._primary_alive = False
        takeover, (low, high) = self.replica.timing.takeover_ns, self.replica.timing.stagger_ns
        self.replica.set_timer("takeover", takeover + low, takeover + high)

    def _retire(self) -> None:
        self._step_aside()
        if self.role == "primary":
            self.replica.cancel_timer("heartbeat")
            self.replica.cancel_timer("watch")
            self._wait_for_primary()

    def _bid(self) -> None:
        """Ask for the next epoch, granting it to oneself."""
        replica = self.replica
        self._retire()
        self.role, self.primary = "candidate", None
        replica.promise(replica.epoch + 1, replica.config.name)
        self._grants = set()
        self._wait_for_primary()
        for peer in replica.config.peers:
            replica.send(peer, Bid(replica.epoch, replica.last_epoch, len(replica.log)))
        self._granted(replica.config.name)

    def _granted(self, voter: str) -> None:
        """Count a grant of this epoch, which may be one too many."""
        self._grants.add(voter)
        if self.role == "candidate" and len(self._grants) >= self.replica.config.majority:
            self.role = "primary"
            self.primary = self.replica.config.name
            self.replica.cancel_timer("takeover")
            self._won()
