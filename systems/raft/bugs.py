"""Raft's planted bugs: they exist so that tests and users can see the checkers catch them.

Each is one branch in the protocol, taken only where `options.bug` names it.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.api import Bug

BUGS: Mapping[str, Bug] = {
    "stale-read": Bug("a leader answers reads without confirming that it still leads (drops thesis 6.4)"),
    "no-vote-persist": Bug(
        "the vote is not written down, so a restarted node can vote again (breaks figure 2)"
    ),
    "vote-twice": Bug("a voter grants every candidate of a term its vote (breaks 5.2)"),
    "ack-before-quorum": Bug("a leader takes its own copy for a quorum (breaks 5.3)"),
    "count-old-term": Bug("a leader commits entries of earlier terms by counting copies (breaks 5.4.2)"),
    "no-session": Bug("a command that is sent again is applied again (drops thesis 6.3)"),
}
