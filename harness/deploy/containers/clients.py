"""Clients in containers of the nodes' image: made for a process each, and what they see of this machine.

The image has no harness in it. What the clients' process needs of ours (no more than Python's own library and
what nodes have, which a contract keeps so) is mounted, to read; so is the folder of a system that stands in a
file of its own; the run's folder, where the journal is, is mounted to write.

Invariants: no capability; the network is that of the clients' keeper, so their address is the one that
partitions know; whoever makes one removes it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import checkers
import harness
from harness.deploy.containers import engine
from harness.deploy.containers.sharing import bound
from harness.images import recipe
from harness.images.engine import faults

CODE = "/opt/splitbrain/controller"  # in the container


def packages() -> dict[Path, str]:
    """Folders of this machine that hold our code -> where they are in a client's container."""
    return {Path(p.__path__[0]).resolve(): f"{CODE}/{p.__name__}" for p in (harness, checkers)}


class ClientContainers:
    """The containers of one run's clients."""

    def __init__(self, client: Any, image: str, run_dir: Path, readable: Sequence[Path]) -> None:
        self._client = client
        self._image = image
        self._run_dir = run_dir
        self._readable = readable
        self._made: list[Any] = []

    def mounts(self) -> list[Any]:
        """What they see of this machine."""
        seen = {**packages(), **{path: str(path) for path in self._readable}}
        return [*bound(seen, write=False), *bound({self._run_dir: str(self._run_dir)}, write=True)]

    def make(self, argv: Sequence[str], keeper: Any) -> Any:
        """A container for `argv`, not started, in the network of `keeper`. Raises EnvironmentFault."""
        number = len(self._made) + 1
        with faults("make the container of clients"):
            container = self._client.containers.create(
                self._image,
                list(argv),
                name=f"splitbrain-{self._run_dir.name}-clients-{number}",
                labels=engine.labels(self._run_dir.name),
                network_mode=f"container:{keeper.id}",
                environment={"PATH": recipe.PATH, "PYTHONPATH": CODE, "PYTHONDONTWRITEBYTECODE": "1"},
                working_dir=str(self._run_dir),
                mounts=self.mounts(),
                user=f"{os.getuid()}:{os.getgid()}",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                stdin_open=True,
            )
        self._made.append(container)
        return container

    def end(self) -> None:
        """Remove those that are left."""
        with faults("remove the containers of clients"):
            for container in self._made:
                engine.remove(container.remove, v=True, force=True)
        self._made.clear()
