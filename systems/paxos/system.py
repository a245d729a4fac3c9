"""Multi-Paxos as a system under test: how to run its nodes, who its clients are, what it promises.

Invariant: importing this module loads neither gRPC nor the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from systems.api import Bug, Client, ClientContext, NodeContext, NodeSpec, RoleChange
from systems.core import CoreFactory
from systems.logic import Logic
from systems.options import check_bug, check_names, whole_number
from systems.paxos.bugs import BUGS
from systems.program import PORT, node_program
from systems.registry import core_of
from systems.shells.eventlog import role_of


class Paxos:
    """Replication by Multi-Paxos with a stable leader and confirmed reads, durable, fixed membership."""

    options: ClassVar[Mapping[str, str]] = {"election_ms": "500", "heartbeat_ms": "80", "bug": ""}
    option_help: ClassVar[Mapping[str, str]] = {
        "election_ms": "election period T in ms: who hears no leader for T/2 to T stands for election",
        "heartbeat_ms": "ms between a leader's heartbeats, less than half of election_ms",
        "bug": "a planted bug to catch, by name; empty for none",
    }
    claims: ClassVar[Mapping[str, str]] = {"register": "linearizable", "cas-register": "linearizable"}
    bugs: ClassVar[Mapping[str, Bug]] = BUGS
    defaults: ClassVar[Mapping[str, str]] = {
        "workload": "cas-register",
        "nemeses": "partition,kill,pause,packets,clock",
    }

    @classmethod
    def check(cls, options: Mapping[str, str], nodes: Sequence[str]) -> None:  # noqa: ARG003
        """Raise ValueError for an option or value that nodes could not run with."""
        check_names("option", options, cls.options)
        full = {**cls.options, **options}
        election_ms = whole_number(full, "election_ms", low=20, high=60_000)
        heartbeat_ms = whole_number(full, "heartbeat_ms", low=5, high=60_000)
        if 2 * heartbeat_ms >= election_ms:
            raise ValueError(
                f"option heartbeat_ms={heartbeat_ms} must be less than half of election_ms={election_ms}, "
                "or nodes stand for election between two heartbeats"
            )
        check_bug(full, cls.bugs)

    def node(self, ctx: NodeContext) -> NodeSpec:
        """One process of `python -m systems paxos`. Raises ValueError for wrong options."""
        self.check(ctx.options, tuple(ctx.addresses))
        return node_program("paxos", ctx)

    def client(self, ctx: ClientContext) -> Client:
        """A client that looks for the leader."""
        from systems.client import NodeClient

        return NodeClient(ctx, self.logic(ctx), system="paxos", port=PORT)

    def logic(self, ctx: ClientContext) -> Logic:
        """What such a client does."""
        from systems.paxos.logic import PaxosLogic

        return PaxosLogic(ctx)

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        """What a node does."""
        return core_of("paxos", options)

    def role_of(self, line: str) -> RoleChange | None:
        """Reads a `role` line of the structured log."""
        return role_of(line)
