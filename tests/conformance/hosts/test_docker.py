"""The conformance body in containers of the Docker Engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conformance.hosts import places
from tests.engine import image_or_skip, of_runs
from tests.engine_proxy import Proxy
from tests.harness.deploy.inside import ROOT

BODY = Path(__file__).with_name("body.py")


def body(*which: str, **environment: str) -> str:
    """Runs the body, or some tests of it; what it said."""
    place = {"SPLITBRAIN_TEST_PLACE": "docker", places.IMAGE: image_or_skip()}
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", str(BODY), *which]
    done = subprocess.run(
        argv,
        env={**os.environ, **place, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert of_runs() == []
    return done.stdout


def test_cluster_of_containers_conforms() -> None:
    assert "1 skipped" in body()  # signals to a process 1 from inside


def test_cuts_hold_where_nothing_can_be_entered_from_here() -> None:
    with Proxy() as proxy:
        said = body("-k", "tcp_does_not_cross or undo_flushes or heal_takes", DOCKER_HOST=proxy.address)
    assert "3 passed" in said
