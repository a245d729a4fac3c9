"""A system that answers at once, inside the client: what is left is the harness itself."""

from __future__ import annotations

import sys
from typing import Any

from systems.api import ClientContext, Invocation, NodeContext, NodeSpec


class Instant:
    """No network: every client keeps its own registers."""

    def node(self, ctx: NodeContext) -> NodeSpec:
        """A process that does nothing."""
        return NodeSpec((sys.executable, "-c", "import signal; signal.pause()"))

    def client(self, ctx: ClientContext) -> InstantClient:
        """A client that needs no node."""
        return InstantClient()


class InstantClient:
    """Answers without waiting."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    async def open(self) -> None:
        """Nothing to open."""

    async def invoke(self, op: Invocation) -> Any:
        """At once."""
        if op.f == "read":
            return self.values.get(op.key)
        self.values[op.key] = op.value
        return None

    async def close(self) -> None:
        """Nothing to close."""
