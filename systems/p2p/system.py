"""Peers of equal weight as a system under test, in two modes that promise different things.

Invariant: importing this module loads neither gRPC nor the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from systems.api import Bug, Client, ClientContext, NodeContext, NodeSpec
from systems.core import CoreFactory
from systems.logic import Logic
from systems.options import check_bug, check_names, whole_number
from systems.p2p.bugs import BUGS
from systems.program import PORT, node_program
from systems.registry import core_of

CLAIMS: Mapping[str, Mapping[str, str]] = {
    "quorum": {"register": "linearizable"},
    "gossip": {"deletable-register": "convergence,deletions", "register": "convergence"},
}


class P2p:
    """Peers without a leader: every one takes reads and writes.

    mode quorum: registers that a majority emulates (ABD). mode gossip: each peer answers alone and tells the
    others by anti-entropy.
    """

    options: ClassVar[Mapping[str, str]] = {
        "mode": "quorum",
        "resend_ms": "50",
        "patience_ms": "400",
        "gossip_ms": "100",
        "bug": "",
    }
    option_help: ClassVar[Mapping[str, str]] = {
        "mode": "quorum: a majority reads and writes; gossip: each peer by itself, the others later",
        "resend_ms": "mode quorum: ms after which a peer that has not answered is asked again",
        "patience_ms": "mode quorum: ms that a majority has to answer, more than resend_ms",
        "gossip_ms": "mode gossip: ms between the exchanges that a peer begins, on average",
        "bug": "a planted bug to catch, by name; empty for none",
    }
    bugs: ClassVar[Mapping[str, Bug]] = BUGS

    def claims(self, options: Mapping[str, str]) -> Mapping[str, str]:
        """What the mode promises; mode quorum has no delete."""
        return CLAIMS[options.get("mode", self.options["mode"])]

    def defaults(self, options: Mapping[str, str]) -> Mapping[str, str]:
        """The workload that shows most of the mode, under every fault."""
        workload = next(iter(self.claims(options)))
        return {"workload": workload, "nemeses": "partition,kill,pause,packets,clock"}

    @classmethod
    def check(cls, options: Mapping[str, str], nodes: Sequence[str]) -> None:  # noqa: ARG003
        """Raise ValueError for an option or value that nodes could not run with."""
        check_names("option", options, cls.options)
        full = {**cls.options, **options}
        check_names("value of option mode", [full["mode"]], CLAIMS)
        resend_ms = whole_number(full, "resend_ms", low=5, high=60_000)
        patience_ms = whole_number(full, "patience_ms", low=10, high=60_000)
        whole_number(full, "gossip_ms", low=5, high=60_000)
        if resend_ms >= patience_ms:
            raise ValueError(
                f"option resend_ms={resend_ms} must be less than patience_ms={patience_ms}, "
                "or an operation is given up before a lost message is sent again"
            )
        check_bug(full, cls.bugs)

    def node(self, ctx: NodeContext) -> NodeSpec:
        """One process of `python -m systems p2p`. Raises ValueError for wrong options."""
        self.check(ctx.options, tuple(ctx.addresses))
        return node_program("p2p", ctx)

    def client(self, ctx: ClientContext) -> Client:
        """A client that prefers its home peer."""
        from systems.client import NodeClient

        return NodeClient(ctx, self.logic(ctx), system="p2p", port=PORT)

    def logic(self, ctx: ClientContext) -> Logic:
        """What such a client does."""
        from systems.p2p.logic import P2pLogic

        return P2pLogic(ctx)

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        """What a node does."""
        return core_of("p2p", options)
