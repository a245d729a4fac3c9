"""A Raft node's options, read once from the `-o key=value` pairs."""

from __future__ import annotations

from dataclasses import dataclass

from systems.core import MILLISECOND_NS, CoreConfig


@dataclass(frozen=True, slots=True)
class Options:
    """Times in ns.

    The election timeout is `election_ns` plus a draw from `spread_ns`, which is a part of [0, election_ns].
    batch: most entries in one AppendEntries; fewer if they are large. snapshot_every: so many entries
    applied since the last snapshot make the next one; 0: never. lease_ns: how long a leader that was
    confirmed answers reads without a round; 0: never. bug: a name of `systems.raft.bugs.BUGS`, "" for none.
    """

    election_ns: int
    heartbeat_ns: int
    spread_ns: tuple[int, int]
    batch: int
    snapshot_every: int
    lease_ns: int
    bug: str

    @classmethod
    def of(cls, config: CoreConfig) -> Options:
        """Read `config.options`: election_ms 500, heartbeat_ms 80, priority "", batch 256,
        snapshot_every 200, reads "index" (or "lease"), drift_percent 10, bug "".
        """
        given = config.options
        election_ns = int(given.get("election_ms", "500")) * MILLISECOND_NS
        bug = given.get("bug", "")
        # A follower's promise lasts election_ns by its own clock, so the lease has to end sooner by as much
        # as the clocks may drift against each other (thesis, section 6.4.1). The bug takes the longest
        # election timeout for the shortest.
        margin = -100 if bug == "fast-lease" else int(given.get("drift_percent", "10"))
        leased = given.get("reads", "index") == "lease"
        rank, ranks = _rank(config, given.get("priority", ""))
        return cls(
            election_ns=election_ns,
            heartbeat_ns=int(given.get("heartbeat_ms", "80")) * MILLISECOND_NS,
            spread_ns=(election_ns * rank // ranks, election_ns * (rank + 1) // ranks),
            batch=int(given.get("batch", "256")),
            snapshot_every=int(given.get("snapshot_every", "200")),
            lease_ns=election_ns * (100 - margin) // 100 if leased else 0,
            bug=bug,
        )


def _rank(config: CoreConfig, priority: str) -> tuple[int, int]:
    """This node's place among the distinct priorities (0: the highest), and how many there are."""
    levels = dict.fromkeys(config.members, 0)
    for pair in filter(None, priority.split(",")):
        name, _, level = pair.partition("=")
        levels[name] = int(level)
    distinct = sorted({levels[m] for m in config.members}, reverse=True)
    return distinct.index(levels[config.name]), len(distinct)
