"""A Raft node's options, read once from the `-o key=value` pairs, and the table of planted bugs.

Planted bugs exist so that tests and users can see the checker catch them; each is one branch in the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from systems.core import MILLISECOND_NS, CoreConfig

BUGS: Mapping[str, str] = {
    "stale-read": "a leader answers reads without confirming that it still leads (drops thesis 6.4)",
    "no-vote-persist": "the vote is not written down, so a restarted node can vote again (breaks figure 2)",
    "vote-twice": "a voter grants every candidate of a term its vote (breaks 5.2)",
    "ack-before-quorum": "a leader takes its own copy for a quorum (breaks 5.3)",
    "count-old-term": "a leader commits entries of earlier terms by counting copies (breaks 5.4.2)",
    "no-session": "a command that is sent again is applied again (drops thesis 6.3)",
}


@dataclass(frozen=True, slots=True)
class Options:
    """Times in ns.

    The election timeout is `election_ns` plus a draw from `spread_ns`, which is a part of [0, election_ns].
    batch: most entries in one AppendEntries. bug: a name of `BUGS`, or "" for none.
    """

    election_ns: int
    heartbeat_ns: int
    spread_ns: tuple[int, int]
    batch: int
    bug: str

    @classmethod
    def of(cls, config: CoreConfig) -> Options:
        """Read `config.options`: election_ms 500, heartbeat_ms 80, priority "", batch 256, bug ""."""
        given = config.options
        election_ns = int(given.get("election_ms", "500")) * MILLISECOND_NS
        rank, ranks = _rank(config, given.get("priority", ""))
        return cls(
            election_ns=election_ns,
            heartbeat_ns=int(given.get("heartbeat_ms", "80")) * MILLISECOND_NS,
            spread_ns=(election_ns * rank // ranks, election_ns * (rank + 1) // ranks),
            batch=int(given.get("batch", "256")),
            bug=given.get("bug", ""),
        )


def _rank(config: CoreConfig, priority: str) -> tuple[int, int]:
    """This node's place among the distinct priorities (0: the highest), and how many there are."""
    levels = dict.fromkeys(config.members, 0)
    for pair in filter(None, priority.split(",")):
        name, _, level = pair.partition("=")
        levels[name] = int(level)
    distinct = sorted({levels[m] for m in config.members}, reverse=True)
    return distinct.index(levels[config.name]), len(distinct)
