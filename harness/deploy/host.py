"""A node's network namespace as a `Host`: commands run there, files go through commands, so every call has a
time limit.

Invariants: what runs here is a guest: a fault that kills or pauses the node leaves it alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.deploy.commands import finish, spawn
from harness.deploy.network import Network
from harness.deploy.node import Node
from harness.deploy.seam import Completed
from harness.errors import EnvironmentFault


class NamespaceHost:
    """The namespace of `node`."""

    def __init__(self, node: Node, network: Network) -> None:
        self.name = node.name
        self._node = node
        self._network = network

    def exec(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Completed:
        """Run to the end. Raises EnvironmentFault when it does not end in time or cannot be started."""
        inside = (*self._network.enter(self.name), *argv)
        process = spawn(inside)
        self._node.guests.add(process.pid)
        try:
            done = finish(inside, process, stdin, timeout_s)
        finally:
            self._node.guests.discard(process.pid)
        if done.code in (126, 127) and done.stderr.startswith(b"nsenter:"):
            raise EnvironmentFault(f"{self.name}: {done.stderr.decode(errors='replace').strip()}")
        return done

    def put(self, path: str, content: bytes, *, timeout_s: float) -> None:
        """Write a file, its folders included. Raises EnvironmentFault if that fails."""
        self._must(("install", "-D", "-m", "644", "/dev/stdin", path), timeout_s, content)

    def get(self, path: str, *, timeout_s: float) -> bytes:
        """Read a file. Raises EnvironmentFault if that fails."""
        return self._must(("cat", "--", path), timeout_s, b"").stdout

    def _must(self, argv: Sequence[str], timeout_s: float, stdin: bytes) -> Completed:
        done = self.exec(argv, timeout_s=timeout_s, stdin=stdin)
        if done.code:
            raise EnvironmentFault(f"{self.name}: {done.stderr.decode(errors='replace').strip()}")
        return done
