"""`python -m tests.systems.shells.cut_probe CUT_S`, inside a network namespace of its own: a silent cut
of the loopback.

Prints JSON: how many messages arrived during the cut, and how many seconds after its end the first later
one did.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys

from systems.shells.transport import PeerLink
from tests.systems.shells.peers import Peer, until

PORT = 7000
DROP = f"""
table inet cut {{
  chain input {{ type filter hook input priority 0; tcp dport {PORT} drop; tcp sport {PORT} drop; }}
}}
"""


async def chatter(link: PeerLink, sent: list[int]) -> None:
    """A message every 50 ms, as a heartbeat would be."""
    for number in itertools.count():
        link.send(number)
        sent.append(number)
        await asyncio.sleep(0.05)


async def probe(cut_s: float) -> dict[str, float]:
    """Messages, cut, messages again."""
    peer, link, sent = Peer(PORT), PeerLink("n1", f"127.0.0.1:{PORT}"), list[int]()
    await peer.start()
    tasks = [asyncio.ensure_future(link.run()), asyncio.ensure_future(chatter(link, sent))]
    await until(lambda: len(peer.arrived) > 5)
    subprocess.run(["nft", "-f", "-"], input=DROP, text=True, check=True)
    await asyncio.sleep(0.2)  # what was under way when the rule came
    before = len(peer.arrived)
    await asyncio.sleep(cut_s)
    during = len(peer.arrived) - before
    subprocess.run(["nft", "delete", "table", "inet", "cut"], check=True)
    latest = sent[-1]
    recovery_s = await until(lambda: peer.arrived[-1][1] > latest, 30)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await peer.stop()
    return {"during": during, "recovery_s": recovery_s}


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(json.dumps(asyncio.run(probe(float(sys.argv[1])))))
