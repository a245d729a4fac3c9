"""The checks of a run on this machine, in its namespaces. Run inside namespaces by `test_findings`."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy.network import Network
from harness.doctor import local
from harness.doctor.matrix import PLACES
from tests.harness.doctor.broken import NO_TABLES, put_nft


def left() -> tuple[list[str], list[str]]:
    """Namespaces and interfaces."""
    places = os.listdir("/run/netns") if os.path.exists("/run/netns") else []
    return places, sorted({name for _, name in socket.if_nameindex()} - {"lo"})


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    assert left() == ([], [])
    yield
    assert left() == ([], [])


def test_all_is_tried_and_the_run_can_make_its_own_network_afterwards() -> None:
    found = local.findings({})
    assert [f.name for f in found] == list(local.NAMES)
    assert "this run" in found[0].seen
    network = Network(("n1", "n2", "n3"))
    network.set_up()
    network.tear_down()


def test_only_what_the_faults_need_is_tried() -> None:
    wanted = PLACES["local"].needed(["pause"])
    assert [f.name for f in local.findings({}, wanted)] == ["namespaces", "veth and bridge", "stop and kill"]


def test_without_tables_in_the_kernel_only_partitions_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_nft(tmp_path, NO_TABLES)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = {f.name: f for f in local.findings({})}
    assert [f.name for f in found.values() if f.status == "missing" and f.name != "netem"] == ["nft rules"]
    assert found["nft rules"].seen == "Could not process rule: Protocol not supported"
