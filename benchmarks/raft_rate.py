"""Raft on three nodes without faults: OK operations per second through the whole harness.

`python -m benchmarks.raft_rate`
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

SECONDS = 15
TARGET = 600


def run(*flags: str) -> dict[str, Any]:
    """The JSON document of `splitbrain run raft` with `flags`; its run folder is gone when this returns.

    Raises RuntimeError when the run was not valid.
    """
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "harness.cli", "run", "raft", "--runs", folder, "--json", *flags]
        ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"exit {ended.returncode}: {ended.stderr}")
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def main() -> None:
    """Print the figures and their ratios to the target."""
    for clients in (10, 20, 30):
        flags = ("--nodes", "3", "-c", str(clients), "--rate", "0", "--time", f"{SECONDS}s", "--seed", "1")
        document = run(*flags)
        card = document["card"]
        rate = document["ok"] / ((card["end_ns"] - card["start_ns"]) / 1e9)
        seen = f"{rate:,.0f} OK operations/s; {rate / TARGET:.2f} x the target of {TARGET}"
        print(f"raft, 3 nodes, {clients} clients: {seen}")


if __name__ == "__main__":
    main()
