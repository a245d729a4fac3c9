"""The conformance body on machines that are reached by SSH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conformance.hosts import places
from tests.harness.deploy.inside import ROOT
from tests.ssh_hosts import machines


def test_cluster_of_ssh_hosts_conforms(tmp_path: Path) -> None:
    body = Path(__file__).with_name("body.py")
    with machines(4, tmp_path) as there:
        before = there.state()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", str(body)],
            env={
                **os.environ,
                "SPLITBRAIN_TEST_PLACE": "ssh",
                places.HOSTS: str(there.hosts_file(user="tester")),
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 skipped" in done.stdout  # signals by number of a process: those are the host's own
        assert there.state() == before
