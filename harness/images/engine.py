"""The Docker Engine: reaching it, and its errors as ours.

Invariants: an engine that cannot be reached is a MissingPrerequisite that names the address and the fix;
nothing of the SDK's exceptions leaves this package.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import requests
from docker.errors import DockerException

from harness.errors import ConfigError, EnvironmentFault, MissingPrerequisite

DEFAULT_HOST = "unix:///var/run/docker.sock"
_SCHEMES = ("unix", "tcp", "http", "https", "ssh")
_START = "install and start a Docker Engine (apt-get install docker.io; systemctl start docker)"


class EngineLost(EnvironmentFault):
    """It did not answer at all, or not in time."""


def address() -> str:
    """Where the engine is looked for: DOCKER_HOST, as for docker itself."""
    return os.environ.get("DOCKER_HOST") or DEFAULT_HOST


def connect(timeout_s: int = 60) -> docker.DockerClient:
    """A client of the engine, each of whose calls may take so long. Raises MissingPrerequisite, and
    ConfigError for a DOCKER_HOST that is none.
    """
    host = address()
    scheme, separator, path = host.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise ConfigError(
            f"DOCKER_HOST={host} is not the address of an engine", fix=f"write it like {DEFAULT_HOST}"
        )
    if scheme == "unix":
        _knock(host, path)
    try:
        client = docker.from_env(timeout=timeout_s)
        client.ping()
    except (DockerException, requests.RequestException, OSError) as error:
        raise MissingPrerequisite(
            f"no Docker Engine answers at {host}: {error}", fix=f"{_START}, or correct DOCKER_HOST"
        ) from None
    return client


def _knock(host: str, path: str) -> None:
    """Connect once, because the system says why that fails and the SDK does not."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except PermissionError:
            raise MissingPrerequisite(
                f"this user may not use the Docker Engine at {host}",
                fix="usermod -aG docker USER as root, then log in anew; or run as root",
            ) from None
        except OSError as error:
            raise MissingPrerequisite(
                f"no Docker Engine at {host}: {error.strerror or error}",
                fix=f"{_START}, or set DOCKER_HOST to where it is",
            ) from None


@contextmanager
def faults(doing: str) -> Iterator[None]:
    """What the engine refuses while `doing` this, as an EnvironmentFault."""
    try:
        yield
    except (requests.ConnectionError, requests.Timeout) as error:
        raise EngineLost(
            f"the Docker Engine at {address()} does not answer, asked to {doing}",
            fix="start it again; what a run left, `splitbrain doctor --cleanup` then removes",
        ) from error
    except (DockerException, requests.RequestException) as error:
        said = getattr(error, "explanation", None) or error
        raise EnvironmentFault(
            f"the Docker Engine at {address()} failed to {doing}: {said}", fix="see the engine's log"
        ) from error


def architecture(client: docker.DockerClient) -> str:
    """What the engine's machine is, in Debian's words."""
    with faults("say what machine it runs on"):
        return str(client.version()["Arch"])
