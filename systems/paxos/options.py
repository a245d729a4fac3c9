"""A Multi-Paxos node's options, read once from the `-o key=value` pairs."""

from __future__ import annotations

from dataclasses import dataclass

from systems.core import MILLISECOND_NS, CoreConfig


@dataclass(frozen=True, slots=True)
class Options:
    """Times in ns. quorum: how many acceptors make one. bug: a name of `systems.paxos.bugs.BUGS`, or "".

    A node stands for election when it heard no proposer for a period drawn from [election_ns / 2,
    election_ns]; a leader that hears no quorum for election_ns takes no requests.
    """

    election_ns: int
    heartbeat_ns: int
    quorum: int
    bug: str

    @classmethod
    def of(cls, config: CoreConfig) -> Options:
        """Read `config.options`: election_ms 500, heartbeat_ms 80, bug ""."""
        given = config.options
        bug = given.get("bug", "")
        return cls(
            election_ns=int(given.get("election_ms", "500")) * MILLISECOND_NS,
            heartbeat_ns=int(given.get("heartbeat_ms", "80")) * MILLISECOND_NS,
            quorum=max(1, len(config.members) // 2) if bug == "minority-quorum" else config.majority,
            bug=bug,
        )

    @property
    def patience(self) -> int:
        """After how many heartbeats without an answer a peer counts as unreachable."""
        return max(1, self.election_ns // self.heartbeat_ns)
