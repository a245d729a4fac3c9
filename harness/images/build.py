"""Making the node's image: a base (a registry's, or one made here), and the node program on top of it.

Invariants: an image has its name only when all steps succeeded, among them the proof that the node program
can be imported; what an interrupted build had begun is taken away again; the image is made without network
where the base has all packages.
"""

from __future__ import annotations

import contextlib
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
from docker.errors import ImageNotFound

from harness.errors import EnvironmentFault, MissingPrerequisite
from harness.images import base, content, engine, recipe, wheel
from harness.images.attempt import REFUSALS, attempt
from harness.images.steps import Say, Steps

_TAIL_LINES = 8
BUILD = "splitbrain image build --offline (or without --offline where a registry can be reached)"


def present(client: docker.DockerClient) -> bool:
    """Whether the image of these sources is there."""
    return base.exists(client, content.image_name())


def require(client: docker.DockerClient, wanted: str | None = None) -> str:
    """The image that is wanted, otherwise that of these sources. Raises MissingPrerequisite when it is not
    there.
    """
    name = wanted or content.image_name()
    if not base.exists(client, name):
        fix = f"correct it, or leave it out, for the project's own: {BUILD}" if wanted else BUILD
        asked = f" (-o image={wanted})" if wanted else ""
        raise MissingPrerequisite(f"no image {name} at {engine.address()}{asked}", fix=fix)
    return name


def build(client: docker.DockerClient, *, offline: bool, say: Say, force: bool = False) -> str:
    """The name of the image of these sources, made if it is not there (or anyway, by `force`).

    Raises MissingPrerequisite for what the machine lacks, EnvironmentFault for what fails.
    """
    name = content.image_name()
    if not force and base.exists(client, name):
        say(f"image {name}: there already")
        return name
    architecture = engine.architecture(client)
    if architecture not in recipe.ARCHITECTURES:
        raise MissingPrerequisite(
            f"the engine's machine is {architecture}, for which no image can be built",
            fix=f"use an engine on one of: {', '.join(recipe.ARCHITECTURES)}",
        )
    if offline:
        base.require_offline(architecture)
    wheel.require_pip()
    steps = Steps(say)
    replaced = _ids(client, name, content.base_name()) if force else {}
    below = base.ensure(client, architecture, steps, force=force) if offline else recipe.ONLINE_BASE
    with tempfile.TemporaryDirectory(prefix="splitbrain-image-") as folder:
        context = Path(folder, "context.tar")
        with steps.step("node program: its wheel and the packages it imports"):
            wheel.make_site(wheel.make_wheel(Path(folder)), Path(folder, "site"), architecture)
            _pack(Path(folder, "site"), context)
        with steps.step(f"image: {name} on {below}"):
            _build(client, context, name, below, fresh=force)
    _drop(client, replaced, _ids(client, *replaced))
    return name


def _pack(site: Path, context: Path) -> None:
    """The build's context: readable by everyone and owned by root, whatever this user's umask is."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    with tarfile.open(context, "w") as archive:
        archive.add(site, "site", filter=plain)
        dockerfile = Path(site.parent, "Dockerfile")
        dockerfile.write_text(recipe.dockerfile(), encoding="utf-8")
        archive.add(dockerfile, "Dockerfile", filter=plain)


def _build(client: docker.DockerClient, context: Path, name: str, below: str, *, fresh: bool) -> None:
    said: list[str] = []
    with engine.faults("build the image"), context.open("rb") as stream, attempt(client, said):
        answers = client.api.build(
            fileobj=stream,
            custom_context=True,
            tag=name,
            buildargs={"BASE": below, "PACKAGES": " ".join(recipe.PACKAGES)},
            labels={recipe.LABEL: "1"},
            rm=True,
            forcerm=True,
            nocache=fresh,
            decode=True,
            timeout=None,
        )
        problem = _follow(answers, said)
        if problem:
            fix = (
                "read what the build said"
                if below.startswith(recipe.BASE)
                else "as root: splitbrain image build --offline, which needs no registry"
            )
            tail = "\n".join("".join(said).strip().splitlines()[-_TAIL_LINES:])
            raise EnvironmentFault(f"the image was not built: {problem}\n{tail}", fix=fix)


def _follow(answers: Iterator[dict[str, Any]], said: list[str]) -> str:
    """Collect what the build says to its end; what went wrong, or nothing."""
    for answer in answers:
        said.append(answer.get("stream", ""))
        if "error" in answer:
            return str(answer["error"])
    return ""


def _ids(client: docker.DockerClient, *names: str) -> dict[str, str]:
    found = {}
    for name in names:
        with engine.faults(f"look for {name}"), contextlib.suppress(ImageNotFound):
            found[name] = str(client.images.get(name).id)
    return found


def _drop(client: docker.DockerClient, before: dict[str, str], now: dict[str, str]) -> None:
    """Remove the images that lost their names to new ones, unless a container still uses them."""
    for name in sorted(before, reverse=True):  # the node's before its base
        if before[name] != now.get(name):
            with contextlib.suppress(*REFUSALS):
                client.images.remove(before[name])
