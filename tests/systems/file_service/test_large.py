"""64 MiB through real nodes with partitions and kills; the test itself is in `inside_large`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from harness.deploy.namespaces import TOOLS
from tests.harness.deploy.inside import run_inside


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, TOOLS)), reason="namespaces need root and their tools"
)
def test_a_large_file_under_partition_and_kill() -> None:
    path = Path(__file__).with_name("inside_large.py")
    done = run_inside(
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-sv", str(path), timeout_s=280
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
