"""The node program for hosts: an archive that needs Python alone, made here, unpacked there.

It is the wheel of the node part with all that it needs, for the host's own Python and processor; on the host
it becomes a virtual environment. Invariants: an archive's name is the digest of what went in, so a host or a
cache that has the name has the content; nothing of checkers, harness or reports is in it.
"""

from __future__ import annotations

import fcntl
import os
import tarfile
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from harness.deploy.ssh.host import SshHost
from harness.errors import EnvironmentFault, MissingPrerequisite
from harness.images import content, recipe, wheel

OLDEST = (3, 11)
UPLOAD_S, UNPACK_S = 300.0, 120.0
_lock = threading.Lock()


def install(host: SshHost, python: tuple[int, ...], machine: str) -> str:
    """The interpreter on the host that can import `systems`. Raises EnvironmentFault or
    MissingPrerequisite."""
    archive = _archive(host.name, python, machine)
    target = f"{host.entry.folder}/programs/{archive.stem.removesuffix('.tar')}"
    if host.ask("digest", path=f"{target}/whole") is None:
        there = f"{target}.tar.gz"
        host.put_once(there, archive.read_bytes(), timeout_s=UPLOAD_S)
        host.ask("unpack", archive=there, target=target, timeout_s=UNPACK_S)
    return f"{target}/bin/python"


def refuse_python(name: str, python: Sequence[int], machine: str) -> None:
    """Raises MissingPrerequisite for a host that the node program cannot run on."""
    if tuple(python[:2]) < OLDEST:
        raise MissingPrerequisite(
            f"{name} has Python {python[0]}.{python[1]}, the node program needs 3.11 or later",
            fix="install a later one there, and name it with `python = …` in the hosts file",
        )
    if machine not in recipe.ARCHITECTURES.values():
        raise MissingPrerequisite(
            f"{name} is a {machine}, for which there is no node program",
            fix=f"use hosts that are one of: {', '.join(recipe.ARCHITECTURES.values())}",
        )


def _archive(name: str, python: tuple[int, ...], machine: str) -> Path:
    """The archive for such hosts, made once."""
    refuse_python(name, python, machine)
    version = f"{python[0]}.{python[1]}"
    spoken = {said: debian for debian, said in recipe.ARCHITECTURES.items()}
    with _lock:  # Python 3.11 may not parse in two threads at once, and the digest parses our sources
        path = _cache() / f"node-{_key()}-{version}-{machine}.tar.gz"
        with _file_lock(path.with_suffix(".lock")):
            if not path.exists():
                _make(path, spoken[machine], version)
    return path


@cache
def _key() -> str:
    return content.key()


def _make(path: Path, architecture: str, version: str) -> None:
    with tempfile.TemporaryDirectory(prefix="splitbrain-program-", dir=path.parent) as folder:
        site, draft = Path(folder, "site"), Path(folder, "draft")
        wheel.make_site(wheel.make_wheel(Path(folder)), site, architecture, version)
        with tarfile.open(draft, "w:gz", compresslevel=6) as archive:
            archive.add(site, ".")
        draft.rename(path)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base, "splitbrain")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"{folder}: {error.strerror}", fix="name a writable folder in XDG_CACHE_HOME"
        ) from None
    return folder


class _file_lock:
    """Two controllers of one machine make it once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()
