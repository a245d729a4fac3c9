"""Active-active's planted bugs: they exist so that tests and users can see the checkers catch them.

Each is one branch in the core (of `session-dropped`: in the client), taken only where the option `bug` names
it.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.api import Bug

BUGS: Mapping[str, Bug] = {
    "counter-max": Bug(
        "a counter is one total, merged by maximum, not one for each node (Shapiro 2011, 3.1.3)"
    ),
    "remove-forgotten": Bug(
        "a remove that comes before the add it observed is forgotten, so the add brings the element back"
        " (Shapiro 2011, 3.3.5)"
    ),
    "redelivered": Bug(
        "an update that comes again is applied again, so an old add brings a removed element back (updates"
        " are delivered once)"
    ),
    "arrival-wins": Bug(
        "the write that arrives last wins, not the one with the highest timestamp (Shapiro 2011, 3.2.1)"
    ),
    "clock-back": Bug(
        "timestamps are the bare time of day, so a jump back orders a later write before an earlier one"
        " (Kulkarni 2014, figure 5)"
    ),
    "clock-deaf": Bug(
        "a clock does not go above the timestamps that come in, of peers and clients, so a write that follows"
        " a read is ordered before it (Kulkarni 2014, figure 5; Terry 1994)"
    ),
    "session-dropped": Bug(
        "a client takes what a node has, even if it has seen newer (Terry 1994: read your writes, monotonic"
        " reads)"
    ),
    "ack-before-disk": Bug(
        "a node answers and tells its peers first, and writes its own updates down up to resend_ms later"
    ),
    "ack-unwritten": Bug(
        "a peer acknowledges updates first and writes them down up to resend_ms later, so a crash loses what"
        " is not sent again"
    ),
    "no-retransmit": Bug("an update that was lost on its way is not sent again"),
    "restart-forgets": Bug("a node that restarts takes its own updates for acknowledged by all peers"),
    "snapshot-forgets": Bug(
        "a snapshot leaves out the updates that some peer lacks, so after a restart it is not told of them",
        {"snapshot_every": "20"},
    ),
}
