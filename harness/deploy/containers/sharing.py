"""What containers share with this machine: folders, and the kernel with its clock. Tried, not believed,
because an engine may live elsewhere: on another machine, or in a virtual one as those of desktops do.

Invariants: a folder that the engine does not find is refused, never made there; whatever is not shared is a
MissingPrerequisite that says what and how to mend it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker.errors
import docker.types

from harness.deploy.containers import engine
from harness.errors import MissingPrerequisite
from harness.images.engine import address, faults

LIMIT_S = 20.0
BOOT = "/proc/sys/kernel/random/boot_id"
_NOT_THERE = "bind source path does not exist"


def bound(folders: Mapping[Path, str], *, write: bool) -> list[Any]:
    """Folders of this machine -> where they are inside, as mounts."""
    return [
        docker.types.Mount(target, str(path), type="bind", read_only=not write)
        for path, target in folders.items()
    ]


def boot_id() -> str:
    """This machine's kernel since it was started, told apart from every other."""
    return Path(BOOT).read_text().strip()


def require_kernel(theirs: str) -> None:
    """Raises MissingPrerequisite for an engine whose containers run on another kernel."""
    if theirs != boot_id():
        raise MissingPrerequisite(
            f"the Docker Engine at {address()} runs on another kernel than this program (another machine,"
            " or a virtual one): faults and operations would be timed by two clocks, and two kernels"
            " would write into one file",
            fix="run splitbrain on the engine's machine (or, with a desktop engine, in its virtual one)",
        )


def unseen(client: Any, image: str, run_dir: Path, mounts: list[Any]) -> str | None:
    """Why a container with these mounts does not see the run's folder as it is here, in words; None if it
    does. Raises EnvironmentFault for what else fails.
    """
    token, path = secrets.token_hex(8), run_dir / f".seen-{secrets.token_hex(4)}"
    path.write_text(token)
    try:
        with faults("look whether it sees the run's folder"):
            try:
                seen = _read(client, image, run_dir.name, path, mounts)
            except docker.errors.APIError as error:
                if _NOT_THERE not in str(error):
                    raise
                return str(error.explanation)
    finally:
        path.unlink()
    return None if seen == token else f"a file that was written to {run_dir} is not in it there"


def require_folders(problem: str | None, folders: list[Path]) -> None:
    """Raises MissingPrerequisite for the problem that `unseen` found."""
    if problem is not None:
        raise MissingPrerequisite(
            f"the Docker Engine at {address()} does not see this machine's folders: {problem}",
            fix=f"share with it {', '.join(map(str, folders))} under the same names (desktop engines:"
            " Settings, Resources, File sharing), or run splitbrain where the engine is",
        )


def _read(client: Any, image: str, run: str, path: Path, mounts: list[Any]) -> str:
    container = client.containers.create(
        image,
        ["cat", str(path)],
        name=f"splitbrain-{run}-look",
        labels=engine.labels(run),
        network_mode="none",
        mounts=mounts,
        user=f"{os.getuid()}:{os.getgid()}",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
    )
    try:
        container.start()
        container.wait(timeout=LIMIT_S)
        return str(container.logs(stdout=True, stderr=False).decode())
    finally:
        with contextlib.suppress(docker.errors.NotFound):
            container.remove(force=True, v=True)
