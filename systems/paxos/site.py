"""One node's acceptor and learner, and its list of effects: what its proposer works with.

Law: nothing but the acceptor is restored after a crash (Paxos Made Simple, section 2.5).
"""

from __future__ import annotations

from collections.abc import Sequence

from systems.core import CoreConfig, Outbox
from systems.paxos.acceptor import Acceptor
from systems.paxos.learner import Learner
from systems.paxos.messages import Message, Record
from systems.paxos.options import Options


class Site(Outbox):
    """The roles that are co-located in the node `name`."""

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        super().__init__()
        self.name = config.name
        self.members = config.members
        self.peers = config.peers
        self.options = Options.of(config)
        self.acceptor = Acceptor(self, self.options.bug)
        self.learner = Learner(self.acceptor, self.options)
        for record in records:
            self.acceptor.restore(record)

    def broadcast(self, message: Message) -> None:
        """Tell all other nodes."""
        for peer in self.peers:
            self.send(peer, message)
