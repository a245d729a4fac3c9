"""Raft's planted bugs: they exist so that tests and users can see the checkers catch them.

Each is one branch in the protocol, taken only where `options.bug` names it.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.api import Bug

# What only elections show needs many of them.
_OFTEN = {"election_ms": "80", "heartbeat_ms": "25"}

BUGS: Mapping[str, Bug] = {
    "stale-read": Bug("a leader answers reads without confirming that it still leads (drops thesis 6.4)"),
    "no-vote-persist": Bug(
        "the vote is not written down, so a restarted node can vote again (breaks figure 2)",
        _OFTEN,
    ),
    "no-up-to-date-check": Bug("a voter does not ask whose log is further (drops 5.4.1)"),
    "vote-twice": Bug(
        "a voter grants every candidate of a term its vote (breaks 5.2)",
        _OFTEN,
    ),
    "ack-before-quorum": Bug("a leader takes its own copy for a quorum (breaks 5.3)"),
    "ack-before-fsync": Bug("entries are acknowledged before they are on disk (breaks figure 2)"),
    "truncate-committed": Bug(
        "a follower cuts its log at entries it has already, so a late message removes later ones (breaks 5.3)"
    ),
    "count-old-term": Bug(
        "a leader commits entries of earlier terms by counting copies, and has no no-op of its own"
        " (breaks 5.4.2)",
        _OFTEN,
    ),
    "no-session": Bug("a command that is sent again is applied again (drops thesis 6.3)"),
    "fast-lease": Bug(
        "a lease runs from the answer, and for the longest election timeout (breaks thesis 6.4.1)",
        {"reads": "lease"},
    ),
    "two-members": Bug("a change of members is begun before the last one is committed (breaks thesis 4.1)"),
    "snapshot-no-term": Bug(
        "a voter whose log is a bare snapshot has forgotten the last term (breaks 5.4.1 with 7)",
        {"snapshot_every": "2"},
    ),
}
