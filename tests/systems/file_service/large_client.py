"""`python large_client.py ADDRESSES WRITES`: writes a file of 64 MiB again and again while others read it.

ADDRESSES is JSON, node -> address. Content number n is one byte, repeated. Prints JSON lines: {"f": "write",
"number", "outcome"} and {"f": "read", "number" (null: no file), "bytes"}; a content that is not one number's
whole content has the number -1. Every write ends; in the end the file is read once more.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.file_service.system import FileService

SIZE = 64 << 20
OPTIONS = {"chunk": str(1 << 20), "snapshot_every": "80"}
TIMEOUT_S = 60.0


def content(number: int) -> str:
    return chr(ord("a") + number) * SIZE


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def number_of(text: str | None) -> int | None:
    if text is None:
        return None
    is_whole = len(text) == SIZE and text.count(text[0]) == SIZE
    return ord(text[0]) - ord("a") if is_whole else -1


class Clients:
    """New clients, one after the other, as a process that is uncertain never acts again."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self._addresses = addresses
        self._count = 0

    def new(self) -> Any:
        self._count += 1
        home = list(self._addresses)[self._count % len(self._addresses)]
        return FileService().client(ClientContext(self._count, home, self._addresses, OPTIONS, TIMEOUT_S))


async def write(clients: Clients, writes: int) -> None:
    client = clients.new()
    for number in range(writes):
        outcome = "ok"
        try:
            await client.invoke(Invocation("write", "t", ["large", content(number)]))
        except Definite as error:
            outcome = f"fail: {error}"
        except Indefinite as error:
            outcome = f"info: {error}"
            await client.close()
            client = clients.new()
        say(f="write", number=number, outcome=outcome)
    await client.close()


async def read(clients: Clients, until: asyncio.Event) -> None:
    client = clients.new()
    while not until.is_set():
        await read_once(client)
        await asyncio.sleep(0.2)
    await client.close()


async def read_once(client: Any) -> bool:
    try:
        text = await client.invoke(Invocation("read", "t", "large"))
    except (Definite, Indefinite) as error:
        say(f="unread", why=str(error))
        return False
    say(f="read", number=number_of(text), bytes=len(text or ""))
    return True


async def main(addresses: dict[str, str], writes: int) -> None:
    clients, written = Clients(addresses), asyncio.Event()
    reader = asyncio.ensure_future(read(clients, written))
    await write(clients, writes)
    written.set()
    await reader
    while not await read_once(clients.new()):
        await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), int(sys.argv[2])))
