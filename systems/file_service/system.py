"""The file service as a system under test: how to run its nodes, who its clients are, what it promises.

Invariant: importing this module loads neither gRPC nor the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from systems.api import Bug, Client, ClientContext, NodeContext, NodeSpec, RoleChange
from systems.core import CoreFactory
from systems.file_service.bugs import BUGS
from systems.logic import Logic
from systems.options import check_bug, check_names, whole_number
from systems.program import PORT, node_program
from systems.registry import core_of, load
from systems.shells.eventlog import role_of

REPLICATIONS = ("raft", "primary-backup")


class FileService:
    """A replicated file tree: whole writes, appends, renames, removes, reads and listings are linearizable.

    replication raft: commands in sessions, reads by ReadIndex. replication primary-backup: its mode sync.
    """

    options: ClassVar[Mapping[str, str]] = {
        "replication": "raft",
        "chunk": "16",
        "upload_life": "10000",
        "snapshot_every": "200",
        "election_ms": "500",
        "takeover_ms": "600",
        "heartbeat_ms": "80",
        "bug": "",
    }
    option_help: ClassVar[Mapping[str, str]] = {
        "replication": "what replicates the tree: raft or primary-backup (its mode sync)",
        "chunk": "bytes up to which a client writes a file by one command; a larger one goes in such parts",
        "upload_life": "changes of the tree after which an upload that nobody goes on with is forgotten",
        "snapshot_every": "with raft: entries applied between two snapshots of the tree; 0: none",
        "election_ms": "with raft: election timeout T in ms; each is drawn from T to 2T",
        "takeover_ms": "with primary-backup: ms without a heartbeat after which a backup takes over",
        "heartbeat_ms": "ms between two heartbeats, less than election_ms and takeover_ms",
        "bug": "a planted bug to catch, by name; empty for none",
    }
    claims: ClassVar[Mapping[str, str]] = {"files": "linearizable"}
    bugs: ClassVar[Mapping[str, Bug]] = BUGS
    defaults: ClassVar[Mapping[str, str]] = {
        "workload": "files",
        "nemeses": "partition,kill,pause,packets,clock",
    }

    @classmethod
    def check(cls, options: Mapping[str, str], nodes: Sequence[str]) -> None:  # noqa: ARG003
        """Raise ValueError for an option or value that nodes could not run with."""
        check_names("option", options, cls.options)
        full = {**cls.options, **options}
        check_names("value of option replication", [full["replication"]], REPLICATIONS)
        whole_number(full, "chunk", low=1, high=1 << 20)
        whole_number(full, "upload_life", low=1, high=1_000_000_000)
        whole_number(full, "snapshot_every", low=0, high=1_000_000)
        silence = "election_ms" if full["replication"] == "raft" else "takeover_ms"
        silence_ms = whole_number(full, silence, low=20, high=60_000)
        heartbeat_ms = whole_number(full, "heartbeat_ms", low=5, high=60_000)
        if heartbeat_ms >= silence_ms:
            raise ValueError(
                f"option heartbeat_ms={heartbeat_ms} must be less than {silence}={silence_ms}, "
                "or a leader is replaced between two heartbeats"
            )
        check_bug(full, cls.bugs)

    def node(self, ctx: NodeContext) -> NodeSpec:
        """One process of `python -m systems file-service`. Raises ValueError for wrong options."""
        self.check(ctx.options, tuple(ctx.addresses))
        return node_program("file-service", ctx)

    def client(self, ctx: ClientContext) -> Client:
        """A client of its own process."""
        from systems.client import NodeClient

        return NodeClient(ctx, self.logic(ctx), system="file-service", port=PORT)

    def logic(self, ctx: ClientContext) -> Logic:
        """What such a client does."""
        make: Any = load("systems.composed:file_service_logic")
        logic: Logic = make(ctx)
        return logic

    def core(self, options: Mapping[str, str]) -> CoreFactory:
        """What a node does."""
        return core_of("file-service", options)

    def role_of(self, line: str) -> RoleChange | None:
        """Reads a `role` line of the structured log."""
        return role_of(line)
