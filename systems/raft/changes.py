"""How a leader changes who belongs to the cluster: one server at a time (thesis, sections 4.1 to 4.3).

Laws:
- A change is begun only when the one before it is committed, and an entry of the leader's own term: then any
  two majorities of neighbouring configurations share a server that knows of the former.
- A server is added only when it has what is committed; until then it gets entries and has no vote (4.2.1).
- A leader that is removed leads on, without counting itself, until that is committed (4.2.2).
- Who is removed is sent to until that is committed, and then told so once; if it never learns, others do not
  listen to it (4.2.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from systems import kv
from systems.raft.followers import Followers
from systems.raft.messages import ChangeMembers, Members
from systems.raft.replica import Replica


class Changes:
    """The changes of one leadership.

    append: writes an entry whose commitment answers these requests.
    """

    def __init__(
        self, replica: Replica, followers: Followers, append: Callable[[Members, Sequence[int]], None]
    ) -> None:
        self._replica = replica
        self._followers = followers
        self._append = append
        self._joining: str | None = None
        self._waiting: list[int] = []  # requests to add it
        self._leaving: str | None = None
        self.follow()

    def follow(self) -> None:
        """Send to those of the current configuration, and to who joins or leaves."""
        extra = [name for name in (self._joining, self._leaving) if name is not None]
        self._followers.keep(dict.fromkeys((*self._replica.members.current, *extra)))

    def ask(self, request_id: int, change: ChangeMembers) -> None:
        """Begin a change, or say why not."""
        node, current = change.node, self._replica.members.current
        refused = self._objection(change)
        if refused:
            self._replica.reply(request_id, kv.Refused(refused))
        elif self._joining is not None:
            self._waiting.append(request_id)
        elif (change.action == "add") == (node in current):
            self._replica.reply(request_id, kv.Ok(list(current)))
        elif change.action == "add" and node != self._replica.config.name:
            self._joining, self._waiting = node, [request_id]
            self.follow()
            self._followers.pump(node)
        elif change.action == "add":
            self._write([*current, node], [request_id])  # itself, which only the bug two-members lets happen
        else:
            self._leaving = node
            self._write([name for name in current if name != node], [request_id])

    def _objection(self, change: ChangeMembers) -> str:
        """Why `change` cannot be begun now, "" if it can."""
        replica, node = self._replica, change.node
        every = replica.config.members
        if change.action not in ("add", "remove") or node not in every:
            return (
                f"change {change.action!r} of {node!r}: there are add and remove of one of {', '.join(every)}"
            )
        if change.action == "remove" and replica.members.current == (node,):
            return f"{node} is the only member"
        if self._joining is not None and (change.action, node) != ("add", self._joining):
            return f"{self._joining} is being added; ask again"
        if replica.options.bug == "two-members":
            return ""
        if replica.members.index > replica.commit:
            return "another change of members is not committed yet; ask again"
        if replica.log.term_at(replica.commit) != replica.term:
            return "the leader is new and has committed nothing yet; ask again"
        return ""

    def caught_up(self, sender: str) -> None:
        """Add who joins, once it has what is committed."""
        if sender != self._joining or self._followers[sender].match < self._replica.commit:
            return
        asked, self._joining, self._waiting = self._waiting, None, []
        self._write([*self._replica.members.current, sender], asked)

    def _write(self, names: Sequence[str], asked: Sequence[int]) -> None:
        # In the order of the list that every node was started with: equal configurations are equal.
        self._append(Members(tuple(n for n in self._replica.config.members if n in names)), asked)

    def committed(self) -> bool:
        """After the commit index has risen: whether the leader does not belong to the cluster any more."""
        replica = self._replica
        if replica.members.index > replica.commit:
            return False
        if self._leaving is not None:
            if self._followers.has(self._leaving):
                self._followers.send(self._leaving)
            self._leaving = None
            self.follow()
        return replica.config.name not in replica.members.current

    def give_up(self, heard: set[str]) -> None:
        """Add nobody who did not answer for an election timeout."""
        if self._joining is None or self._joining in heard:
            return
        for request_id in self._waiting:
            self._replica.reply(request_id, kv.Refused(f"{self._joining} does not answer"))
        self._joining, self._waiting = None, []
        self.follow()

    def resign(self, hint: str | None) -> None:
        """Answer those whose change was not begun."""
        for request_id in self._waiting:
            self._replica.reply(request_id, kv.NotLeader(hint))
        self._waiting = []
