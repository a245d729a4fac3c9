"""Whose clock is how far off, and what is refused of a host."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest

from harness.deploy.ssh import examination
from harness.deploy.ssh.examination import clocks, refuse_clock, refuse_room, refuse_tools
from harness.deploy.ssh.host import SshHost
from harness.deploy.ssh.inventory import HostEntry
from harness.errors import EnvironmentFault, MissingPrerequisite


class Fake:
    """A host whose clocks are off by so much, and whose answers take as long as said."""

    def __init__(self, monotonic_ns: int, wall_s: float, delays: list[float]) -> None:
        self.name = "n1"
        self.entry = HostEntry(address="10.0.0.1", user="u")
        self._off = (monotonic_ns, int(wall_s * 1e9))
        self._delays = delays

    def ask(self, verb: str) -> Any:
        assert verb == "clock"
        answer = {
            "monotonic_ns": time.monotonic_ns() + self._off[0],
            "wall_ns": time.time_ns() + self._off[1],
        }
        time.sleep(self._delays.pop(0))  # the way back alone: the worst that halving can meet
        return answer


def host(monotonic_ns: int, wall_s: float, delays: list[float]) -> SshHost:
    return cast(SshHost, Fake(monotonic_ns, wall_s, delays))


def test_the_quickest_answer_is_believed() -> None:
    ahead_ns, wall_s = clocks(host(-5_000_000_000, 300.0, [0.2, 0.001, 0.2]), "another boot")
    assert abs(ahead_ns - 5_000_000_000) < 20_000_000
    assert abs(wall_s - 300.0) < 0.02


def test_a_host_on_our_kernel_has_our_monotonic_clock() -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert clocks(host(0, 0.0, [0.0] * 3), boot)[0] == 0


def test_a_clock_minutes_off_is_refused_in_both_directions() -> None:
    one = host(0, 0.0, [])
    refuse_clock(one, 59.0)
    with pytest.raises(EnvironmentFault, match="n1: its clock is 61 s ahead of ours"):
        refuse_clock(one, 61.0)
    with pytest.raises(EnvironmentFault, match="n1: its clock is 61 s behind ours"):
        refuse_clock(one, -61.0)


def test_no_room_and_missing_tools_are_refused_with_the_fix() -> None:
    refuse_room(host(0, 0.0, []), examination.LEAST_FREE)
    with pytest.raises(
        EnvironmentFault, match=r"n1: 63 MiB are free under /var/tmp/splitbrain, 64 are needed"
    ):
        refuse_room(host(0, 0.0, []), examination.LEAST_FREE - 1)
    refuse_tools("n1", {"nft": "/usr/sbin/nft", "sudo": None}, ("nft",))
    with pytest.raises(MissingPrerequisite, match="n1: no nft and no timeout") as refused:
        refuse_tools("n1", {"nft": None, "timeout": None}, ("nft", "timeout"))
    assert "apt-get install nftables coreutils" in str(refused.value)
