"""When a cluster is ready: every node runs, and all its ports accept connections.

Invariants: all nodes are waited for at once under one time limit; a node that has died is told apart from one
that is slow; a probe is one TCP connection that is closed at once.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence

from harness.deploy.node import ending
from harness.deploy.seam import Member, TellsEnding
from harness.errors import EnvironmentFault

PROBE_S, PAUSE_S = 0.2, 0.01

Target = tuple[str, int]  # address, port
Accepting = Callable[[Sequence[Target]], set[Target]]


def wait_ready(
    nodes: Mapping[str, Member],
    ports: Mapping[str, Sequence[int]],
    addresses: Mapping[str, str],
    timeout_s: float,
    accepting: Accepting | None = None,
) -> None:
    """Return when all are ready. Raises EnvironmentFault naming who is not, why, and what it wrote last.

    A node without ports is ready when its own program runs. accepting: which of some (address, port) accept
    connections, where a probe from this process does not get there.
    """
    accepting = accepting or _accepting_here
    waiting = [(name, port) for name in nodes for port in (ports[name] or (None,))]
    deadline = time.monotonic() + timeout_s
    while True:
        for node in nodes.values():
            _check_runs(node)
        open_ports = accepting([(addresses[name], port) for name, port in waiting if port is not None])
        waiting = [
            (name, port)
            for name, port in waiting
            if not (nodes[name].has_begun() if port is None else (addresses[name], port) in open_ports)
        ]
        if not waiting:
            return
        if time.monotonic() > deadline:
            name, port = waiting[0]
            what = "run" if port is None else f"accept connections on {addresses[name]} port {port}"
            raise EnvironmentFault(
                f"{name} did not {what} within {timeout_s:g} s{nodes[name].tail()}",
                fix="make the node listen on its own address, on its NodeSpec's ports, or wait longer for it",
            )
        time.sleep(PAUSE_S)


def _check_runs(node: Member) -> None:
    code = node.exit_code()
    if code is not None:
        how = node.ending() if isinstance(node, TellsEnding) else ending(code)
        raise EnvironmentFault(
            f"{node.name} ended while it started ({how}){node.tail()}",
            fix="run the node's command by hand; the report shows it, and its output is in the run's folder",
        )


def _accepting_here(targets: Sequence[Target]) -> set[Target]:
    return {target for target in targets if accepts(*target)}


def accepts(address: str, port: int) -> bool:
    """Whether a TCP connection is accepted."""
    try:
        with socket.create_connection((address, port), timeout=PROBE_S):
            return True
    except OSError:  # refused, unreachable or silent: not ready, whichever it is
        return False
