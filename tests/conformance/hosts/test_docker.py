"""The conformance body in containers of the Docker Engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conformance.hosts import places
from tests.engine import image_or_skip, of_runs
from tests.harness.deploy.inside import ROOT


def test_cluster_of_containers_conforms() -> None:
    body = Path(__file__).with_name("body.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", str(body)],
        env={**os.environ, "SPLITBRAIN_TEST_PLACE": "docker", places.IMAGE: image_or_skip()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 skipped" in done.stdout  # signals to a process 1 from inside
    assert of_runs() == []
