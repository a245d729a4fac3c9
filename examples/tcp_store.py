"""A system of your own in one file: a store in one process, spoken to in lines of JSON over TCP.

    splitbrain run examples/tcp_store.py:TcpStore                                 # linearizable
    splitbrain run examples/tcp_store.py:TcpStore -o stale=yes --expect anomaly   # its reads lag behind

Every node runs this file as a script; clients use the first. Nothing is on disk, so `-n kill` loses writes.
"""

import asyncio
import json
import sys
from typing import Any

from systems.api import ClientContext, Definite, Indefinite, Invocation, NodeContext, NodeSpec

PORT = 7400


class TcpStore:
    """A store in the memory of one process; with `-o stale=yes` its reads lag 50 ms behind."""

    options = {"stale": "no"}

    def node(self, ctx: NodeContext) -> NodeSpec:
        return NodeSpec(argv=(ctx.python, __file__, ctx.address, ctx.options["stale"]), ports=(PORT,))

    def client(self, ctx: ClientContext) -> "TcpClient":
        return TcpClient(next(iter(ctx.addresses.values())), ctx.timeout_s * 0.9)


class TcpClient:
    def __init__(self, address: str, timeout_s: float) -> None:
        self.address, self.timeout_s = address, timeout_s
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> None:
        """Nothing to do: `invoke` connects when it has to."""

    async def invoke(self, op: Invocation) -> Any:
        problem: type[Exception] = Definite  # while nothing has been sent
        try:
            async with asyncio.timeout(self.timeout_s):
                self.streams = self.streams or await asyncio.open_connection(self.address, PORT)
                problem = Definite if op.f == "read" else Indefinite  # a lost read changed nothing
                self.streams[1].write(json.dumps(op).encode() + b"\n")
                return json.loads(await self.streams[0].readuntil())
        except (OSError, EOFError) as error:  # a TimeoutError is an OSError
            await self.close()  # or a late answer would be taken for the next one's
            raise problem(f"{self.address}: {error or 'no answer in time'}") from error

    async def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def serve(address: str, stale: bool) -> None:
    data, lagging = dict[str, Any](), dict[str, Any]()

    def perform(f: str, key: str, value: Any) -> Any:
        if f == "read":
            return (lagging if stale else data).get(key)
        old, new = value if f == "cas" else (data.get(key), value)
        if data.get(key) != old:
            return False
        data[key] = new
        asyncio.get_running_loop().call_later(0.05, lagging.__setitem__, key, new)
        return True if f == "cas" else None

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(json.dumps(perform(*json.loads(line))).encode() + b"\n")

    await (await asyncio.start_server(talk, address, PORT)).serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2] == "yes"))
