"""A build that may be interrupted: what it had begun is taken away again.

Invariants: after a build that ended well nothing is touched; after one that did not, what is removed is the
containers that the build itself named, and unnamed images with our label that were not there before.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import requests
from docker.errors import DockerException

from harness.images import recipe

REFUSALS = (DockerException, requests.RequestException)
_CONTAINER = re.compile(r"Running in ([0-9a-f]{12,})")
# The engine notices between two steps that its caller hung up; until then it may finish one more.
_POLLS = 20
_QUIET_POLLS = 4
_POLL_S = 0.25


@contextmanager
def attempt(client: docker.DockerClient, said: list[str]) -> Iterator[None]:
    """The build inside, which collects what the engine tells it in `said`."""
    answers: list[requests.Response] = []

    def keep(answer: requests.Response, *_args: Any, **_options: Any) -> None:
        answers.append(answer)

    before = _unnamed(client)
    client.api.hooks["response"].append(keep)
    try:
        yield
    except BaseException:
        for answer in answers:
            answer.close()  # the engine ends a build whose caller hung up; the SDK alone would not hang up
        _clean(client, said, before)
        raise
    finally:
        client.api.hooks["response"].remove(keep)


def _clean(client: docker.DockerClient, said: list[str], before: set[str]) -> None:
    for container in _CONTAINER.findall("".join(said)):
        with contextlib.suppress(*REFUSALS):  # the engine has removed it already, as it should
            client.api.remove_container(container, force=True)
    quiet = 0
    for _ in range(_POLLS):
        begun: set[str] = set()
        with contextlib.suppress(*REFUSALS):
            begun = _unnamed(client) - before
        quiet = 0 if begun else quiet + 1
        if quiet == _QUIET_POLLS:
            return
        for image in begun:
            with contextlib.suppress(*REFUSALS):  # one below another goes with that, or in the next round
                client.images.remove(image)
        time.sleep(_POLL_S)


def _unnamed(client: docker.DockerClient) -> set[str]:
    images = client.images.list(all=True, filters={"label": f"{recipe.LABEL}=1"})
    return {str(image.id) for image in images if not image.tags}
