"""How many operations a second a durable Raft cluster of real processes answers, without the harness.

    python -m benchmarks.raft_direct [nodes] [clients] [seconds]

Nodes are `python -m systems raft` on 127.0.0.1, 127.0.0.2, ...; clients share one process, as they do
under the harness; the mix is 40 % reads, 30 % writes, 30 % compare-and-sets over ten keys.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from systems.api import ClientContext, Definite, Indefinite, Invocation, NodeContext
from systems.raft.system import Raft


def start(folder: Path, count: int) -> tuple[list[subprocess.Popen[bytes]], dict[str, str]]:
    """Start `count` nodes; their processes and addresses."""
    addresses = {f"n{i}": f"127.0.0.{i}" for i in range(1, count + 1)}
    processes = []
    for seed, name in enumerate(addresses):
        ctx = NodeContext(name, addresses, str(folder / name), str(folder), {}, seed, sys.executable)
        processes.append(subprocess.Popen(Raft().node(ctx).argv))
    return processes, addresses


async def drive(addresses: dict[str, str], clients: int, seconds: float) -> tuple[list[float], int]:
    """Latencies in ms of the operations that succeeded, and how many did not."""
    names = tuple(addresses)
    latencies: list[float] = []
    failed = 0
    end_s = time.monotonic() + seconds

    async def one(number: int) -> None:
        nonlocal failed
        rng = random.Random(number)
        client = Raft().client(ClientContext(number, names[number % len(names)], addresses, {}, 2.0))
        while time.monotonic() < end_s:
            f = rng.choices(("read", "write", "cas"), (4, 3, 3))[0]
            value = {"read": None, "write": rng.randrange(9), "cas": (rng.randrange(9), rng.randrange(9))}[f]
            began_s = time.monotonic()
            try:
                await client.invoke(Invocation(f, f"k{rng.randrange(10)}", value))
                latencies.append((time.monotonic() - began_s) * 1e3)
            except (Definite, Indefinite):
                failed += 1
        await client.close()

    await asyncio.gather(*(one(number) for number in range(clients)))
    return latencies, failed


async def leader_is_there(addresses: dict[str, str]) -> None:
    """Return once an operation succeeds."""
    client = Raft().client(ClientContext(0, "n1", addresses, {}, 2.0))
    while True:
        try:
            await client.invoke(Invocation("write", "ready", 1))
            await client.close()
            return
        except (Definite, Indefinite):
            await asyncio.sleep(0.1)


async def measure(addresses: dict[str, str], clients: int, seconds: float) -> None:
    """Print one line of figures."""
    async with asyncio.timeout(30):
        await leader_is_there(addresses)
    latencies, failed = await drive(addresses, clients, seconds)
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * q)] for q in (0.5, 0.99))
    print(
        f"{len(addresses)} nodes, {clients} clients: {len(latencies) / seconds:.0f} ops/s, "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {failed} failed"
    )


def main() -> None:
    """Start, measure, stop."""
    nodes, clients, seconds = (int(a) for a in (*sys.argv[1:], *("3", "20", "5")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        processes, addresses = start(Path(folder), nodes)
        try:
            asyncio.run(measure(addresses, clients, float(seconds)))
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


if __name__ == "__main__":
    main()
