"""The client of primary-backup: changes go to the primary; reads too, or to the home node where backups
serve them.
"""

from __future__ import annotations

from typing import Any

from systems import kv
from systems.api import ClientContext
from systems.client import NodeClient


class PrimaryBackupClient(NodeClient):
    """`reads_at_home`: read from the home node's copy, primary or not, and from no other."""

    def __init__(self, ctx: ClientContext, *, port: int, reads_at_home: bool) -> None:
        super().__init__(ctx, port=port)
        self._reads_at_home = reads_at_home

    async def perform(self, command: kv.Command, deadline_s: float) -> Any:
        """Have `command` done before `deadline_s` on the event loop's clock. Raises Definite, Indefinite."""
        if self._reads_at_home and isinstance(command, kv.Read):
            return await self.ask(self.ctx.home, command, deadline_s)
        return await self.route(command, deadline_s)
