"""The primary of one epoch in mode sync: replication, the in-sync set, reads.

Laws:
- The in-sync set, primary included, is never smaller than a majority. An entry is committed when every
  member of it has written it down and it is of this epoch; what came before is committed with it.
- A backup leaves the set when it did not keep up for half a takeover time and a majority remains; it comes
  back once it has everything that is committed.
- Nothing is answered before the barrier of this epoch is committed; a read, moreover, not before a majority
  confirmed in a round begun after it arrived that the epoch still stands.
"""

from __future__ import annotations

from typing import Any

from systems import kv
from systems.primary_backup.feed import Feed
from systems.primary_backup.messages import Barrier, Entry, Stored
from systems.primary_backup.replica import Replica
from systems.primary_backup.rounds import Rounds


class Backup(Feed):
    """What the primary knows of one backup. heard: since the last watch."""

    __slots__ = ("heard", "in_sync")

    def __init__(self, replica: Replica, peer: str) -> None:
        super().__init__(replica, peer, len(replica.log))
        self.in_sync = True
        self.heard = True


class Primary:
    """One node's rule in one epoch."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self.backups = {p: Backup(replica, p) for p in replica.config.peers}
        self._pending: dict[int, int] = {}  # place in the log (1, 2, ...) -> request id
        self._reads = Rounds(replica.config)
        self._mark = 0  # length of the log at the last watch

    def start(self) -> None:
        """Write the barrier and tell everyone."""
        self._append(Barrier())
        self.heartbeat()
        self._set_watch()
        self._advance()

    def change(self, request_id: int, command: Any) -> None:
        """Order a change; it is answered when it is committed."""
        self._append(command)
        if self._replica.bug == "answer-first":
            self._replica.reply(request_id, self._replica.foresee())
        else:
            self._pending[len(self._replica.log)] = request_id
        for backup in self.backups.values():
            backup.pump(self._reads.number)
        self._advance()

    def read(self, request_id: int, command: Any) -> None:
        """Answer a read as soon as it is known to be current."""
        self._reads.add(request_id, command)
        self._serve_reads()

    def heartbeat(self) -> None:
        """Send to everyone, whatever is under way."""
        self._send_all()
        beat = self._replica.timing.heartbeat_ns
        self._replica.set_timer("heartbeat", beat, beat)

    def stored(self, sender: str, answer: Stored) -> None:
        """Take a backup's answer of this epoch."""
        backup = self.backups[sender]
        backup.heard = True
        backup.stored(answer)
        self._reads.confirm(sender, answer.round)
        if answer.ok:
            backup.in_sync = backup.in_sync or backup.match >= self._replica.committed
            self._advance()
        backup.pump(self._reads.number)
        self._serve_reads()

    def watch(self) -> bool:
        """Drop backups that do not keep up; False if no majority (self included) was heard meanwhile."""
        heard = sum(b.heard for b in self.backups.values()) + 1
        spare = self._in_sync_size() - self._replica.config.majority
        for backup in sorted(self.backups.values(), key=lambda b: b.match):
            lags = not backup.heard or backup.match < self._mark
            if spare > 0 and backup.in_sync and lags:
                backup.in_sync = False
                spare -= 1
            backup.heard = False
        self._mark = len(self._replica.log)
        if heard < self._replica.config.majority and self._replica.bug != "no-fence":
            return False
        self._set_watch()
        self._advance()
        return True

    def resign(self, hint: str | None) -> None:
        """Answer everyone who waits: changes in the log may yet be committed; reads did nothing."""
        for request_id in self._pending.values():
            self._replica.reply(request_id, kv.Uncertain("primary deposed before the change was durable"))
        for request_id, _ in self._reads.clear():
            self._replica.reply(request_id, kv.NotLeader(hint))

    def _set_watch(self) -> None:
        half = self._replica.timing.takeover_ns // 2
        self._replica.set_timer("watch", half, half)

    def _append(self, operation: Any) -> None:
        self._replica.append(len(self._replica.log), (Entry(self._replica.epoch, operation),))

    def _in_sync_size(self) -> int:
        return 1 + sum(b.in_sync for b in self.backups.values())

    def _send_all(self) -> None:
        for backup in self.backups.values():
            backup.send(self._reads.number)

    def _advance(self) -> None:
        """Commit what the whole in-sync set has."""
        replica = self._replica
        length = min([len(replica.log), *(b.match for b in self.backups.values() if b.in_sync)])
        if length <= replica.committed or replica.epoch_of(length) != replica.epoch:
            return
        for place, result in replica.commit(length):
            if place in self._pending:
                replica.reply(self._pending.pop(place), result)
        self._serve_reads()

    def _serve_reads(self) -> None:
        """Answer what is confirmed, start the next round; a cluster of one confirms its rounds itself."""
        replica = self._replica
        while replica.epoch_of(replica.committed) == replica.epoch:
            for request_id, command in self._reads.take():
                replica.reply(request_id, replica.store.apply(command))
            if not self._reads.begin():
                return
            self._send_all()
