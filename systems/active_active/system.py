"""Active-active replication as a system under test: replicated types that converge, and sessions.

Invariant: importing this module loads neither gRPC nor the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from systems.active_active.bugs import BUGS
from systems.api import Bug, Client, ClientContext, NodeContext, NodeSpec
from systems.core import CoreFactory
from systems.logic import Logic
from systems.options import check_bug, check_names, whole_number
from systems.program import PORT, node_program
from systems.registry import core_of


class ActiveActive:
    """Every node takes reads and writes of registers, sets and counters, and tells the others afterwards."""

    options: ClassVar[Mapping[str, str]] = {"resend_ms": "200", "snapshot_every": "1000", "bug": ""}
    option_help: ClassVar[Mapping[str, str]] = {
        "resend_ms": "ms after which what a peer has not acknowledged is sent to it again",
        "snapshot_every": "records on a node's disk that a snapshot takes the place of",
        "bug": "a planted bug to catch, by name; empty for none",
    }
    claims: ClassVar[Mapping[str, str]] = {
        "register": "convergence,sessions",
        "set": "convergence,sets",
        "counter": "convergence,counters",
        "replicated-types": "convergence,sessions,sets,counters",
    }
    bugs: ClassVar[Mapping[str, Bug]] = BUGS
    defaults: ClassVar[Mapping[str, str]] = {
        "workload": "replicated-types",
        "nemeses": "partition,kill,pause,packets,clock",
    }

    @classmethod
    def check(cls, options: Mapping[str, str], nodes: Sequence[str]) -> None:  # noqa: ARG003
        """Raise ValueError for an option or value that makes no sense."""
        check_names("option", options, cls.options)
        full = {**cls.options, **options}
        whole_number(full, "resend_ms", low=5, high=60_000)
        whole_number(full, "snapshot_every", low=2, high=1_000_000)
        check_bug(full, cls.bugs)

    def node(self, ctx: NodeContext) -> NodeSpec:
        """One process of `python -m systems active-active`. Raises ValueError for wrong options."""
        self.check(ctx.options, tuple(ctx.addresses))
        return node_program("active-active", ctx)

    def client(self, ctx: ClientContext) -> Client:
        """A client with a session of its own."""
        from systems.client import NodeClient

        return NodeClient(ctx, self.logic(ctx), system="active-active", port=PORT)

    def logic(self, ctx: ClientContext) -> Logic:
        """What such a client does."""
        from systems.active_active.logic import ActiveActiveLogic

        return ActiveActiveLogic(ctx)

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        """What a node does."""
        return core_of("active-active", options)
