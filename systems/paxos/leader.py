"""A stable leader: phase 2 in one ballot, for slot after slot (Paxos Made Simple, section 3).

Laws:
- One value per slot in this ballot. First come the values that phase 1 found, then clients' commands.
- The own acceptor votes after the others were told (its record stands behind the messages): no vote is worth
  more than another.
- A client is answered when its command was applied. A read is answered when the leader has applied all that
  earlier ballots chose and a quorum, asked after the read came, has promised no higher ballot.
- Few batches are under way at a time; what comes meanwhile travels together in the next. What an acceptor
  has not answered is sent again with a heartbeat, if it answered the one before.
- A leader that hears no quorum sends clients away, but keeps its ballot: if nobody took over, it goes on
  when the quorum is back, without another phase 1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from systems import kv
from systems.paxos.learner import Applied
from systems.paxos.messages import BATCH, Accept, Accepted, Ballot, Heartbeat, Obeyed, Value
from systems.paxos.reads import Reads
from systems.paxos.site import Site

WINDOW = 8  # batches under way


class Leadership:
    """Phase 2 of `ballot`; `inherited` are the values to be proposed from slot `first` on."""

    def __init__(self, site: Site, ballot: Ballot, first: int, inherited: Sequence[Value]) -> None:
        self.ballot = ballot
        self.has_quorum = True
        self._site = site
        self._next = first
        self._inherited = first + len(inherited) - 1  # the last slot that an earlier ballot may have chosen
        self._queue: deque[tuple[Value, int | None]] = deque((value, None) for value in inherited)
        self._open: dict[int, Value] = {}  # proposed and not yet chosen, in slot order
        self._batches: deque[int] = deque()  # the last slots of those under way
        self._requests: dict[int, int] = {}  # slot -> request id
        self._reads = Reads(site.peers, site.options.quorum)
        self._silence = dict.fromkeys(site.peers, 0)  # heartbeats since a peer was heard
        self._fresh = first  # slots from here on were proposed since the last heartbeat

    def begin(self) -> None:
        """Tell everyone, and propose what phase 1 found."""
        self.heartbeat()
        self._propose_more()

    def propose(self, request_id: int, command: kv.Change) -> None:
        """Take a client's command for the next free slot."""
        self._queue.append((command, request_id))
        self._propose_more()

    def read(self, request_id: int, command: kv.Read) -> None:
        """Answer a read as soon as it is known to be current."""
        if self._site.options.bug == "read-unconfirmed":
            self._site.reply(request_id, self._site.learner.store.apply(command))
            return
        self._reads.add(request_id, command)
        self._serve_reads()

    def accepted(self, sender: str, message: Accepted) -> None:
        """Count an acceptor's votes in this ballot."""
        self._hear(sender)
        slots = range(message.first, message.first + message.count)
        self._settle(self._site.learner.count(sender, self.ballot, slots))
        self._propose_more()

    def obeyed(self, sender: str, message: Obeyed) -> None:
        """Take the answer to a heartbeat of this ballot."""
        self._hear(sender)
        self._reads.obeyed(sender, message.round)
        self._serve_reads()

    def heartbeat(self) -> None:
        """Tell everyone who leads and what is chosen, and send again what was not answered."""
        for peer, silence in self._silence.items():
            if silence == 0:
                self._send_again(peer)
            self._silence[peer] = silence + 1
        self._fresh = self._next
        if self.has_quorum and not self._hears_quorum():
            self.has_quorum = False
            self._dismiss(None)
        self._begin_round()
        beat = self._site.options.heartbeat_ns
        self._site.set_timer("heartbeat", beat, beat)

    def resign(self, leader: str | None) -> None:
        """Another ballot took over."""
        self._site.cancel_timer("heartbeat")
        self._dismiss(leader)

    def _dismiss(self, hint: str | None) -> None:
        """Answer everyone who waits: what was proposed may yet be chosen, the rest did nothing."""
        for request_id in self._requests.values():
            self._site.reply(request_id, kv.Uncertain("no quorum for the ballot in which it was proposed"))
        self._requests.clear()
        unproposed = [request_id for _, request_id in self._queue if request_id is not None]
        self._queue = deque(item for item in self._queue if item[1] is None)
        for request_id in (*unproposed, *self._reads.drain()):
            self._site.reply(request_id, kv.NotLeader(hint))

    def _hear(self, peer: str) -> None:
        self._silence[peer] = 0
        self.has_quorum = self.has_quorum or self._hears_quorum()

    def _hears_quorum(self) -> bool:
        near = sum(silence <= self._site.options.patience for silence in self._silence.values())
        return near + 1 >= self._site.options.quorum

    def _propose_more(self) -> None:
        """Send what is queued, as far as the window allows."""
        while self._batches and self._batches[0] <= self._site.learner.known:
            self._batches.popleft()
        while self._queue and len(self._batches) < WINDOW:
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            first, values = self._next, tuple(value for value, _ in batch)
            self._next += len(batch)
            self._batches.append(self._next - 1)
            for slot, (value, request_id) in enumerate(batch, first):
                self._open[slot] = value
                if request_id is not None:
                    self._requests[slot] = request_id
            self._site.broadcast(Accept(self.ballot, first, values, self._site.learner.known))
            self._vote(first, values)

    def _vote(self, first: int, values: tuple[Value, ...]) -> None:
        if self._site.acceptor.accept(self.ballot, first, values):
            slots = range(first, first + len(values))
            self._settle(self._site.learner.count(self._site.name, self.ballot, slots))

    def _settle(self, applied: Sequence[Applied]) -> None:
        """Answer the clients of what was applied."""
        for slot, answer in applied:
            self._open.pop(slot, None)
            request_id = self._requests.pop(slot, None)
            if request_id is not None:
                self._site.reply(request_id, answer)
        if applied:
            self._serve_reads()

    def _serve_reads(self) -> None:
        """Answer what is confirmed, begin the next round; a cluster of one confirms its rounds itself."""
        learner = self._site.learner
        while True:
            if learner.known >= self._inherited:
                for request_id, command in self._reads.ready():
                    self._site.reply(request_id, learner.store.apply(command))
            if not self._reads.wants_round:
                return
            self._begin_round()

    def _begin_round(self) -> None:
        self._reads.round += 1
        self._site.broadcast(Heartbeat(self.ballot, self._site.learner.known, self._reads.round))

    def _send_again(self, peer: str) -> None:
        """All that was proposed before the last heartbeat and has not been answered by `peer`."""
        for first, values in self._runs(peer):
            self._site.send(peer, Accept(self.ballot, first, values, self._site.learner.known))

    def _runs(self, peer: str) -> Iterator[tuple[int, tuple[Value, ...]]]:
        """What `peer` has not answered, as runs of neighbouring slots."""
        run: list[Value] = []
        last = 0
        for slot, value in self._open.items():
            if slot >= self._fresh:
                break
            if self._site.learner.has_vote_of(peer, slot):
                continue
            if run and (slot != last + 1 or len(run) == BATCH):
                yield last - len(run) + 1, tuple(run)
                run = []
            run.append(value)
            last = slot
        if run:
            yield last - len(run) + 1, tuple(run)
