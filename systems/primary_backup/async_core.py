"""Primary-backup as textbooks have it: answer first, copy afterwards, promote on silence. Not linearizable.

How it works: the first member starts as the primary of epoch 1. The primary performs a command, answers,
and copies the change to its backups; backups serve reads from their copy. A backup that misses the
primary's heartbeats promotes itself with the next epoch. Of two primaries that hear of each other the
higher epoch wins (the earlier member among equals); the loser becomes a backup and replaces its state by
the winner's.

What that loses, by design:
- lost writes: a write that was answered but not yet copied dies with its primary, or when its primary loses
  to another;
- split brain: there is no quorum, so a partition has a primary on either side;
- stale reads: a backup's copy lags, and in a partition it stands still.

Laws: what a node performed it wrote down first, so a restarted node has the state it had; a restarted primary
comes back as a backup, since another may have taken over.
"""

from __future__ import annotations

from collections.abc import Sequence

from systems import kv
from systems.core import CoreConfig, Effect, Event, Outbox, Receive, Request, Start, TimerFired
from systems.primary_backup.messages import Beat, Changed, Copy, Epoch, Message, Pull, Record, Replaced, State
from systems.primary_backup.timing import Timing


class AsyncCore:
    """One node in mode async."""

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.config = config
        self.epoch = 0
        self.primary: str | None = None
        self.sequence = 0
        self.store = kv.Store()
        self._timing = Timing.of(config)
        self._has_copy = False  # whether the state is the primary's, so that its changes fit on it
        self.outbox = Outbox()
        for record in records:
            self._restore(record)

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        match event:
            case Receive(sender, message):
                self._receive(sender, message)
            case Request(request_id, command):
                self._request(request_id, command)
            case TimerFired("heartbeat"):
                self._beat()
            case TimerFired():
                self._rule(self.epoch + 1)
            case Start():
                self._start()
        return self.outbox.take_effects()

    def _restore(self, record: Record) -> None:
        match record:
            case Epoch(epoch, primary):
                self.epoch, self.primary = epoch, primary
            case Changed(sequence, command):
                self.sequence = sequence
                self.store.apply(command)
            case Replaced(sequence, values):
                self.sequence, self.store.values = sequence, dict(values)

    def _start(self) -> None:
        first = self.config.members[0]
        if self.epoch == 0 and self.config.name == first:
            self._rule(1)
        elif self.epoch == 0:
            self._has_copy = True  # everyone starts empty
            self._obey(1, first)
        else:
            self._obey(self.epoch, None)

    def _request(self, request_id: int, command: kv.Command) -> None:
        if isinstance(command, kv.Read):
            self.outbox.reply(request_id, self.store.apply(command))
        elif self.primary != self.config.name:
            self.outbox.reply(request_id, kv.NotLeader(self.primary))
        else:
            result = self._change(self.sequence + 1, command)
            self.outbox.reply(request_id, result)
            for peer in self.config.peers:
                self.outbox.send(peer, Copy(self.epoch, self.sequence, command))

    def _change(self, sequence: int, command: kv.Change) -> kv.Ok:
        self.sequence = sequence
        self.outbox.persist(Changed(sequence, command))
        return self.store.apply(command)

    def _receive(self, sender: str, message: Message) -> None:
        if isinstance(message, Pull):
            if self.primary == self.config.name:
                state = State(self.epoch, self.sequence, dict(self.store.values))
                self.outbox.send(sender, state)
        elif isinstance(message, Beat | Copy | State) and self._is_ruled_by(sender, message.epoch):
            takeover, (low, high) = self._timing.takeover_ns, self._timing.stagger_ns
            self.outbox.set_timer("takeover", takeover + low, takeover + high)
            self._follow(sender, message)

    def _is_ruled_by(self, sender: str, epoch: int) -> bool:
        """Whether `sender`, who claims to rule in `epoch`, is obeyed; a primary tells a weaker one."""
        ranks = self.config.members
        theirs = (epoch, -ranks.index(sender))
        ours = (self.epoch, -ranks.index(self.primary) if self.primary else -len(ranks))
        if theirs > ours:
            self._has_copy = False
            self._obey(epoch, sender)
        elif theirs < ours and self.primary == self.config.name:
            self.outbox.send(sender, Beat(self.epoch, self.sequence))
        return theirs >= ours

    def _follow(self, primary: str, message: Beat | Copy | State) -> None:
        """Keep the copy up to date."""
        if isinstance(message, State):
            self._has_copy = True
            self.sequence, self.store.values = message.sequence, dict(message.values)
            self.outbox.persist(Replaced(message.sequence, message.values))
        elif isinstance(message, Copy) and self._has_copy and message.sequence == self.sequence + 1:
            self._change(message.sequence, message.command)
        elif not self._has_copy or message.sequence > self.sequence:
            self.outbox.send(primary, Pull(self.epoch))

    def _rule(self, epoch: int) -> None:
        """Be the primary of `epoch`, by one's own decision."""
        self._has_copy = True
        self._enter(epoch, self.config.name)
        self.outbox.cancel_timer("takeover")
        self._beat()

    def _obey(self, epoch: int, primary: str | None) -> None:
        """Be a backup in `epoch`."""
        self._enter(epoch, primary)
        takeover, (low, high) = self._timing.takeover_ns, self._timing.stagger_ns
        self.outbox.cancel_timer("heartbeat")
        self.outbox.set_timer("takeover", takeover + low, takeover + high)

    def _enter(self, epoch: int, primary: str | None) -> None:
        self.epoch, self.primary = epoch, primary
        if primary is not None:
            self.outbox.persist(Epoch(epoch, primary))
        role = "primary" if primary == self.config.name else "backup"
        self.outbox.trace("role", {"term": epoch, "role": role, "leader": primary})

    def _beat(self) -> None:
        beat = self._timing.heartbeat_ns
        self.outbox.set_timer("heartbeat", beat, beat)
        for peer in self.config.peers:
            self.outbox.send(peer, Beat(self.epoch, self.sequence))
