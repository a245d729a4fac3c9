"""The compiled kernel, from the first operation on, against the judge that tries every order.

Without this the small histories would meet the plain kernel alone. A process of its own, for the setting is
one of processes.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.oracles.mutations import ROOT
from tests.oracles.settings import CASES
from tests.oracles.specs import BY_NAME

FIRST = 10_000_000  # other histories than those of `test_small`
EACH = max(CASES // 20, 100)


@pytest.mark.timeout(7200)
def test_small_histories_compiled() -> None:
    labels = [f"small:{name}:{FIRST}-{FIRST + EACH}" for name in sorted(BY_NAME)]
    env = {**os.environ, "SPLITBRAIN_LINCHECK_JIT": "always"}
    command = [sys.executable, "-m", "tests.oracles.hunt", str(ROOT), *labels]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=7200, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4_000:]
