"""A leader during its term: replication, commitment, reads (sections 5.3, 5.4.2, 8; thesis 6.2, 6.4, 10.2.1).

Laws:
- Only entries of the leader's own term are committed by counting copies (5.4.2); earlier ones follow with
  them.
- No read is answered before an entry of this term is committed, nor before a majority confirmed a round
  begun after the read arrived (6.4).
- At most `WINDOW` unanswered messages with entries go to one follower; what arrives meanwhile travels
  together in the next. A follower that was silent for a heartbeat interval gets empty messages only, until
  it answers. Lost messages are found by the next heartbeat: its consistency check fails and the follower's
  hint moves `next` back.
"""

from __future__ import annotations

from collections.abc import Iterable

from systems import kv
from systems.raft.messages import AppendEntries, AppendReply, Entry, Logged, Noop, Query
from systems.raft.reads import Reads
from systems.raft.replica import Replica

WINDOW = 3


class Progress:
    """What the leader knows of one follower.

    `heard`: since the last quorum check; `answered`: since the last heartbeat.
    """

    __slots__ = ("answered", "heard", "in_flight", "match", "next", "round", "silent")

    def __init__(self, next_index: int) -> None:
        self.next = next_index
        self.match = 0
        self.round = 0
        self.in_flight = 0
        self.heard = True
        self.answered = True
        self.silent = False


class Leader:
    """One node's leadership in one term."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._progress = {p: Progress(replica.log.last_index + 1) for p in replica.config.peers}
        self._pending: dict[int, int] = {}  # log index -> request id
        self._reads = Reads()

    def start(self) -> None:
        """Write the term's no-op entry, and tell everyone."""
        self._append(Noop())
        self.heartbeat()
        self._advance_commit()

    def propose(self, request_id: int, command: Logged) -> None:
        """Append a client's command; it is answered when it has been applied."""
        self._pending[self._append(command)] = request_id
        for peer in self._progress:
            self._pump(peer)
        self._advance_commit()

    def read(self, request_id: int, query: Query) -> None:
        """Answer a read as soon as it is known to be current."""
        if self._replica.options.bug == "stale-read":
            self._replica.reply(request_id, self._replica.machine.read(query))
            return
        self._reads.add(request_id, query)
        self._serve_reads()

    def heartbeat(self) -> None:
        """Send to everyone, whatever is in flight."""
        for peer, progress in self._progress.items():
            progress.silent = not progress.answered
            progress.answered = False
            progress.in_flight = 0
            self._send(peer)
        beat = self._replica.options.heartbeat_ns
        self._replica.set_timer("heartbeat", beat, beat)

    def acknowledge(self, sender: str, reply: AppendReply) -> None:
        """Take a follower's answer of this term."""
        progress = self._progress[sender]
        progress.heard = progress.answered = True
        progress.silent = False
        progress.in_flight = max(0, progress.in_flight - 1)
        progress.round = max(progress.round, reply.round)
        if reply.success:
            progress.match = max(progress.match, reply.index)
            progress.next = max(progress.next, progress.match + 1)
            self._advance_commit()
        else:
            self._back_off(progress, reply)
        self._pump(sender)
        self._serve_reads()

    def check_quorum(self) -> bool:
        """Whether a majority (self included) was heard since the last check (thesis, section 6.2)."""
        heard = sum(p.heard for p in self._progress.values()) + 1
        for progress in self._progress.values():
            progress.heard = False
        return heard >= self._replica.config.majority

    def resign(self, hint: str | None) -> None:
        """Answer everyone who waits.

        Commands stand in the log and may yet be committed; reads did nothing.
        """
        for request_id in self._pending.values():
            self._replica.reply(request_id, kv.Uncertain("leadership lost before the command was committed"))
        for request_id, _ in self._reads.drain():
            self._replica.reply(request_id, kv.NotLeader(hint))

    def _append(self, command: Logged) -> int:
        index = self._replica.log.last_index + 1
        self._replica.append(index, (Entry(self._replica.term, command),))
        return index

    def _pump(self, peer: str) -> None:
        """Send entries that the follower lacks, as far as the window allows."""
        progress = self._progress[peer]
        while (
            not progress.silent
            and progress.in_flight < WINDOW
            and progress.next <= self._replica.log.last_index
        ):
            self._send(peer)

    def _send(self, peer: str) -> None:
        replica, progress = self._replica, self._progress[peer]
        prev = progress.next - 1
        entries = () if progress.silent else replica.batch(progress.next)
        prev_term = replica.log.term_at(prev) or 0
        progress.next += len(entries)
        progress.in_flight += 1
        replica.send(
            peer, AppendEntries(replica.term, prev, prev_term, entries, replica.commit, self._reads.round)
        )

    def _back_off(self, progress: Progress, reply: AppendReply) -> None:
        """Move `next` back over a whole conflicting term at once (end of section 5.3)."""
        last = self._replica.log.last_of_term(reply.conflict_term) if reply.conflict_term else 0
        # Own entries of that term behind the place in question say nothing about where the logs agree.
        hint = last + 1 if 0 < last < progress.next - 1 else reply.index
        progress.next = max(progress.match + 1, min(hint, progress.next))

    def _advance_commit(self) -> None:
        replica = self._replica
        index = self._majority_has((p.match for p in self._progress.values()), replica.log.last_index)
        if replica.options.bug == "ack-before-quorum":
            index = replica.log.last_index
        if index <= replica.commit:
            return
        if replica.log.term_at(index) != replica.term and replica.options.bug != "count-old-term":
            return
        for applied, result in replica.apply_up_to(index):
            if applied in self._pending:
                replica.reply(self._pending.pop(applied), result)
        self._serve_reads()

    def _serve_reads(self) -> None:
        """Answer what is confirmed, start the next round; a cluster of one confirms its rounds itself."""
        replica, reads = self._replica, self._reads
        while not reads.idle:
            rounds = (p.round for p in self._progress.values())
            for request_id, query in reads.confirmed(self._majority_has(rounds, reads.round)):
                replica.reply(request_id, replica.machine.read(query))
            has_committed = replica.log.term_at(replica.commit) == replica.term
            if not has_committed or not reads.begin_round():
                return
            for peer in self._progress:
                self._send(peer)

    def _majority_has(self, others: Iterable[int], own: int) -> int:
        """The greatest value that a majority has reached."""
        return sorted([own, *others], reverse=True)[self._replica.config.majority - 1]
