"""Leadership transfer (thesis, section 3.10).

Laws:
- While it lasts no command is taken, so the target can catch up; it is over after an election timeout, and
  then the leader goes on as before.
- Once `TimeoutNow` was sent, at any time later in this term an election may begin that nobody's promise to
  the leader stops: the leader has no lease any more (6.4.1).
"""

from __future__ import annotations

from systems import kv
from systems.raft.followers import Followers
from systems.raft.messages import TimeoutNow
from systems.raft.replica import Replica


class Handover:
    """The transfers of one leadership. target: to whom, None: there is none under way. told: whether anybody
    was told to take over in this term.
    """

    def __init__(self, replica: Replica, followers: Followers) -> None:
        self.target: str | None = None
        self.told = False
        self._replica = replica
        self._followers = followers
        self._waiting: list[int] = []

    def ask(self, request_id: int, target: str | None) -> None:
        """Begin a transfer, or say why not."""
        replica = self._replica
        chosen = target or self.target or self.furthest()
        if chosen == replica.config.name:
            replica.reply(request_id, kv.Ok(chosen))
        elif chosen is None or chosen not in replica.members.current:
            whom = "anybody else" if chosen is None else chosen
            replica.reply(request_id, kv.Refused(f"cannot hand over to {whom}: no member of the cluster"))
        elif self.target not in (None, chosen):
            replica.reply(
                request_id, kv.Refused(f"leadership is being handed over to {self.target}; ask again")
            )
        else:
            self._waiting.append(request_id)
            if self.target is None:
                self.target = chosen
                replica.set_timer("transfer", replica.options.election_ns, replica.options.election_ns)
                self.go_on()

    def go_on(self) -> None:
        """Tell the target if it has the whole log; again with every heartbeat, as a message may be lost."""
        log = self._replica.log
        if self.target is not None and self._followers[self.target].match == log.last_index:
            self.tell(self.target)

    def tell(self, name: str) -> None:
        """Let `name` stand for election at once."""
        self.told = True
        self._replica.send(name, TimeoutNow(self._replica.term))

    def furthest(self) -> str | None:
        """The other member that has most of the log."""
        others = [n for n in self._replica.members.current if n != self._replica.config.name]
        return max(others, key=lambda n: self._followers[n].match, default=None)

    def give_up(self) -> None:
        """The target did not take over within an election timeout."""
        for request_id in self._waiting:
            reason = f"{self.target} did not take over within an election timeout"
            self._replica.reply(request_id, kv.Uncertain(reason) if self.told else kv.Refused(reason))
        self.target, self._waiting = None, []

    def resign(self, hint: str | None) -> None:
        """The leader stepped down, which is what was asked for if the target had been told."""
        for request_id in self._waiting:
            self._replica.reply(request_id, kv.Ok(self.target) if self.told else kv.NotLeader(hint))
        self.target, self._waiting = None, []
