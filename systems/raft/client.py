"""Raft's client: a session for what changes something, ReadIndex for reads (Ongaro's thesis, sections 6.3
and 6.4).

Invariant: a sequence number is used for one operation, and goes to another node only after a node said
that it did not take the command.
"""

from __future__ import annotations

from typing import Any

from systems import kv
from systems.api import ClientContext, Definite, Indefinite
from systems.client import NodeClient, Refusal
from systems.raft.messages import Do, Query, Register


class RaftClient(NodeClient):
    """Opens its session with the first command that changes something."""

    def __init__(self, ctx: ClientContext, *, port: int) -> None:
        super().__init__(ctx, port=port)
        self._session: int | None = None
        self._sequence = 0

    async def perform(self, command: kv.Command, deadline_s: float) -> Any:
        """Have `command` done before `deadline_s` on the event loop's clock. Raises Definite, Indefinite."""
        if isinstance(command, kv.Read):
            return await self.route(Query(command), deadline_s)
        if self._session is None:
            self._session, self._sequence = await self._register(deadline_s), 0
        self._sequence += 1
        try:
            return await self.route(Do(self._session, self._sequence, command), deadline_s)
        except Refusal:
            self._session = None  # it has expired; the next operation opens another
            raise

    async def _register(self, deadline_s: float) -> int:
        try:
            session: int = await self.route(Register(), deadline_s)
        except Indefinite as error:
            # A session too many harms nobody, and the operation itself has not been sent.
            raise Definite(f"no session: {error}") from error
        return session
