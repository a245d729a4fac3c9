"""Which images of ours an engine has, and taking them away.

Invariant: an image is ours when it has our label and one of our two names. The label alone is not enough: an
image that somebody built on ours inherits it.
"""

from __future__ import annotations

from dataclasses import dataclass

import docker
from docker.errors import APIError

from harness.images import content, engine, recipe


@dataclass(frozen=True, slots=True)
class Stored:
    """One image of ours; `current` if these sources use it."""

    name: str
    kind: str
    current: bool
    size: int
    created: str


def stored(client: docker.DockerClient) -> list[Stored]:
    """All images of ours, nodes' first."""
    current = (content.image_name(), content.base_name())
    found = []
    with engine.faults("list its images"):
        for image in client.images.list(filters={"label": f"{recipe.LABEL}=1"}):
            for name in image.tags:
                kind = {recipe.NODE: "node", recipe.BASE: "base"}.get(name.partition(":")[0])
                if kind:
                    created = str(image.attrs["Created"])[:19]
                    found.append(Stored(name, kind, name in current, int(image.attrs["Size"]), created))
    return sorted(found, key=lambda one: (one.kind != "node", not one.current, one.name))


def remove(client: docker.DockerClient, *, everything: bool) -> tuple[list[str], dict[str, str]]:
    """Remove images of ours, those in use by these sources only by `everything`.

    The names that are gone, and name -> why it is still there for those that the engine would not remove.
    """
    gone: list[str] = []
    kept: dict[str, str] = {}
    for image in stored(client):
        if image.current and not everything:
            continue
        if image.kind == "base" and kept:
            # It would lose its name alone, because what stays is built on it.
            kept[image.name] = "an image that stays may be built on it"
            continue
        with engine.faults(f"remove {image.name}"):
            try:
                client.images.remove(image.name)
                gone.append(image.name)
            except APIError as error:
                if error.status_code != 409:
                    raise
                kept[image.name] = str(error.explanation)
    return gone, kept
