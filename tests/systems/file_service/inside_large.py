"""A file of 64 MiB under partitions and kills: whole or not at all. Run inside namespaces by `test_large`."""

from __future__ import annotations

import itertools
import json
import threading
import time
from pathlib import Path

from harness.deploy.netns import LocalDeployment
from nemeses.faults import Fault, Kill, Link, Partition
from systems.file_service.system import FileService
from tests.systems.file_service import large_client

NODES = ("n1", "n2", "n3")
WRITES = 4
FAULT_S, CALM_S = 1.5, 1.0


def faults(away: str) -> tuple[Fault, Fault]:
    """A node that is cut off from the others, and one that is killed."""
    others = [node for node in NODES if node != away]
    links = [Link(a, b) for node in others for a, b in ((away, node), (node, away))]
    return Partition(tuple(links), f"cut {away} off"), Kill((others[0],))


def hurt(cluster: LocalDeployment, done: threading.Event, installed: list[str]) -> None:
    """One fault after the other, each node in turn, until `done`."""
    for away in itertools.cycle(NODES):
        for fault in faults(away):
            evidence = cluster.apply(fault)
            installed += [type(fault).__name__] * (evidence.status == "installed")
            done.wait(FAULT_S)
            cluster.undo(fault)
            if done.wait(CALM_S):
                return


def test_a_large_file_is_read_back_whole_or_not_at_all(tmp_path: Path) -> None:
    seeds = {name: at for at, name in enumerate(NODES)}
    deployment = LocalDeployment(FileService(), NODES, dict(large_client.OPTIONS), tmp_path, seeds)
    installed: list[str] = []
    began = time.monotonic()
    with deployment as cluster:
        program = (cluster.clients_python, "-m", "tests.systems.file_service.large_client")
        client = cluster.client_process((*program, json.dumps(dict(cluster.addresses)), str(WRITES)))
        done = threading.Event()
        nemesis = threading.Thread(target=hurt, args=(cluster, done, installed))
        nemesis.start()
        assert client.stdout is not None
        lines = []
        for line in client.stdout:
            lines.append({"s": round(time.monotonic() - began, 1), **json.loads(line)})
            if lines[-1]["f"] == "write" and lines[-1]["number"] == WRITES - 1:
                done.set()
        done.set()
        nemesis.join()
        assert client.wait(10) == 0, (tmp_path / "clients.log").read_text()
    told = "\n".join(map(str, lines))
    print(told, installed)
    assert set(installed) == {"Partition", "Kill"}, told
    outcomes = [line["outcome"] for line in lines if line["f"] == "write"]
    assert len(outcomes) == WRITES, told
    kept = [number for number, outcome in enumerate(outcomes) if outcome == "ok"]
    assert kept, told
    refused = {number for number, outcome in enumerate(outcomes) if outcome.startswith("fail")}
    seen = [line["number"] for line in lines if line["f"] == "read"]
    assert -1 not in seen, f"a reader saw a part of a write: {told}"
    assert not refused.intersection(seen), f"a write that did not happen was read: {told}"
    numbers = [-1 if number is None else number for number in seen]
    assert numbers == sorted(numbers), f"a reader saw an older content again: {told}"
    assert seen[-1] >= kept[-1], f"an acknowledged write was lost: {told}"
