"""The systems that the node program can run: name -> where its core and its plug-in class live.

This is where a system is put together: one that is replicated by another's protocol names a function of its
options that gives the core, so no system imports another.

Invariant: nothing is imported before it is asked for, so a node loads its own system alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from systems.core import CoreFactory
from systems.options import UnknownName


@dataclass(frozen=True, slots=True)
class Entry:
    """Places as "module:name". core: a `systems.core.CoreFactory`; plugin: see `systems.api`. composed:
    `core` is a function of the options that gives one. service: a function of the options that gives a
    `systems.shells.transport.Service`, rpcs written by hand; none for most.
    """

    core: str
    plugin: str
    composed: bool = False
    service: str = ""


ENTRIES: Mapping[str, Entry] = {
    "paxos": Entry("systems.paxos.core:PaxosCore", "systems.paxos.system:Paxos"),
    "raft": Entry("systems.raft.core:RaftCore", "systems.raft.system:Raft"),
    "primary-backup": Entry(
        "systems.primary_backup.core:PrimaryBackupCore", "systems.primary_backup.system:PrimaryBackup"
    ),
    "p2p": Entry("systems.p2p.core:P2pCore", "systems.p2p.system:P2p"),
    "file-service": Entry(
        "systems.composed:file_service_core",
        "systems.file_service.system:FileService",
        composed=True,
        service="systems.composed:file_service_streams",
    ),
    "active-active": Entry(
        "systems.active_active.core:ActiveActiveCore", "systems.active_active.system:ActiveActive"
    ),
}


def entry(name: str) -> Entry:
    """The system `name`. Raises UnknownName with the nearest name there is."""
    try:
        return ENTRIES[name]
    except KeyError:
        raise UnknownName("system", name, tuple(ENTRIES)) from None


def core_of(name: str, options: Mapping[str, str]) -> CoreFactory:
    """The core of the system `name`, as its options want it. Raises UnknownName."""
    found = entry(name)
    core = load(found.core)
    factory: CoreFactory = core(options) if found.composed else core
    return factory


def service_of(name: str, options: Mapping[str, str]) -> Any:
    """The rpcs written by hand of the system `name`, None for most systems. Raises UnknownName."""
    place = entry(name).service
    return load(place)(options) if place else None


def load(place: str) -> Any:
    """The object at `place` ("module:Class")."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
