"""The planted bugs of peers: they exist so that tests and users can see the checkers catch them.

Each is one branch in the protocol, taken only where `options.bug` names it.
"""

from __future__ import annotations

from collections.abc import Mapping

from systems.api import Bug

_QUORUM = {"mode": "quorum"}
_GOSSIP = {"mode": "gossip"}

BUGS: Mapping[str, Bug] = {
    "no-write-back": Bug("a read answers before a majority has what it read (ABD 1995, section 3)", _QUORUM),
    "read-one": Bug(
        "a read asks no peer but its coordinator: its quorum meets no write's (ABD 1995)", _QUORUM
    ),
    "write-unasked": Bug(
        "a write counts on from its coordinator's own tag instead of a majority's (Lynch, Shvartsman 1997)",
        _QUORUM,
    ),
    "quorums-apart": Bug("half of the peers count as a quorum, so two quorums may share nobody", _QUORUM),
    "tag-without-node": Bug(
        "a tag is a bare number, so two writers may give the same one (Lynch, Shvartsman 1997)", _QUORUM
    ),
    "tag-reused": Bug(
        "a tag does not name the writer's incarnation, so one that restarts may give it again", _QUORUM
    ),
    "ack-before-disk": Bug("a peer answers first and writes down up to 200 ms later"),
    "resurrect": Bug(
        "a delete leaves no tombstone, so a peer with an old copy brings it back (Demers 1987, section 2)",
        _GOSSIP,
    ),
    "tombstone-expires": Bug(
        "tombstones are dropped after 0.6 s, before every peer has seen them (Demers 1987, section 2.1)",
        _GOSSIP,
    ),
    "gossip-drops": Bug(
        "of two concurrent versions a peer keeps its own and claims to know the other (Parker 1983)", _GOSSIP
    ),
    "lww-by-arrival": Bug(
        "of two concurrent versions the one that arrived last is read, which differs from peer to peer",
        _GOSSIP,
    ),
    "dot-reused": Bug("a peer that restarts numbers its events from 1 again (Parker 1983)", _GOSSIP),
}
