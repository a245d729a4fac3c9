"""Raft as a system under test: how to run its nodes, who its clients are, what it promises.

Invariant: importing this module loads neither gRPC nor the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from systems.api import Bug, Client, ClientContext, NodeContext, NodeSpec, RoleChange
from systems.core import CoreFactory
from systems.logic import Logic
from systems.options import check_bug, check_names, whole_number
from systems.program import PORT, node_program
from systems.raft.bugs import BUGS
from systems.registry import core_of
from systems.shells.eventlog import role_of


class Raft:
    """Replication by Raft: sessions, snapshots, changes of members, reads by ReadIndex or under leases."""

    options: ClassVar[Mapping[str, str]] = {
        "election_ms": "500",
        "heartbeat_ms": "80",
        "priority": "",
        "batch": "256",
        "snapshot_every": "200",
        "reads": "index",
        "drift_percent": "10",
        "bug": "",
    }
    option_help: ClassVar[Mapping[str, str]] = {
        "election_ms": "election timeout T in ms; each is drawn from T to 2T",
        "heartbeat_ms": "ms between a leader's heartbeats, less than election_ms",
        "priority": "n1=2,n2=1: nodes of higher priority stand for election sooner (default 0 for all)",
        "batch": "most log entries in one message",
        "snapshot_every": "entries applied since the last snapshot that make the next one; 0 for none",
        "reads": "index: a leader has itself confirmed for every read; lease: it need not for a while",
        "drift_percent": "by how much clocks may drift against each other, for reads=lease",
        "bug": "a planted bug to catch, by name; empty for none",
    }
    claims: ClassVar[Mapping[str, str]] = {
        "register": "linearizable",
        "cas-register": "linearizable",
    }
    bugs: ClassVar[Mapping[str, Bug]] = BUGS
    defaults: ClassVar[Mapping[str, str]] = {
        "workload": "cas-register",
        "nemeses": "partition,kill,pause,packets,clock,members,restarts,chase",
    }

    @classmethod
    def check(cls, options: Mapping[str, str], nodes: Sequence[str]) -> None:
        """Raise ValueError for an option or value that `nodes` could not run with."""
        check_names("option", options, cls.options)
        full = {**cls.options, **options}
        election_ms = whole_number(full, "election_ms", low=20, high=60_000)
        heartbeat_ms = whole_number(full, "heartbeat_ms", low=5, high=60_000)
        if heartbeat_ms >= election_ms:
            raise ValueError(
                f"option heartbeat_ms={heartbeat_ms} must be less than election_ms={election_ms}, "
                "or followers stand for election between two heartbeats"
            )
        whole_number(full, "batch", low=1, high=65_536)
        whole_number(full, "snapshot_every", low=0, high=1_000_000)
        whole_number(full, "drift_percent", low=0, high=90)
        if full["reads"] not in ("index", "lease"):
            raise ValueError(f"option reads={full['reads']!r} must be index or lease")
        _check_priority(full["priority"], nodes)
        check_bug(full, cls.bugs)

    def node(self, ctx: NodeContext) -> NodeSpec:
        """One process of `python -m systems raft`. Raises ValueError for wrong options."""
        self.check(ctx.options, tuple(ctx.addresses))
        return node_program("raft", ctx)

    def client(self, ctx: ClientContext) -> Client:
        """A client with a session of its own."""
        from systems.client import NodeClient

        return NodeClient(ctx, self.logic(ctx), system="raft", port=PORT)

    def logic(self, ctx: ClientContext) -> Logic:
        """What such a client does."""
        from systems.raft.logic import RaftLogic

        return RaftLogic(ctx)

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        """What a node does."""
        return core_of("raft", options)

    def role_of(self, line: str) -> RoleChange | None:
        """Reads a `role` line of the structured log."""
        return role_of(line)


def _check_priority(text: str, nodes: Sequence[str]) -> None:
    for pair in filter(None, text.split(",")):
        name, equals, level = pair.partition("=")
        if not (equals and level.isascii() and level.isdecimal()):
            raise ValueError(f"option priority: {pair!r} is not NODE=NUMBER; write e.g. priority=n1=1,n2=0")
        check_names("node in option priority", [name], nodes)
