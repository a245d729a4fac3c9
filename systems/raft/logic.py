"""Raft's client: a session for what changes something, ReadIndex for reads (Ongaro's thesis, sections 6.3
and 6.4).

Law: a sequence number is used for one operation. A numbered command may be sent again, to any node, while its
fate is unknown: the session makes it happen once.
"""

from __future__ import annotations

from typing import Any

from systems import kv
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.logic import Leading, Refusal, Steps, command_of
from systems.raft.messages import ChangeMembers, Do, Query, Register, Transfer


class RaftLogic(Leading):
    """Opens its session with the first command that changes something."""

    def __init__(self, ctx: ClientContext) -> None:
        super().__init__(ctx)
        self._session: int | None = None
        self._sequence = 0

    def perform(self, op: Invocation) -> Steps:
        """A read as a query, a change as the session's next command; also the administration's operations
        `transfer` (to the node `value`, None: any) and `members` (`value` is ["add" | "remove", node]).
        """
        match op:
            case Invocation("transfer", _, target):
                # Without a target, asking twice would hand over twice.
                return (yield from self.route(Transfer(target), resend=target is not None))
            case Invocation("members", _, [action, node]):
                return (yield from self.route(ChangeMembers(action, node), resend=True))
        command = command_of(op)
        if isinstance(command, kv.Read):
            return (yield from self.read(command))
        return (yield from self.change(command))

    def read(self, command: Any) -> Steps:
        """As a query."""
        return (yield from self.route(Query(command)))

    def change(self, command: Any, *, repeatable: bool = False) -> Steps:  # noqa: ARG002
        """As the session's next command, so any may be sent again."""
        if self._session is None:
            self._session, self._sequence = (yield from self._register()), 0
        self._sequence += 1
        try:
            return (yield from self.route(Do(self._session, self._sequence, command), resend=True))
        except Refusal:
            self._session = None  # it has expired; the next operation opens another
            raise

    def _register(self) -> Steps:
        try:
            return (yield from self.route(Register()))
        except Indefinite as error:
            # A session too many harms nobody, and the operation itself has not been sent.
            raise Definite(f"no session: {error}") from error
