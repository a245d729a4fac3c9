"""Campaigns as commands: `splitbrain campaign` is run as a process on a file, and what it said is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """code: its exit code; said: standard error; out: standard output."""

    code: int
    out: str
    said: str

    def json(self) -> Any:
        """Standard output as JSON."""
        return msgspec.json.decode(self.out)


def argv_of(*words: str) -> list[str]:
    """A command of splitbrain."""
    return [sys.executable, "-m", "harness.cli", *words]


def splitbrain(*words: str, timeout_s: float = 240.0, env: dict[str, str] | None = None) -> CommandEnded:
    """Run a command to its end."""
    ended = subprocess.run(
        argv_of(*words),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env={**os.environ, **(env or {})},
    )
    return CommandEnded(ended.returncode, ended.stdout, ended.stderr)


def run_campaign(tmp_path: Path, text: str, *more: str) -> CommandEnded:
    """One night of the campaign `text`, in tmp_path/runs."""
    file = tmp_path / "campaign.toml"
    file.write_text(text)
    return splitbrain("campaign", str(file), "--runs", str(tmp_path / "runs"), *more)


def until(what: Callable[[], Any], within_s: float = 60.0) -> Any:
    """Wait for a condition; what it was, once it is true."""
    deadline = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < deadline, f"{what} never came true"
        time.sleep(0.01)
    return found
