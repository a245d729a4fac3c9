"""What every Raft server has whatever its role (figure 2): term, vote, log, commit index, state machine.

Laws:
- Every message leaves through `send`, every answer through `reply`; both write a changed term or vote down
  first, and log entries are written down where they are appended. So nothing is told that a crash could
  take back.
- The commit index is volatile: a restarted node starts where its snapshot ends (0 without one) and learns it
  again from a leader.
- What is committed is applied at once, so "applied" and "committed" are one index.
- A snapshot holds what all entries up to its index came to, sessions and configuration included; it replaces
  them on disk at one moment, together with term and vote (thesis, section 5.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from systems import kv
from systems.core import CoreConfig, Effect, Outbox
from systems.machine import REGISTERS, Kind
from systems.raft.log import Log
from systems.raft.members import Configurations
from systems.raft.messages import (
    Append,
    AppendEntries,
    AppendReply,
    Entry,
    HardState,
    InstallSnapshot,
    Record,
    Snapshot,
    SnapshotReply,
)
from systems.raft.options import Options
from systems.raft.sessions import Machine

LATE_RECORDS = 8  # how many the bug ack-before-fsync gathers for one write


class Replica(Outbox):
    """The state common to all roles, and the list of effects of the step under way.

    now_ns: the node's monotonic clock as of that step. snapshot: the latest one, where the log begins.
    """

    def __init__(self, config: CoreConfig, records: Sequence[Record], kind: Kind = REGISTERS) -> None:
        super().__init__()
        self.config = config
        self.options = Options.of(config)
        self.now_ns = 0
        self.term = 0
        self.vote: str | None = None
        self.log = Log()
        self.members = Configurations(config.members)
        self.snapshot: Snapshot | None = None
        self.commit = 0
        self._kind = kind
        self.machine = Machine(kind.make(config.options), once=self.options.bug != "no-session")
        self._arriving: tuple[int, bytearray] = (0, bytearray())  # index of a snapshot, what came of it
        self._unsaved = False
        self._late: list[Append] = []  # what the bug ack-before-fsync has not written yet
        for record in records:
            match record:
                case HardState(term, vote):
                    self.term, self.vote = term, vote
                case Append(first, entries):
                    self._place(first, entries)
                case Snapshot():
                    self._restore(record)

    def adopt(self, term: int, vote: str | None) -> None:
        """Enter `term`, or vote in it; written down before the next message."""
        if (term, vote) != (self.term, self.vote):
            self.term, self.vote = term, vote
            self._unsaved = True

    def append(self, first: int, entries: tuple[Entry, ...]) -> None:
        """Write `entries` at `first`, in memory and on disk.

        The term goes first: no entry may outlive its term.
        """
        self.save()
        self._place(first, entries)
        if self.options.bug == "ack-before-fsync":
            self._late.append(Append(first, entries))
        else:
            self.persist(Append(first, entries))

    def _place(self, first: int, entries: tuple[Entry, ...]) -> None:
        self.log.replace_from(first, entries)
        self.members.replace_from(first, entries)

    def accept(self, message: AppendEntries) -> AppendReply:
        """The receiver's part of AppendEntries (figure 2, steps 2 to 5), the message being of this term."""
        prev, entries = message.prev_index, message.entries
        last_new = prev + len(entries)
        if prev <= self.log.base_index:
            # What the snapshot covers is committed, so it stands in the leader's log too.
            entries = entries[self.log.base_index - prev :]
            prev = self.log.base_index
        elif (held := self.log.term_at(prev)) != message.prev_term:
            first = self.log.last_index + 1 if held is None else self.log.first_of_term_at(prev)
            return AppendReply(self.term, False, first, held or 0, message.round, message.sent_ns)
        for offset, entry in enumerate(entries):
            differs = self.log.term_at(prev + 1 + offset) != entry.term
            if differs or self.options.bug == "truncate-committed":
                self.append(prev + 1 + offset, entries[offset:])
                break
        for _ in self.apply_up_to(min(message.commit, last_new)):
            pass  # only the node that took a request answers it
        return AppendReply(self.term, True, last_new, 0, message.round, message.sent_ns)

    def batch(self, first: int) -> tuple[Entry, ...]:
        """The entries from `first` on that go into one message."""
        entries = self.log.tail(first, self.options.batch)
        if self._kind.weigh is None:
            return entries
        return entries[: self._kind.fitting(getattr(entry.command, "command", None) for entry in entries)]

    def apply_up_to(self, commit: int) -> Iterator[tuple[int, kv.Result]]:
        """Raise the commit index to `commit` (never lower it).

        Index and answer of each entry that this applies.
        """
        while self.commit < commit:
            self.commit += 1
            yield self.commit, self.machine.apply(self.commit, self.log.entry(self.commit).command)

    def is_up_to_date(self, last_index: int, last_term: int) -> bool:
        """Whether a log that ends so is at least as up-to-date as this one (section 5.4.1)."""
        if self.options.bug == "no-up-to-date-check":
            return True
        is_bare = self.log.last_index == self.log.base_index
        own_term = 0 if is_bare and self.options.bug == "snapshot-no-term" else self.log.last_term
        return (last_term, last_index) >= (own_term, self.log.last_index)

    # Snapshots

    def install(self, message: InstallSnapshot) -> SnapshotReply | AppendReply:
        """The receiver's part of InstallSnapshot (figure 13), the message being of this term."""
        index, known, sent_ns = message.index, message.round, message.sent_ns
        if index > self.commit:
            if self._arriving[0] != index:
                self._arriving = (index, bytearray())
            received = self._arriving[1]
            if len(received) == message.offset:
                received += message.part
            if len(received) < message.size:
                return SnapshotReply(self.term, index, len(received), known, sent_ns)
            self._take_over(Snapshot(index, message.last_term, message.members, bytes(received)))
        return AppendReply(self.term, True, index, 0, known, sent_ns)

    def _take_over(self, snapshot: Snapshot) -> None:
        """Go on from a leader's snapshot; entries behind it are kept if they follow from it."""
        self._arriving = (0, bytearray())
        follows = self.log.term_at(snapshot.index) == snapshot.term
        rest = self.log.tail(snapshot.index + 1) if follows else ()
        self._restore(snapshot)
        self._place(snapshot.index + 1, rest)
        self._write_snapshot(snapshot)

    def _restore(self, snapshot: Snapshot) -> None:
        self.log.reset(snapshot.index, snapshot.term)
        self.members.reset(snapshot.index, snapshot.members)
        self.machine.load(snapshot.state)
        self.commit = snapshot.index
        self.snapshot = snapshot

    def _snap(self) -> None:
        """Let a snapshot stand for what was applied, if that has become much (thesis, section 5.1)."""
        every, index = self.options.snapshot_every, self.commit
        # With a planted bug the log may end before the commit index; there is nothing to stand for then.
        if not every or index - self.log.base_index < every or index > self.log.last_index:
            return
        term = self.log.term_at(index) or 0
        self.snapshot = Snapshot(index, term, self.members.at(index), self.machine.dump())
        self.log.compact(index)
        self.members.compact(index)
        self._write_snapshot(self.snapshot)

    def _write_snapshot(self, snapshot: Snapshot) -> None:
        rest = self.log.tail(snapshot.index + 1)
        behind = (Append(snapshot.index + 1, rest),) if rest else ()
        self._unsaved, self._late = False, []
        self.compact((self._hard_state(), snapshot, *behind))

    # Writing down

    def save(self) -> None:
        """Write the promise down, if it is new."""
        if self._unsaved:
            self._unsaved = False
            self.persist(self._hard_state())

    def take_effects(self) -> list[Effect]:
        """The effects of this step; a snapshot that is due comes last, since nobody waits for it."""
        self._snap()
        self.save()
        if len(self._late) >= LATE_RECORDS:
            for record in self._late:
                self.persist(record)
            self._late = []
        return super().take_effects()

    def _hard_state(self) -> HardState:
        return HardState(self.term, None if self.options.bug == "no-vote-persist" else self.vote)
