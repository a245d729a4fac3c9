"""Primary-backup replication as a system under test, in three modes that promise different things.

Invariant: importing this module loads neither gRPC nor the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from systems.api import Bug, Client, ClientContext, NodeContext, NodeSpec, RoleChange
from systems.core import CoreFactory
from systems.logic import Logic
from systems.options import check_bug, check_names, whole_number
from systems.primary_backup.bugs import BUGS
from systems.program import PORT, node_program
from systems.registry import core_of
from systems.shells.eventlog import role_of

MODES: Mapping[str, str] = {  # what each promises
    "async": "nothing",
    "sync": "linearizable",
    "chain": "linearizable",
}


class PrimaryBackup:
    """A primary that answers and backups that copy it.

    mode async: the primary answers before it has copied, backups serve reads, and a backup that misses
    its primary promotes itself. mode sync: epochs granted by a majority, answers after every in-sync
    backup has the operation. mode chain: changes go from the head down a chain to the tail, which answers
    reads; every chain takes an epoch of its own.
    """

    options: ClassVar[Mapping[str, str]] = {
        "mode": "async",
        "heartbeat_ms": "80",
        "takeover_ms": "600",
        "bug": "",
    }
    option_help: ClassVar[Mapping[str, str]] = {
        "mode": "async: answer first, copy afterwards; sync: answer when the in-sync backups have it; "
        "chain: answer when the tail of a chain has it",
        "heartbeat_ms": "ms between a primary's heartbeats, less than takeover_ms",
        "takeover_ms": "ms without a heartbeat after which a backup takes over",
        "bug": "a planted bug to catch, by name; empty for none",
    }
    bugs: ClassVar[Mapping[str, Bug]] = BUGS
    defaults: ClassVar[Mapping[str, str]] = {
        "workload": "cas-register",
        "nemeses": "partition,kill,pause,packets,clock",
    }

    def claims(self, options: Mapping[str, str]) -> Mapping[str, str]:
        """What the mode promises, for every workload."""
        promise = MODES[options.get("mode", self.options["mode"])]
        return {"register": promise, "cas-register": promise}

    @classmethod
    def check(cls, options: Mapping[str, str], nodes: Sequence[str]) -> None:  # noqa: ARG003
        """Raise ValueError for an option or value that nodes could not run with."""
        check_names("option", options, cls.options)
        full = {**cls.options, **options}
        check_names("value of option mode", [full["mode"]], MODES)
        heartbeat_ms = whole_number(full, "heartbeat_ms", low=5, high=60_000)
        takeover_ms = whole_number(full, "takeover_ms", low=20, high=60_000)
        if heartbeat_ms >= takeover_ms:
            raise ValueError(
                f"option heartbeat_ms={heartbeat_ms} must be less than takeover_ms={takeover_ms}, "
                "or backups take over between two heartbeats"
            )
        check_bug(full, cls.bugs)

    def node(self, ctx: NodeContext) -> NodeSpec:
        """One process of `python -m systems primary-backup`. Raises ValueError for wrong options."""
        self.check(ctx.options, tuple(ctx.addresses))
        return node_program("primary-backup", ctx)

    def client(self, ctx: ClientContext) -> Client:
        """A client; it reads from its home node in mode async, from the tail in mode chain."""
        from systems.client import NodeClient

        return NodeClient(ctx, self.logic(ctx), system="primary-backup", port=PORT)

    def logic(self, ctx: ClientContext) -> Logic:
        """What such a client does."""
        from systems.primary_backup.logic import PrimaryBackupLogic

        mode = ctx.options.get("mode", self.options["mode"])
        if mode == "async" or ctx.options.get("bug") == "read-backups":
            return PrimaryBackupLogic(ctx, reads_at="home")
        return PrimaryBackupLogic(ctx, reads_at="tail" if mode == "chain" else "primary")

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        """What a node does."""
        return core_of("primary-backup", options)

    def role_of(self, line: str) -> RoleChange | None:
        """Reads a `role` line of the structured log."""
        return role_of(line)
