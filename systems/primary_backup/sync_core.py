"""Primary-backup in mode sync: epochs granted by a majority, changes answered when all in sync have them.

Why it is linearizable (the argument is that of Raft, sections 5.4.2 and 5.4.3, with a larger commit quorum):
1. One primary per epoch. A node grants an epoch to one candidate and writes that down before it says so; two
   majorities share a node.
2. What is committed survives. An entry is committed in epoch e when every in-sync node, thus at least a
   majority, wrote it down under e. A later candidate needs a majority of grants, so one comes from a node
   that has the entry; it grants only to logs at least as new by (epoch of the last entry, length). By
   induction over epochs every later primary has the entry: a log whose last entry is of an epoch between was
   written by a primary that had it, and one whose last entry is of e itself is longer. Entries of earlier
   epochs are not committed by themselves, only through an entry of the primary's own (the barrier is its
   first), since otherwise a newer log could still replace them.
3. Fencing. A node that granted or saw epoch e+1 refuses every message of e. Hence once a primary of e+1 has
   its barrier committed, no primary of e can commit or confirm anything: either would need a majority that
   still stands in e.
4. Reads. A read is answered from the applied prefix after the barrier of the own epoch is committed and after
   a majority confirmed, in a round begun after the read arrived, that it still stands in the epoch. So every
   change answered before the read was invoked is in the prefix: those of earlier epochs by 2, those of the
   own epoch because this node itself committed them, and later epochs had answered nothing by 3.
5. Each change is one entry, applied in log order, answered after it is committed: its linearization point is
   the commit. The in-sync set is volatile and only the primary knows it: it makes commitment stricter than a
   majority, never laxer.

Laws: a deposed primary answers its open changes `Uncertain`. A node that heard from a primary within the
takeover time ignores bids. The membership is fixed; the log is kept whole, and a backup that is behind gets
the part that it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from systems import kv
from systems.core import CoreConfig, CoreFactory, Effect, Event, Receive, Request, Start, TimerFired
from systems.machine import REGISTERS, Kind
from systems.primary_backup.messages import Bid, Grant, Message, Record, Replicate, Stored, types_of
from systems.primary_backup.sync_primary import Primary
from systems.primary_backup.sync_replica import Replica


class SyncCore:
    """One node in mode sync. kind: the state machine that it replicates."""

    kind: ClassVar[Kind] = REGISTERS
    message_type, record_type, command_type = types_of(REGISTERS)

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.replica = Replica(config, records, self.kind)
        self.role = "backup"
        self.primary: str | None = None
        self.rule: Primary | None = None
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

    def _announce(self) -> None:
        now = (self.replica.epoch, self.role, self.primary)
        if now != self._announced:
            self._announced = now
            self.replica.trace("role", {"term": now[0], "role": now[1], "leader": now[2]})

    def _request(self, request_id: int, command: Any) -> None:
        if self.rule is None:
            self.replica.reply(request_id, kv.NotLeader(self.primary))
        elif self.kind.is_read(command):
            self.rule.read(request_id, command)
        else:
            self.rule.change(request_id, command)

    def _timer(self, name: str) -> None:
        if name == "takeover":
            if self._primary_alive:
                self._primary_alive = False
                self.replica.set_timer("takeover", *self.replica.timing.stagger_ns)
            else:
                self._bid()
        elif self.rule is None:
            return
        elif name == "heartbeat":
            self.rule.heartbeat()
        elif not self.rule.watch():
            self._obey(self.replica.epoch, None)

    def _receive(self, sender: str, message: Message) -> None:
        if isinstance(message, Bid) and (self.rule is not None or self._primary_alive):
            return
        if isinstance(message, Bid | Grant | Replicate | Stored) and message.epoch > self.replica.epoch:
            self._obey(message.epoch, None)
        match message:
            case Bid():
                self._judge(sender, message)
            case Grant(epoch, granted):
                if granted and self.role == "candidate" and epoch == self.replica.epoch:
                    self._grants.add(sender)
                    self._count_grants()
            case Replicate():
                self._replicate(sender, message)
            case Stored(epoch) if self.rule is not None and epoch == self.replica.epoch:
                self.rule.stored(sender, message)

    def _replicate(self, sender: str, message: Replicate) -> None:
        if message.epoch < self.replica.epoch:
            # Fenced: the refusal carries the newer epoch, by which the old primary learns of it.
            self.replica.send(sender, Stored(self.replica.epoch, False, 0, message.round))
            return
        self._obey(message.epoch, sender)
        self._primary_alive = True
        takeover = self.replica.timing.takeover_ns
        self.replica.set_timer("takeover", takeover, takeover)
        self.replica.send(sender, self.replica.accept(message))

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
        if self.rule is not None:
            rule, self.rule = self.rule, None
            rule.resign(primary)
            self.replica.cancel_timer("heartbeat")
            self.replica.cancel_timer("watch")
            self._wait_for_primary()
        self.role = "backup"
        self.primary = primary
        if epoch > self.replica.epoch:
            self._primary_alive = False
            self.replica.promise(epoch, None)

    def _wait_for_primary(self) -> None:
        """Start a whole takeover time, nobody being known to rule."""
        self._primary_alive = False
        takeover, (low, high) = self.replica.timing.takeover_ns, self.replica.timing.stagger_ns
        self.replica.set_timer("takeover", takeover + low, takeover + high)

    def _bid(self) -> None:
        """Ask for the next epoch, granting it to oneself."""
        replica = self.replica
        self._obey(replica.epoch, None)
        self.role = "candidate"
        replica.promise(replica.epoch + 1, replica.config.name)
        self._grants = {replica.config.name}
        self._wait_for_primary()
        for peer in replica.config.peers:
            replica.send(peer, Bid(replica.epoch, replica.last_epoch, len(replica.log)))
        self._count_grants()

    def _count_grants(self) -> None:
        if len(self._grants) < self.replica.config.majority:
            return
        self.role = "primary"
        self.primary = self.replica.config.name
        self.replica.cancel_timer("takeover")
        self.rule = Primary(self.replica)
        self.rule.start()


def replicating(machine: Kind) -> CoreFactory:
    """Mode sync over another state machine than registers."""

    class Replicating(SyncCore):
        kind = machine
        message_type, record_type, command_type = types_of(machine)

    return Replicating
