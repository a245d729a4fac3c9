"""The base image made without a registry: a small Debian by debootstrap, imported.

Invariants: a base that is there is used again; debootstrap mounts only inside namespaces of its own, so that
removing its folder never reaches what is outside, and the kernel ends it when this process dies.
"""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from harness.errors import MissingPrerequisite
from harness.images import content, engine, process, recipe
from harness.images.steps import Steps

TOOLS = {"debootstrap": "debootstrap", "unshare": "util-linux", "setpriv": "util-linux", "tar": "tar"}
_TIMEOUT_S = 1200.0
_CAGE = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL"),
)


def require_offline(architecture: str) -> None:
    """Raises MissingPrerequisite for what `--offline` needs and this machine has not."""
    if os.geteuid() != 0:
        raise MissingPrerequisite(
            "building an image offline needs root, because debootstrap does",
            fix="run it as root (sudo), or without --offline where a registry can be reached",
        )
    process.require_tools(TOOLS)
    mine = recipe.ARCHITECTURES.get(architecture)
    if mine != platform.machine():
        raise MissingPrerequisite(
            f"the engine's machine is {architecture}, and this one, {platform.machine()}, cannot install"
            " a Debian for it",
            fix="build on a machine of the engine's kind, or without --offline",
        )


def ensure(client: docker.DockerClient, architecture: str, steps: Steps, *, force: bool) -> str:
    """The name of the base, made if it is not there (or anyway, by `force`)."""
    name = content.base_name()
    if not force and exists(client, name):
        steps.say(f"base {name}: there already")
        return name
    with tempfile.TemporaryDirectory(prefix="splitbrain-base-") as folder:
        root, archive = Path(folder, "root"), Path(folder, "root.tar")
        with steps.step(f"base: a Debian {recipe.SUITE} from {recipe.MIRROR} (about a minute)"):
            process.run(
                [*_CAGE, *_debootstrap(root, architecture)],
                _TIMEOUT_S,
                fix="mend what debootstrap says: it needs the mirror, and a temporary folder (TMPDIR) on a"
                " disk mounted without nodev and noexec",
            )
        with steps.step(f"base: import as {name}"):
            _archive(root, archive)
            with engine.faults("import the base"):
                repository, _, tag = name.partition(":")
                client.api.import_image(
                    str(archive), repository=repository, tag=tag, changes=list(recipe.BASE_CHANGES)
                )
    return name


def exists(client: docker.DockerClient, name: str) -> bool:
    """Whether the engine has an image `name`."""
    with engine.faults(f"look for {name}"):
        try:
            client.images.get(name)
        except ImageNotFound:
            return False
    return True


def _debootstrap(root: Path, architecture: str) -> list[str]:
    include = ",".join(recipe.BASE_PACKAGES)
    options = ["--variant=minbase", f"--arch={architecture}", f"--include={include}"]
    return ["debootstrap", *options, recipe.SUITE, str(root), recipe.MIRROR]


def _archive(root: Path, archive: Path) -> None:
    excluded = [f"--exclude={pattern}" for pattern in recipe.EXCLUDED]
    process.run(
        ["tar", *excluded, "--numeric-owner", "-C", str(root), "-cf", str(archive), "."],
        _TIMEOUT_S,
        fix="look for a full disk (TMPDIR chooses another)",
    )
