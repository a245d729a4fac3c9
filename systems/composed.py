"""Systems put together from others: the state machine of one, replicated by the protocol of another.

Invariant: this is the one module that may import several systems, and no system imports it; it is loaded by
name, through `systems.registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from systems.api import ClientContext
from systems.core import CoreFactory
from systems.file_service.logic import FileLogic
from systems.file_service.tree import FILES
from systems.logic import Logic
from systems.machine import Kind
from systems.primary_backup import sync_core
from systems.raft import core as raft_core
from systems.raft.logic import RaftLogic


class RaftFileLogic(FileLogic, RaftLogic):
    """The operations are the file service's, the commands travel in Raft's sessions and queries."""


_CORES: Mapping[str, Callable[[Kind], CoreFactory]] = {
    "raft": raft_core.replicating,
    "primary-backup": sync_core.replicating,
}
_LOGICS: Mapping[str, Callable[[ClientContext], FileLogic]] = {
    "raft": RaftFileLogic,
    "primary-backup": FileLogic,
}


def file_service_core(options: Mapping[str, str]) -> CoreFactory:
    """The tree, replicated as the option `replication` says."""
    return _CORES[options.get("replication", "raft")](FILES)


def file_service_logic(ctx: ClientContext) -> Logic:
    """A client of the file service over the same replication."""
    return _LOGICS[ctx.options.get("replication", "raft")](ctx)


def file_service_streams(options: Mapping[str, str]) -> Any:
    """A `systems.shells.transport.Service`: WriteFile and ReadFile at one node."""
    from systems.file_service.streams import service  # loads gRPC, which a simulation does without

    return service(_LOGICS[options.get("replication", "raft")], options)
