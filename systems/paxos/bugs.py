"""Multi-Paxos' planted bugs: they exist so that tests and users can see the checkers catch them.

Each is one branch in one role, taken only where `options.bug` names it.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.api import Bug

BUGS: Mapping[str, Bug] = {
    "no-promise-persist": Bug(
        "an acceptor forgets its promises in a crash and takes part in older ballots again (breaks 2.5)"
    ),
    "no-adopt": Bug("a new leader proposes no-ops where values were accepted (breaks P2c, 2.2)"),
    "adopt-any": Bug(
        "a new leader adopts the vote it heard of last, not the one of the highest ballot (breaks P2c, 2.2)"
    ),
    "minority-quorum": Bug("half of the nodes, rounded down, count as a quorum (breaks 2.2)"),
    "ballot-reused": Bug(
        "a restarted proposer takes up the ballot it finds in its acceptor, not a higher one (breaks 2.5)"
    ),
    "accept-below-promise": Bug("an acceptor votes in ballots below its promise (breaks P1a, 2.2)"),
    "read-unconfirmed": Bug(
        "a leader answers reads without asking whether a quorum still obeys it (breaks reads outside the log)"
    ),
    "apply-out-of-order": Bug("a learner applies a chosen slot before the ones below it (breaks section 3)"),
}
