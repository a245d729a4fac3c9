"""A client that knows nothing of Splitbrain uses a real cluster, through server reflection alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from systems.program import PORT
from tests.systems.cluster import Cluster

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "stranger.py"


def test_a_stranger_writes_and_reads_a_register(tmp_path: Path) -> None:
    with Cluster(tmp_path) as nodes:
        # Isolated: neither this folder nor any environment variable helps it to find our modules.
        argv = [sys.executable, "-I", str(EXAMPLE), *(f"{a}:{PORT}" for a in nodes.addresses.values())]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "{'string_value': 'hello'}"


def test_the_stranger_imports_nothing_of_ours() -> None:
    assert "systems" not in EXAMPLE.read_text().replace("docs/systems", "")
