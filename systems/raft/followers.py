"""What a leader knows of the other servers, and what it sends them (sections 5.3 and 7; thesis, 10.2.1).

Laws:
- At most `WINDOW` unanswered messages with entries go to one follower; what arrives meanwhile travels
  together in the next. A follower that was silent for a heartbeat interval gets empty messages only, until
  it answers. Lost messages are found by the next heartbeat: its consistency check fails and the follower's
  hint moves `next` back.
- A follower that needs entries which are gone gets the latest snapshot, in parts of at most `PART_BYTES`, one
  at a time; it is sent to its end even if a newer one is made meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from systems.raft.messages import AppendEntries, AppendReply, InstallSnapshot, Snapshot, SnapshotReply
from systems.raft.replica import Replica

WINDOW = 3
PART_BYTES = 1 << 20
_NEVER = -1 << 62


class Progress:
    """What the leader knows of one follower.

    heard: since the last quorum check; answered: since the last heartbeat. acked_ns: when the latest message
    that it answered was sent, by the leader's clock. snapshot: on its way to the follower, from `offset` on.
    """

    __slots__ = (
        "acked_ns",
        "answered",
        "heard",
        "in_flight",
        "match",
        "next",
        "offset",
        "round",
        "silent",
        "snapshot",
    )

    def __init__(self, next_index: int) -> None:
        self.next = next_index
        self.match = 0
        self.round = 0
        self.acked_ns = _NEVER
        self.in_flight = 0
        self.heard = True
        self.answered = True
        self.silent = False
        self.snapshot: Snapshot | None = None
        self.offset = 0

    def matches(self, index: int) -> None:
        """The follower's log agrees with the leader's up to `index`."""
        self.match = max(self.match, index)
        self.next = max(self.next, self.match + 1)
        if self.snapshot is not None and self.match >= self.snapshot.index:
            self.snapshot, self.offset = None, 0


class Followers:
    """All servers that the leader of this term sends to. round: its latest round of reads."""

    def __init__(self, replica: Replica) -> None:
        self.round = 0
        self._replica = replica
        self._of: dict[str, Progress] = {}

    def keep(self, names: Iterable[str]) -> None:
        """Send to these and no others; what is known of those who stay is kept."""
        first = self._replica.log.last_index + 1
        me = self._replica.config.name
        self._of = {n: self._of.get(n) or Progress(first) for n in names if n != me}

    def __getitem__(self, name: str) -> Progress:
        """What is known of `name`, which must be sent to."""
        return self._of[name]

    def has(self, name: str) -> bool:
        """Whether anything is sent to `name`."""
        return name in self._of

    def majority_has(self, of: Callable[[Progress], int], own: int) -> int:
        """The greatest value that a majority of the members has reached, `own` being the leader's.

        A leader outside the configuration is not counted (thesis, section 4.2.2).
        """
        members = self._replica.members
        me = self._replica.config.name
        values = sorted((own if n == me else of(self._of[n]) for n in members.current), reverse=True)
        return values[members.majority - 1]

    def heartbeat(self) -> None:
        """Send to everyone, whatever is in flight."""
        for peer, progress in self._of.items():
            progress.silent = not progress.answered
            progress.answered = False
            progress.in_flight = 0
            self.send(peer)

    def send_all(self) -> None:
        """Send to everyone at once: a round of reads begins."""
        for peer in self._of:
            self.send(peer)

    def pump_all(self) -> None:
        """Send everyone what they lack, as far as their windows allow."""
        for peer in self._of:
            self.pump(peer)

    def pump(self, peer: str) -> None:
        """Send entries that the follower lacks, as far as the window allows."""
        progress = self._of[peer]
        while (
            not progress.silent
            and progress.in_flight < WINDOW
            and progress.next <= self._replica.log.last_index
        ):
            self.send(peer)

    def take(self, sender: str, reply: AppendReply | SnapshotReply) -> None:
        """Take an answer of this term from one that is sent to."""
        progress = self._of[sender]
        progress.heard = progress.answered = True
        progress.silent = False
        progress.in_flight = max(0, progress.in_flight - 1)
        progress.round = max(progress.round, reply.round)
        hasty = self._replica.options.bug == "fast-lease"
        progress.acked_ns = max(progress.acked_ns, self._replica.now_ns if hasty else reply.sent_ns)
        if isinstance(reply, SnapshotReply):
            if progress.snapshot is not None and progress.snapshot.index == reply.index:
                progress.offset = reply.received
        elif reply.success:
            progress.matches(reply.index)
        else:
            self._back_off(progress, reply)

    def forget_heard(self) -> set[str]:
        """Who was heard since the last time this was asked."""
        heard = {peer for peer, progress in self._of.items() if progress.heard}
        for progress in self._of.values():
            progress.heard = False
        return heard

    def send(self, peer: str) -> None:
        """Send one message: the entries that come next, none if there are none, or a part of a snapshot."""
        replica, progress = self._replica, self._of[peer]
        if progress.next <= replica.log.base_index:
            self._send_part(peer, progress)
            return
        prev = progress.next - 1
        entries = () if progress.silent else replica.batch(progress.next)
        prev_term = replica.log.term_at(prev) or 0
        progress.next += len(entries)
        progress.in_flight += 1
        commit, known, now = replica.commit, self.round, replica.now_ns
        replica.send(peer, AppendEntries(replica.term, prev, prev_term, entries, commit, known, now))

    def _send_part(self, peer: str, progress: Progress) -> None:
        replica = self._replica
        snapshot = progress.snapshot = progress.snapshot or replica.snapshot
        assert snapshot is not None  # the log has a base
        at = progress.offset
        part = b"" if progress.silent else snapshot.state[at : at + PART_BYTES]
        progress.in_flight = WINDOW  # the next part follows the answer to this one
        message = InstallSnapshot(
            replica.term,
            snapshot.index,
            snapshot.term,
            snapshot.members,
            len(snapshot.state),
            at,
            part,
            self.round,
            replica.now_ns,
        )
        replica.send(peer, message)

    def _back_off(self, progress: Progress, reply: AppendReply) -> None:
        """Move `next` back over a whole conflicting term at once (end of section 5.3)."""
        if not reply.conflict_term and reply.index <= progress.match:
            return  # a log that ends before what matched: said before it did
        last = self._replica.log.last_of_term(reply.conflict_term) if reply.conflict_term else 0
        # Own entries of that term behind the place in question say nothing about where the logs agree.
        hint = last + 1 if 0 < last < progress.next - 1 else reply.index
        progress.next = max(progress.match + 1, min(hint, progress.next))
