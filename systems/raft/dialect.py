"""How a client of Raft speaks: a session first, then numbered commands; reads as queries (thesis, 6.3)."""

from __future__ import annotations

from typing import Any

from systems import kv
from systems.raft.messages import Command, Do, Query, Register


class SessionDialect:
    """One client process's session.

    A numbered command may be sent again, to any node, when its fate is unknown.
    """

    resends = True
    reads_anywhere = False

    def __init__(self) -> None:
        self._session: int | None = None
        self._sequence = 0

    def opening(self) -> Command | None:
        """`Register` as long as there is no session."""
        return Register() if self._session is None else None

    def opened(self, value: Any) -> None:
        """Use the session `value`."""
        self._session = int(value)

    def wrap(self, command: kv.Command) -> Command:
        """The command with the next sequence number; raises ValueError without a session."""
        if isinstance(command, kv.Read):
            return Query(command)
        if self._session is None:
            raise ValueError("no session: send `opening()` and hand its answer to `opened` first")
        self._sequence += 1
        return Do(self._session, self._sequence, command)
