"""A run's stay on a host: who has the host, what is there of ours, and taking it away again.

Invariants: a host has one run at a time; what a run leaves that is dead is removed before the next begins,
and nothing of one that may still live; leaving takes away all of the run, whatever failed before.
"""

from __future__ import annotations

import json
from typing import Any

from harness.deploy import maker
from harness.deploy.ssh.host import SshHost
from harness.deploy.ssh.links import as_root
from harness.errors import EnvironmentFault, MissingPrerequisite
from nemeses import reached

# A controller's word is renewed twice a second while it follows its node.
SILENT_S = 120.0


def run_folder(host: SshHost, run: str) -> str:
    """All of a run on the host."""
    return f"{host.entry.folder}/runs/{run}"


def claim_path(host: SshHost) -> str:
    """Which run has the host."""
    return f"{host.entry.folder}/claim"


def begin(host: SshHost, run: str) -> None:
    """Take the host. Raises EnvironmentFault when another run has it."""
    sweep(host)
    said = host.ask("claim", base=host.entry.folder, run=run, maker=maker.me())
    if said is not None:
        raise EnvironmentFault(
            f"{host.name} ({host.entry.where}) has the run {json.loads(said)['run']} of another controller",
            fix="wait for its end, or use other hosts; if it is dead, try again in two minutes",
        )


def leave(host: SshHost, run: str, *, keep: bool) -> None:
    """Take away all of the run. Raises EnvironmentFault for what is left."""
    host.ask("release", base=host.entry.folder, run=run, keep=keep)
    remove_table(host)


def sweep(host: SshHost, *, everything: bool = False) -> list[str]:
    """Remove what a dead controller left; what was removed, in words. everything: programs as well, unless
    a run may still use them."""
    found = host.ask("leftovers", base=host.entry.folder)
    if (found is not None and not _is_dead(found)) or (found is None and not everything):
        return []
    run = found["run"] if found else ""
    removed: list[str] = host.ask("release", base=host.entry.folder, run=run, everything=everything)
    if found is not None:
        remove_table(host)
    return [f"{host.name}: {what}" for what in removed]


def remove_table(host: SshHost) -> None:
    """Without the right to do so, none was made."""
    try:
        as_root(host, reached.REMOVE)
    except MissingPrerequisite:
        return


def _is_dead(found: dict[str, Any]) -> bool:
    if maker.is_of_here(found["maker"]):
        return not maker.lives(found["maker"])
    return bool(found["silent_s"] > SILENT_S)
