"""A system whose client answers with the time, and fails in every way a client can."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from systems.api import ClientContext, Definite, Indefinite, Invocation, NodeContext, NodeSpec


class Odd:
    """Needs no node; the value written decides how the operation ends."""

    def node(self, ctx: NodeContext) -> NodeSpec:
        """Never started by the tests that use this."""
        return NodeSpec(("true",))

    def client(self, ctx: ClientContext) -> OddClient:
        """A client that knows its process number."""
        return OddClient()


class OddClient:
    """Reads answer with CLOCK_MONOTONIC; writes end by their value modulo 5."""

    async def open(self) -> None:
        """Nothing to open."""

    async def invoke(self, op: Invocation) -> Any:
        """See the class."""
        if op.f == "read":
            await asyncio.sleep(0.001)
            return time.monotonic_ns()
        match op.value % 5:
            case 0:
                raise Definite("surely not")
            case 1:
                raise Indefinite("who knows")
            case 2:
                raise KeyError("a bug in the client")
            case 3:
                await asyncio.sleep(60)
        return None

    async def close(self) -> None:
        """Nothing to close."""
