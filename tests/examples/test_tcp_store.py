"""The example that newcomers copy: it works, its stale mode is stale, and its client tells definite from
not.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from examples import tcp_store
from examples.tcp_store import TcpClient, TcpStore
from systems.api import ClientContext, Definite, Indefinite, Invocation, NodeContext
from tests.systems.cluster import loopback
from tests.systems.shells.peers import until

READ = Invocation("read", "k")
WRITE = Invocation("write", "k", 1)


def against_a_node(stale: str, scenario: Callable[[TcpClient], Awaitable[Any]]) -> Any:
    """Run `scenario` with a client of a node that runs as a process."""
    addresses = loopback(2)
    node = NodeContext("n1", addresses, "/nowhere", "/nowhere", {"stale": stale}, 1, sys.executable)
    client = TcpStore().client(ClientContext(1, "n2", addresses, {"stale": stale}, 1.0))

    async def accepts() -> bool:
        try:
            _, writer = await asyncio.open_connection(addresses["n1"], tcp_store.PORT)
        except OSError:
            return False
        writer.close()
        return True

    async def both() -> Any:
        process = await asyncio.create_subprocess_exec(*TcpStore().node(node).argv)
        try:
            async with asyncio.timeout(10):
                while not await accepts():
                    await asyncio.sleep(0.01)
                await client.open()
                return await scenario(client)
        finally:
            await client.close()
            process.kill()
            await process.wait()

    return asyncio.run(both())


def test_it_reads_what_was_written() -> None:
    async def scenario(client: TcpClient) -> list[Any]:
        ops = (READ, WRITE, READ, ("cas", "k", (1, 2)), ("cas", "k", (1, 3)), READ)
        return [await client.invoke(Invocation(*op)) for op in ops]

    assert against_a_node("no", scenario) == [None, None, 1, True, False, 2]


def test_an_old_value_never_comes_back() -> None:
    async def scenario(client: TcpClient) -> None:
        for number in range(200):
            await client.invoke(Invocation("write", "k", number))
            assert await client.invoke(READ) == number

    against_a_node("no", scenario)


def test_stale_reads_lag_behind_and_catch_up() -> None:
    async def scenario(client: TcpClient) -> None:
        await client.invoke(WRITE)
        assert await client.invoke(READ) is None
        async with asyncio.timeout(5):
            while await client.invoke(READ) != 1:
                await asyncio.sleep(0.01)

    against_a_node("yes", scenario)


def test_without_a_node_everything_is_definite() -> None:
    address = loopback(1)["n1"]
    for op in (READ, WRITE):
        with pytest.raises(Definite, match=address):
            asyncio.run(TcpClient(address, 0.5).invoke(op))


@pytest.mark.parametrize(("op", "kind"), [(WRITE, Indefinite), (READ, Definite)])
@pytest.mark.parametrize("hangs_up", [True, False])
def test_an_operation_without_an_answer(op: Invocation, kind: type[Exception], hangs_up: bool) -> None:
    """The node takes the request and then dies or stays silent."""
    address = loopback(1)["n1"]

    async def scenario() -> None:
        got: list[bytes] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.append(await reader.readline())
            if not hangs_up:
                await reader.read()
            writer.close()

        server = await asyncio.start_server(talk, address, tcp_store.PORT)
        client = TcpClient(address, 0.2)
        with pytest.raises(kind):
            await client.invoke(op)
        await until(lambda: len(got) == 1)
        assert client.streams is None, "the late answer must not be taken for the next operation's"
        server.close()

    asyncio.run(scenario())


def test_the_example_stays_short() -> None:
    lines = Path(tcp_store.__file__).read_text().splitlines()
    assert len(lines) < 80
