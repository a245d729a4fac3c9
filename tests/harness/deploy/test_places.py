"""Options of places: what they mean, what is refused, and that a system's own names stay its own."""

from __future__ import annotations

import pytest

from harness.deploy.places import DOCKER, LOCAL, docker_options, split_options
from harness.errors import ConfigError


def test_limits_in_the_engines_units() -> None:
    limits = docker_options({"cpus": "0.5", "memory": "512m"})
    assert limits.for_engine() == {
        "nano_cpus": 500_000_000,
        "mem_limit": 512 << 20,
        "memswap_limit": 512 << 20,
    }
    assert docker_options({}).for_engine() == {}
    assert docker_options({"memory": "2G"}).memory == 2 << 30
    assert docker_options({"memory": "8000000"}).memory == 8_000_000


def test_clients_live_in_a_container_unless_asked_otherwise() -> None:
    assert docker_options({}).clients == "container"
    assert docker_options({"clients": "host"}).clients == "host"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("cpus", "many"),
        ("cpus", "0"),
        ("cpus", "nan"),
        ("cpus", "-1"),
        ("memory", "5m"),
        ("memory", "1t"),
        ("memory", ""),
        ("clients", "moon"),
    ],
)
def test_a_wrong_limit_is_named(option: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"-o {option}={value}"):
        docker_options({option: value})


def test_options_of_the_place_are_taken_out_and_the_systems_own_are_not() -> None:
    given = {"mode": "sync", "cpus": "1", "memory": "64m"}
    assert split_options(DOCKER, given, {"mode": "", "memory": ""}) == (
        {"mode": "sync", "memory": "64m"},
        {"cpus": "1"},
    )
    assert split_options(LOCAL, given, {"mode": ""}) == (given, {})
