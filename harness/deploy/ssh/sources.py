"""A system in a file of its own, brought to a host: its folder, and what its nodes' commands say of it.

Invariants: what is brought is the folder of the file, without what is hidden, and refused by name when it is
more than a system; in the commands, paths in that folder become those on the host, and nothing else changes.
"""

from __future__ import annotations

import dataclasses
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from harness.deploy.ssh.host import SshHost
from harness.errors import ConfigError, EnvironmentFault
from systems.api import NodeSpec

MOST = 16 << 20
_SKIPPED = ("__pycache__", "runs", "node_modules")


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the folder is here, and where it is on the host."""

    here: str = ""
    there: str = ""

    def moved(self, spec: NodeSpec) -> NodeSpec:
        """The same node, on the host."""
        if not self.here:
            return spec
        env = {key: self._path(value) for key, value in spec.env.items()}
        return dataclasses.replace(spec, argv=tuple(map(self._path, spec.argv)), env=env)

    def _path(self, text: str) -> str:
        is_in = text == self.here or text.startswith(f"{self.here}/")
        return self.there + text[len(self.here) :] if is_in else text


class Sources:
    """The folder of a system's own file; None for a system of the package."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._archive = b"" if folder is None else _packed(folder)

    def put(self, host: SshHost, there: str, timeout_s: float) -> Moved:
        """Bring it. Raises EnvironmentFault."""
        if self._folder is None:
            return Moved()
        shell = 'mkdir -p "$1" && tar -C "$1" -xf -'
        done = host.exec(("sh", "-c", shell, "unpack", there), timeout_s=timeout_s, stdin=self._archive)
        if done.code:
            raise EnvironmentFault(f"{host.name}: {done.stderr.decode(errors='replace').strip()}")
        return Moved(str(self._folder), there)


def _packed(folder: Path) -> bytes:
    buffer, size = io.BytesIO(), 0
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if not path.is_file() or any(p.startswith(".") or p in _SKIPPED for p in parts):
                continue
            size += path.stat().st_size
            if size > MOST:
                raise ConfigError(
                    f"{folder} holds more than {MOST >> 20} MiB, which would be brought to every host",
                    fix="put the system's file into a folder of its own",
                )
            archive.add(path, "/".join(parts))
    return buffer.getvalue()
