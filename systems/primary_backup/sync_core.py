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

Laws: a deposed primary answers its open changes `Uncertain`. The membership is fixed; the log is kept whole,
and a backup that is behind gets the part that it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from systems import kv
from systems.core import CoreConfig, CoreFactory
from systems.machine import Kind
from systems.primary_backup.epochs import EpochCore
from systems.primary_backup.messages import Message, Record, Replicate, Stored, types_of
from systems.primary_backup.sync_primary import Primary


class SyncCore(EpochCore):
    """One node in mode sync."""

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        super().__init__(config, records)
        self.rule: Primary | None = None

    def _request(self, request_id: int, command: Any) -> None:
        is_read = self.kind.is_read(command)
        if self.rule is None and is_read and self.replica.bug == "read-backups":
            self.replica.reply(request_id, self.replica.store.apply(command))
        elif self.rule is None:
            self.replica.reply(request_id, kv.NotLeader(self.primary))
        elif is_read:
            self.rule.read(request_id, command)
        else:
            self.rule.change(request_id, command)

    def _ruling(self, timer: str) -> None:
        if self.rule is None:
            return
        if timer == "heartbeat":
            self.rule.heartbeat()
        elif not self.rule.watch():
            self._obey(self.replica.epoch, None)

    def _hear(self, sender: str, message: Message) -> None:
        match message:
            case Replicate():
                self._replicate(sender, message)
            case Stored(epoch) if self.rule is not None and epoch == self.replica.epoch:
                self.rule.stored(sender, message)

    def _replicate(self, sender: str, message: Replicate) -> None:
        replica = self.replica
        if message.epoch == replica.epoch:
            self._obey(message.epoch, sender)
            self._hear_primary()
            replica.send(sender, replica.accept(message))
        elif replica.bug == "no-fence":
            replica.send(sender, Stored(message.epoch, True, 0, message.round))
        else:
            # Fenced: the refusal carries the newer epoch, by which the old primary learns of it.
            replica.send(sender, Stored(replica.epoch, False, 0, message.round))

    def _won(self) -> None:
        self.rule = Primary(self.replica)
        self.rule.start()

    def _step_aside(self, hint: str | None) -> None:
        if self.rule is not None:
            rule, self.rule = self.rule, None
            rule.resign(hint)


def replicating(machine: Kind) -> CoreFactory:
    """Mode sync over another state machine than registers."""

    class Replicating(SyncCore):
        kind = machine
        message_type, record_type, command_type = types_of(machine)

    return Replicating
