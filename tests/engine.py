"""A Docker Engine for tests, or why there is none; the node's image, built once and kept."""

from __future__ import annotations

import os
import sys

import docker
import pytest

from harness.deploy.containers.engine import RUN
from harness.errors import SplitbrainError
from harness.images import base, build, engine


def client_or_skip() -> docker.DockerClient:
    """A client of the engine; skips with the reason where no image can be built here."""
    try:
        client = engine.connect()
        base.require_offline(engine.architecture(client))
    except SplitbrainError as error:
        pytest.skip(f"no image can be built here: {error}")
    return client


def image_or_skip() -> str:
    """The name of the node's image, built without a registry if it is not there."""
    return build.build(client_or_skip(), offline=True, say=_say)


def _say(line: str) -> None:
    print(f"{line} (process {os.getpid()})", file=sys.stderr)


def of_runs(run: str | None = None) -> list[str]:
    """The containers and networks that are there, of one run or of all."""
    client, wanted = client_or_skip(), {"label": [f"{RUN}={run}" if run else RUN]}
    found = client.containers.list(all=True, filters=wanted), client.networks.list(filters=wanted)
    return [str(thing.name) for things in found for thing in things]
