"""The clients of primary-backup: changes go to the primary, reads to where the mode has them answered."""

from __future__ import annotations

from typing import Literal

from systems import kv
from systems.api import ClientContext, Invocation
from systems.logic import Leading, Steps, command_of

ReadsAt = Literal["primary", "home", "tail"]


class PrimaryBackupLogic(Leading):
    """reads_at: `primary`; `home`: the home node's copy, and no other; `tail`: the end of the chain, which is
    sought as the primary is, by hints, and remembered beside it.
    """

    def __init__(self, ctx: ClientContext, *, reads_at: ReadsAt) -> None:
        super().__init__(ctx)
        self._reads_at = reads_at
        self._tail = Leading(ctx)

    def perform(self, op: Invocation) -> Steps:
        """The command, done by the primary or, if it is a read, where reads go."""
        command = command_of(op)
        if not isinstance(command, kv.Read) or self._reads_at == "primary":
            return (yield from self.route(command))
        if self._reads_at == "home":
            return (yield from self.ask(self.ctx.home, command))
        self._tail.served_by = None
        try:
            return (yield from self._tail.route(command))
        finally:
            self.served_by = self._tail.served_by
