"""The client of primary-backup: changes go to the primary; reads too, or to the home node where backups
serve them.
"""

from __future__ import annotations

from systems import kv
from systems.api import ClientContext, Invocation
from systems.logic import Leading, Steps, command_of


class PrimaryBackupLogic(Leading):
    """`reads_at_home`: read from the home node's copy, primary or not, and from no other."""

    def __init__(self, ctx: ClientContext, *, reads_at_home: bool) -> None:
        super().__init__(ctx)
        self._reads_at_home = reads_at_home

    def perform(self, op: Invocation) -> Steps:
        """The command, done by the primary or, if it is a read, where reads go."""
        command = command_of(op)
        if self._reads_at_home and isinstance(command, kv.Read):
            return (yield from self.ask(self.ctx.home, command))
        return (yield from self.route(command))
