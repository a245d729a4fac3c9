"""What a run makes in the Docker Engine: told apart from everything else, and removed.

Everything that a run makes carries labels: that it is ours, which run it belongs to, and which process made
it. What a killed controller left is found by them.

Invariants: nothing without our label is ever touched, and nothing of a controller that still lives.
"""

from __future__ import annotations

import os
from typing import Any

from harness.deploy.maker import lives, me
from harness.images.engine import faults

OURS = "io.splitbrain"
RUN, MAKER = f"{OURS}.run", f"{OURS}.maker"


def is_here(client: Any) -> bool:
    """Whether the engine's containers are processes of this machine, whose namespaces can be entered and
    whose folders are ours."""
    base = str(client.api.base_url)
    return base.startswith(("http+docker://", "unix://")) and os.geteuid() == 0


def labels(run: str) -> dict[str, str]:
    """What everything of a run carries."""
    return {OURS: "run", RUN: run, MAKER: me()}


def sweep(client: Any, run: str | None = None) -> list[str]:
    """Remove what is left of one run, or of every controller that is dead; what was removed, in words."""
    wanted = {"label": [f"{RUN}={run}" if run else RUN]}
    removed = []
    with faults("remove what a run left"):
        for container in client.containers.list(all=True, filters=wanted, ignore_removed=True):
            if run or not lives(container.labels.get(MAKER, "")):
                remove(container.remove, v=True, force=True)
                removed.append(f"container {container.name}")
        for network in client.networks.list(filters=wanted):
            if run or not lives((network.attrs.get("Labels") or {}).get(MAKER, "")):
                remove(network.remove)
                removed.append(f"network {network.name}")
    return removed


def remove(remove: Any, **how: bool) -> None:
    """Remove something that another may be removing too."""
    import docker.errors

    try:
        remove(**how)
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        if "already in progress" not in str(error):
            raise
