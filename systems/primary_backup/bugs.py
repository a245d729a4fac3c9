"""Primary-backup's planted bugs: they exist so that tests and users can see the checkers catch them.

Each is one branch in the protocol, taken only where `Replica.bug` names it.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.api import Bug

_SYNC = {"mode": "sync"}
_CHAIN = {"mode": "chain"}

BUGS: Mapping[str, Bug] = {
    "answer-first": Bug(
        "the primary answers a change before its backups have it (drops the rule of synchronous copies)",
        _SYNC,
    ),
    "read-backups": Bug(
        "backups answer reads from their copy (drops the rule that the primary serves all reads)", _SYNC
    ),
    "no-fence": Bug(
        "an old primary is not fenced: it rules on in spite of a newer epoch, whose nodes confirm it",
        _SYNC,
    ),
    "no-epoch-persist": Bug(
        "the epoch and its grant are not written down, so a restarted node grants old epochs anew", _SYNC
    ),
    "answer-at-head": Bug(
        "the head answers a change before the tail has it (breaks van Renesse and Schneider 2004, section 3)",
        _CHAIN,
    ),
    "old-tail-reads": Bug(
        "the tail answers reads without confirming that its chain still stands, so a tail that was dropped "
        "answers too (breaks section 3.2)",
        _CHAIN,
    ),
    "unready-tail": Bug(
        "a node that became tail answers reads before it has what its predecessors have (breaks section 3.2)",
        _CHAIN,
    ),
}
