"""A system in a file of its own whose nodes keep four mebibytes for every request, until they are stopped."""

import asyncio
import sys
from typing import Any

from systems.api import ClientContext, Indefinite, Invocation, NodeContext, NodeSpec

PORT = 7400


class HungryStore:
    def node(self, ctx: NodeContext) -> NodeSpec:
        return NodeSpec(argv=(ctx.python, __file__, ctx.address), ports=(PORT,))

    def client(self, ctx: ClientContext) -> "HungryClient":
        return HungryClient(ctx.addresses[ctx.home])


class HungryClient:
    """Nobody learns what became of his operation: this is about the nodes."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def open(self) -> None:
        """Nothing to do: every operation connects anew."""

    async def invoke(self, op: Invocation) -> Any:
        try:
            reader, writer = await asyncio.open_connection(self.address, PORT)
            await reader.read()  # to the end: it has eaten
            writer.close()
        except OSError as error:
            raise Indefinite(str(error)) from error
        raise Indefinite("fed")

    async def close(self) -> None:
        """Nothing to do."""


async def serve(address: str) -> None:
    eaten = []

    async def eat(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        eaten.append(bytearray(b"x" * (4 << 20)))
        writer.close()

    await (await asyncio.start_server(eat, address, PORT)).serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
