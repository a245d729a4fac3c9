"""The systems that the node program can run: name -> where its core and its plug-in class live.

Invariant: nothing is imported before it is asked for, so a node loads its own system alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from systems.options import UnknownName


@dataclass(frozen=True, slots=True)
class Entry:
    """Both as "module:Class". core: a `systems.core.CoreFactory` that also has `command_type`; plugin:
    see `systems.api`.
    """

    core: str
    plugin: str


ENTRIES: Mapping[str, Entry] = {
    "raft": Entry("systems.raft.core:RaftCore", "systems.raft.system:Raft"),
    "primary-backup": Entry(
        "systems.primary_backup.core:PrimaryBackupCore", "systems.primary_backup.system:PrimaryBackup"
    ),
}


def entry(name: str) -> Entry:
    """The system `name`. Raises UnknownName with the nearest name there is."""
    try:
        return ENTRIES[name]
    except KeyError:
        raise UnknownName("system", name, tuple(ENTRIES)) from None


def load(place: str) -> Any:
    """The object at `place` ("module:Class")."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
