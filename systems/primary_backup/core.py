"""Primary-backup in three modes: `async`, the textbook's; `sync` and `chain`, which are linearizable.

The option `mode` chooses: see `systems.primary_backup.async_core` for what the first one loses,
`systems.primary_backup.sync_core` and `systems.primary_backup.chain_core` for why the others do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from systems.core import Core, CoreConfig, Effect, Event
from systems.machine import REGISTERS
from systems.primary_backup.async_core import AsyncCore
from systems.primary_backup.chain_core import ChainCore
from systems.primary_backup.messages import Record, types_of
from systems.primary_backup.sync_core import SyncCore

MODES: Mapping[str, Callable[[CoreConfig, Sequence[Record]], Core]] = {
    "async": AsyncCore,
    "sync": SyncCore,
    "chain": ChainCore,
}


class PrimaryBackupCore:
    """One node. Options: mode async|sync|chain (async), heartbeat_ms (80), takeover_ms (600), bug.

    Raises ValueError for a mode that does not exist.
    """

    message_type, record_type, command_type = types_of(REGISTERS)

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        mode = config.options.get("mode", "async")
        if mode not in MODES:
            raise ValueError(f"primary-backup has no mode {mode!r}; choose -o mode=async, sync or chain")
        self.inner: Core = MODES[mode](config, records)

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        return self.inner.step(event)
