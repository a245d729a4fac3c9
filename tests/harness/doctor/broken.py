"""Machines that cannot do everything, made by a tool that refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

NO_RULES = """case "$*" in *"add rule"*)
  echo "Error: Could not process rule: Operation not supported" >&2; exit 1;;
esac"""
NO_TABLES = """echo "Error: Could not process rule: Protocol not supported" >&2; exit 1"""


def put_nft(folder: Path, refusing: str) -> None:
    """An `nft` in `folder` that does what the shell text `refusing` says, then what nft does."""
    real = shutil.which("nft", path="/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin")
    folder.mkdir(exist_ok=True)
    tool = folder / "nft"
    tool.write_text(f'#!/bin/sh\n{refusing}\nexec {real} "$@"\n')
    tool.chmod(0o755)
