"""Faults for the checker's source, one at a time: the oracles must notice every one.

A mutation replaces a text that stands exactly once in a module. The mutant is a copy of the whole package
`checkers` in a folder of its own, judged in a process of its own by `hunt`, in plain mode, so that nothing
compiled is mistaken for it.

Invariants: a text that is not found, or found twice, is an error: the list keeps up with the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.oracles.kernel_mutations import KERNEL
from tests.oracles.mutation import Mutation

ROOT = Path(__file__).resolve().parent.parent.parent
WRONG, SAME = 1, 0  # exit codes of `hunt`


MUTATIONS: tuple[Mutation, ...] = KERNEL


def copy(mutation: Mutation | None, folder: Path) -> Path:
    """A copy of `checkers` in `folder` with the mutation. Raises ValueError if its text does not stand
    there once.
    """
    shutil.copytree(ROOT / "checkers", folder / "checkers", ignore=shutil.ignore_patterns("__pycache__"))
    if mutation is not None:
        path = folder.joinpath(*mutation.module.split(".")).with_suffix(".py")
        text = path.read_text(encoding="utf-8")
        found = text.count(mutation.old)
        if found != 1:
            raise ValueError(
                f"mutation {mutation.name}: its text stands {found} times in {mutation.module}, not once"
            )
        path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return folder


def run(folder: Path, *labels: str, limit_s: int = 240) -> tuple[int, str]:
    """The exit code of `hunt` about these histories with the copy in `folder`, and what it said."""
    env = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "SPLITBRAIN_LINCHECK_JIT": "off"}
    command = [sys.executable, "-m", "tests.oracles.hunt", str(folder), *labels]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=limit_s, check=False
    )
    return done.returncode, (done.stdout + done.stderr)[-4_000:]
