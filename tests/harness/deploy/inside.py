"""Runs tests, or any command, inside namespaces, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
ENTERING = str(Path(__file__).with_name("entering.py"))


def run_inside(
    *argv: str, before: Sequence[str] = (), env: Mapping[str, str] | None = None, timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `argv` inside; `before` is put in front of the outer command."""
    return subprocess.run(
        [*before, sys.executable, ENTERING, *argv],
        env={**os.environ, **(env or {})},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def pytest_inside(path: Path) -> None:
    """Run a file of tests inside; fails with its whole output, and if there were none in it."""
    done = run_inside(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout, done.stdout
