"""Helpers of the end-to-end tests: the command as a user runs it, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine import image_or_skip

ROOT = Path(__file__).resolve().parent.parent.parent
SPLITBRAIN = [str(Path(sys.executable).with_name("splitbrain"))]


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


Splitbrain = Callable[..., Ended]


def clean_environment() -> dict[str, str]:
    """This environment without what a parent run may have set."""
    return {key: value for key, value in os.environ.items() if not key.startswith("SPLITBRAIN")}


@pytest.fixture
def splitbrain(tmp_path: Path) -> Splitbrain:
    """Runs `splitbrain ARGS` in a temporary working folder, so that `runs/` is there."""

    def call(*args: str, timeout_s: float = 120) -> Ended:
        ended = subprocess.run(
            [*SPLITBRAIN, *args],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=clean_environment(),
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return call


@pytest.fixture(scope="session")
def node_image() -> str:
    """The name of the node's image, which stays after the tests."""
    return image_or_skip()
