"""A controller of its own, for tests that kill it: `python -m tests.conformance.hosts.controller FOLDER DEED`

Deeds: "harm" deploys, cuts every link, pauses one node, kills another, says so and waits to be killed;
"look" deploys and says who answers whom.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from nemeses.faults import Kill, Partition, Pause
from nemeses.topology import all_links
from tests.conformance.hosts import places
from tests.harness.deploy.fake import EchoSystem, connect

NODES = ("n1", "n2", "n3")


def main(folder: str, deed: str) -> None:
    """Entry point."""
    with places.deployed(Path(folder), len(NODES), EchoSystem()) as cluster:
        if deed == "harm":
            faults = (Partition(all_links(NODES), "everything"), Pause(("n1",)), Kill(("n2",)))
            done = [cluster.apply(fault).status for fault in faults]
            print(json.dumps(done), flush=True)
            signal.pause()
        pairs = [(a, b) for a in NODES for b in NODES if a != b]
        print(json.dumps([connect(cluster, a, cluster.addresses[b]) == b for a, b in pairs]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
