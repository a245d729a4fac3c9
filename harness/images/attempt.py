"""A build that may be interrupted: what it had begun is taken away again.

Invariants: after a build that ended well nothing is touched; after one that did not, what is removed is the
containers that the build itself named, and unnamed images with our label that were not there before. Looking
for those begins when the engine has ended the build, which it may do a step after its caller hung up.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
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
# The engine notices between two steps that its caller hung up; until then it finishes the one it is at, which
# may be the copy of all packages to a slow disk.
_STEP_S = 60.0
_POLLS = 20
_QUIET_POLLS = 4
_POLL_S = 0.25


@contextmanager
def attempt(client: docker.DockerClient, said: list[str]) -> Iterator[None]:
    """The build inside, which collects what the engine tells it in `said`."""
    with contextlib.ExitStack() as connections:
        heard: list[socket.socket] = []

        def keep(answer: requests.Response, *_args: Any, **_options: Any) -> None:
            # A connection that is none of the system's sockets (by ssh) ends when the SDK closes it.
            with contextlib.suppress(OSError):
                heard.append(connections.enter_context(socket.socket(fileno=os.dup(answer.raw.fileno()))))

        before = _unnamed(client)
        client.api.hooks["response"].append(keep)
        try:
            yield
        except BaseException:
            for connection in heard:
                with contextlib.suppress(OSError):  # the engine was first, or takes longer than a step may
                    _hang_up(connection)
            _clean(client, said, before)
            raise
        finally:
            client.api.hooks["response"].remove(keep)


def _hang_up(connection: socket.socket) -> None:
    """Fall silent, and wait for the engine to hang up too: it ends a build whose caller is silent, and the
    connection with it. The SDK alone would close its side and know nothing.
    """
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + _STEP_S
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(1 << 16):
            return


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
    """What no name and no other image needs: the last step of a build, those before it go with it."""
    images = client.images.list(filters={"label": f"{recipe.LABEL}=1", "dangling": True})
    return {str(image.id) for image in images}
