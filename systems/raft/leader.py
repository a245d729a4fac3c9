"""A leader during its term: commands, commitment, reads (sections 5.3, 5.4.2, 8; thesis 6.2, 6.4).

Laws:
- Only entries of the leader's own term are committed by counting copies (5.4.2); earlier ones follow with
  them.
- No read is answered before an entry of this term is committed, nor before a majority confirmed a round
  begun after the read arrived (6.4), unless a lease holds: a majority has answered a message that was sent
  less than `lease_ns` ago, so none of them votes yet (6.4.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from systems import kv
from systems.raft.changes import Changes
from systems.raft.followers import Followers
from systems.raft.handover import Handover
from systems.raft.messages import (
    AppendReply,
    ChangeMembers,
    Command,
    Entry,
    Logged,
    Noop,
    Query,
    SnapshotReply,
    Transfer,
)
from systems.raft.reads import Reads
from systems.raft.replica import Replica


class Leader:
    """One node's leadership in one term. is_done: it was removed from the cluster, and that is committed."""

    def __init__(self, replica: Replica) -> None:
        self.is_done = False
        self._replica = replica
        self._pending: dict[int, Sequence[int]] = {}  # log index -> request ids
        self._reads = Reads()
        self._followers = Followers(replica)
        self._changes = Changes(replica, self._followers, self._append_members)
        self._handover = Handover(replica, self._followers)

    def start(self) -> None:
        """Write the term's no-op entry, and tell everyone."""
        if self._replica.options.bug != "count-old-term":  # which has no need of it
            self._append(Noop())
        self.heartbeat()
        self._advance_commit()

    def request(self, request_id: int, command: Command) -> None:
        """Take what a client or an administrator asks."""
        match command:
            case Query():
                self._read(request_id, command)
            case Transfer(target):
                self._handover.ask(request_id, target)
            case _ if self._handover.target is not None:
                self._replica.reply(request_id, kv.NotLeader(self._handover.target))
            case ChangeMembers():
                self._changes.ask(request_id, command)
                self._advance_commit()
            case _:
                self._append(command, [request_id])
                self._followers.pump_all()
                self._advance_commit()

    def heartbeat(self) -> None:
        """Send to everyone, whatever is in flight."""
        self._followers.heartbeat()
        self._handover.go_on()
        beat = self._replica.options.heartbeat_ns
        self._replica.set_timer("heartbeat", beat, beat)

    def acknowledge(self, sender: str, reply: AppendReply | SnapshotReply) -> None:
        """Take a follower's answer of this term."""
        if not self._followers.has(sender):
            return  # it was removed meanwhile
        self._followers.take(sender, reply)
        self._changes.caught_up(sender)
        self._advance_commit()
        if self._followers.has(sender):
            self._followers.pump(sender)
        if sender == self._handover.target and not self._handover.told:
            self._handover.go_on()
        self._serve_reads()

    def check_quorum(self) -> bool:
        """Whether a majority (self included) was heard since the last check (thesis, section 6.2)."""
        members = self._replica.members
        heard = {*self._followers.forget_heard(), self._replica.config.name}
        self._changes.give_up(heard)
        return len(heard.intersection(members.current)) >= members.majority

    def end_transfer(self) -> None:
        """The time for a transfer is over."""
        self._handover.give_up()

    def name_successor(self) -> None:
        """Before stepping down because it was removed: nobody need wait for an election timeout."""
        furthest = self._handover.furthest()
        if furthest is not None:
            self._handover.tell(furthest)

    def resign(self, hint: str | None) -> None:
        """Answer everyone who waits.

        Commands stand in the log and may yet be committed; reads did nothing.
        """
        for request_ids in self._pending.values():
            for request_id in request_ids:
                reason = "leadership lost before the command was committed"
                self._replica.reply(request_id, kv.Uncertain(reason))
        for request_id, _ in self._reads.drain():
            self._replica.reply(request_id, kv.NotLeader(hint))
        self._changes.resign(hint)
        self._handover.resign(hint)

    def _append(self, command: Logged, asked: Sequence[int] = ()) -> None:
        """Write an entry; those who asked for it are answered when it has been applied."""
        index = self._replica.log.last_index + 1
        self._replica.append(index, (Entry(self._replica.term, command),))
        if asked:
            self._pending[index] = asked

    def _append_members(self, command: Logged, asked: Sequence[int]) -> None:
        self._append(command, asked)
        self._changes.follow()
        self._followers.pump_all()

    def _advance_commit(self) -> None:
        replica = self._replica
        if replica.commit >= replica.log.last_index:
            return  # nothing is left to commit, as at nearly every heartbeat
        index = self._followers.majority_has(lambda progress: progress.match, replica.log.last_index)
        if replica.options.bug == "ack-before-quorum":
            index = replica.log.last_index
        if index <= replica.commit:
            return
        if replica.log.term_at(index) != replica.term and replica.options.bug != "count-old-term":
            return
        for applied, result in replica.apply_up_to(index):
            for request_id in self._pending.pop(applied, ()):
                replica.reply(request_id, result)
        self.is_done = self._changes.committed()
        self._serve_reads()

    # Reads

    def _read(self, request_id: int, query: Query) -> None:
        """Answer a read as soon as it is known to be current."""
        if self._replica.options.bug == "stale-read" or (self._has_committed() and self._lease_holds()):
            self._replica.reply(request_id, self._replica.machine.read(query))
            return
        self._reads.add(request_id, query)
        self._serve_reads()

    def _has_committed(self) -> bool:
        """Whether an entry of this term is committed, so that the commit index is nobody's older one."""
        return self._replica.log.term_at(self._replica.commit) == self._replica.term

    def _lease_holds(self) -> bool:
        now, lease_ns = self._replica.now_ns, self._replica.options.lease_ns
        if not lease_ns or self._handover.told:
            return False
        return now < self._followers.majority_has(lambda progress: progress.acked_ns, now) + lease_ns

    def _serve_reads(self) -> None:
        """Answer what is confirmed, start the next round; a cluster of one confirms its rounds itself."""
        replica, reads = self._replica, self._reads
        while not reads.idle:
            confirmed = self._followers.majority_has(lambda progress: progress.round, reads.round)
            for request_id, query in reads.confirmed(confirmed):
                replica.reply(request_id, replica.machine.read(query))
            if not self._has_committed() or not reads.begin_round():
                return
            self._followers.round = reads.round
            self._followers.send_all()
