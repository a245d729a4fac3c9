"""Which images are ours, and which of them are removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import docker
import pytest
from docker.errors import APIError

from harness.errors import MissingPrerequisite
from harness.images import build, content, stock


@dataclass
class Image:
    """What the SDK tells of an image."""

    tags: list[str]
    attrs: dict[str, Any] = field(
        default_factory=lambda: {"Size": 5, "Created": "2026-01-02T03:04:05.123456789Z"}
    )


@dataclass
class Images:
    """An engine's images, all with our label; those in `used` cannot be removed."""

    there: list[Image]
    used: tuple[str, ...] = ()
    removed: list[str] = field(default_factory=list)

    def list(self, filters: dict[str, str]) -> list[Image]:
        """As the SDK does."""
        assert filters == {"label": "io.splitbrain=1"}
        return self.there

    def get(self, name: str) -> Image:
        """As the SDK does."""
        for image in self.there:
            if name in image.tags:
                return image
        raise docker.errors.ImageNotFound(name)

    def remove(self, name: str) -> None:
        """As the SDK does."""
        if name in self.used:
            raise APIError("conflict", cast(Any, _Answer(409)), explanation="a container uses it")
        self.removed.append(name)


@dataclass
class _Answer:
    status_code: int


@dataclass
class Client:
    """A client of such an engine."""

    images: Images


def engine_with(*names: list[str], used: tuple[str, ...] = ()) -> Any:
    return Client(Images([Image(tags) for tags in names], used))


NODE, BASE = content.image_name(), content.base_name()
OLD = ["splitbrain-node:000000000000"]
# Built on ours: it inherits the label.
THEIRS = ["somebody/else:latest"]


def test_ours_are_listed_and_nobody_elses() -> None:
    client = engine_with(OLD, [BASE], THEIRS, [], [NODE, "my/name:1"])
    found = [(image.name, image.kind, image.current) for image in stock.stored(client)]
    assert found == [(NODE, "node", True), (OLD[0], "node", False), (BASE, "base", True)]


def test_old_ones_are_removed() -> None:
    client = engine_with(OLD, [BASE], THEIRS, [NODE])
    assert stock.remove(client, everything=False) == (OLD, {})
    assert client.images.removed == OLD


def test_all_are_removed_nodes_before_bases() -> None:
    client = engine_with(OLD, [BASE], THEIRS, [NODE])
    assert stock.remove(client, everything=True) == ([NODE, *OLD, BASE], {})


def test_one_that_a_container_uses_stays_and_is_named() -> None:
    client = engine_with(OLD, [NODE], used=(NODE,))
    assert stock.remove(client, everything=True) == (OLD, {NODE: "a container uses it"})


def test_a_base_stays_with_what_is_built_on_it() -> None:
    client = engine_with([NODE], [BASE], used=(NODE,))
    gone, kept = stock.remove(client, everything=True)
    assert (gone, set(kept)) == ([], {NODE, BASE})
    assert client.images.removed == []


def test_the_image_is_required_by_name() -> None:
    assert build.require(engine_with([NODE])) == NODE
    assert not build.present(engine_with(OLD))
    with pytest.raises(
        MissingPrerequisite, match=rf"no image {NODE} .*\n  fix: splitbrain image build --off"
    ):
        build.require(engine_with(OLD))
