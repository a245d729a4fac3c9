"""Life and death of a LocalDeployment. Run inside namespaces by `test_netns`."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.deploy import network as network_module
from harness.deploy.netns import LocalDeployment
from harness.deploy.processes import network_of, stat_of
from harness.errors import ConfigError, EnvironmentFault
from nemeses.faults import Kill, Link, Partition, Pause
from tests.harness.deploy.fake import EchoSystem, connect, eventually, local, program


def left() -> tuple[set[int], list[str], list[str]]:
    """Processes in other network namespaces than ours, namespaces, and interfaces."""
    ours = network_of(os.getpid())
    strangers = {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if network_of(pid) != ours}
    running = {pid for pid in strangers if (stat := stat_of(pid)) and stat.state not in "ZX"}
    places = os.listdir("/run/netns") if os.path.exists("/run/netns") else []
    return running, places, sorted({name for _, name in socket.if_nameindex()} - {"lo"})


NOTHING: tuple[set[int], list[str], list[str]] = (set(), [], [])


@pytest.fixture(autouse=True)
def _clean() -> None:
    assert left() == NOTHING


def failing(folder: Path, habit: str, **more: float) -> str:
    with pytest.raises(EnvironmentFault) as caught, local(folder, 3, EchoSystem({"n2": habit}), **more):
        pass
    assert left() == NOTHING
    return str(caught.value)


def test_a_node_that_dies_at_the_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    message = failing(tmp_path, "die")
    assert message.startswith("n2 ended while it started (exit code 3)")
    assert "this node dies" in message
    assert "n2 says hello" in message


def test_a_node_that_never_listens_is_named_with_its_port(tmp_path: Path) -> None:
    message = failing(tmp_path, "deaf", ready_timeout_s=0.5)
    assert message.startswith("n2 did not accept connections on 10.77.0.11 port 7000 within 0.5 s")
    assert "n2 says hello" in message


def test_a_program_that_does_not_exist_is_told(tmp_path: Path) -> None:
    class Missing(EchoSystem):
        def node(self, ctx):  # type: ignore[no-untyped-def]
            spec = super().node(ctx)
            return type(spec)(("no-such-database",), spec.ports)

    with pytest.raises(EnvironmentFault, match="no-such-database"), local(tmp_path, 1, Missing()):
        pass


def test_without_ports_a_node_is_ready_when_it_runs(tmp_path: Path) -> None:
    with local(tmp_path, 1, EchoSystem({"n1": "deaf"}, ports=())) as cluster:
        pid = next(int(d) for d in os.listdir("/proc") if d.isdigit() and _is_echo(int(d)))
        assert network_of(pid) != network_of(os.getpid())
        assert cluster.check_alive() == []


def _is_echo(pid: int) -> bool:
    try:
        return b"echo.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_leaving_stops_everything_in_time_and_twice_is_harmless(tmp_path: Path) -> None:
    habits = {"n1": "stubborn", "n2": "daemon", "n3": "", "n4": ""}
    with local(tmp_path, 4, EchoSystem(habits)) as cluster:
        client = cluster.client_process(program("-c", "import os; os.fork(); input()"))
        cluster.apply(Pause(("n3",)))
        cluster.apply(Kill(("n4",)))
        cluster.apply(Partition((Link("n1", "n2"),), "x"))
        began = time.monotonic()
    assert time.monotonic() - began < 3  # 1 s for the stubborn one, and a slow machine
    assert left() == NOTHING
    assert client.returncode == -9
    cluster.__exit__(None, None, None)
    assert cluster.check_alive() == []


def test_one_cluster_after_another(tmp_path: Path) -> None:
    for number in range(2):
        with local(tmp_path / str(number), 2) as cluster:
            assert connect(cluster, "n1", cluster.addresses["n2"]) == "n2"
        assert left() == NOTHING


@pytest.mark.parametrize("place", ["network", "n2 table"])
def test_a_set_up_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    run_all = network_module.run_all

    def sabotaged(jobs: dict[str, tuple[Sequence[str], bytes]]) -> object:
        if place in jobs:
            argv, stdin = jobs[place]
            lines = stdin.splitlines(keepends=True)
            broken = (argv, b"".join([*lines[:-3], b"nonsense\n"])) if lines else (("false",), b"")
            jobs = {**jobs, place: broken}
        return run_all(jobs)

    monkeypatch.setattr(network_module, "run_all", sabotaged)
    with pytest.raises(EnvironmentFault, match=place), local(tmp_path, 3):
        pass
    assert left() == NOTHING


def test_a_node_that_dies_by_itself_is_reported_and_not_mended(tmp_path: Path) -> None:
    with local(tmp_path, 2, EchoSystem({"n1": "mortal"})) as cluster:
        send = "import socket; socket.socket(2, 2).sendto(b'die', ('10.77.0.10', 7000))"
        assert cluster.host("n2").exec(program("-c", send), timeout_s=10).code == 0
        eventually(lambda: bool(cluster.check_alive()), "the death is seen")
        (sentence,) = cluster.check_alive()
        assert sentence.startswith("n1 died by itself (exit code 5):")
        assert "a packet told it to" in sentence
        assert cluster.apply(Kill(("n1",))).status == "skipped"
        assert cluster.undo(Kill(("n1",))).status == "indeterminate"
        assert cluster.heal().status == "indeterminate"
        assert cluster.check_alive() == [sentence]


def test_kill_of_one_dead_and_one_living_node_lands(tmp_path: Path) -> None:
    with local(tmp_path, 2) as cluster:
        cluster.apply(Kill(("n1",)))
        both = cluster.apply(Kill(("n1", "n2")))
        assert both.status == "installed"
        assert both.lines[0] == "n1: already dead"


def test_a_fault_whose_tool_fails_is_indeterminate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with local(tmp_path, 2) as cluster:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "nft").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
        (tmp_path / "bin" / "nft").chmod(0o755)
        with monkeypatch.context() as patch:
            patch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
            evidence = cluster.apply(Partition((Link("n1", "n2"),), "x"))
            assert evidence.status == "indeterminate"
            assert "broken" in evidence.lines[0]
        assert shutil.which("nft") != f"{tmp_path}/bin/nft"


def test_a_run_folder_is_used_once_and_not_under_run(tmp_path: Path) -> None:
    with local(tmp_path, 1):
        pass
    with pytest.raises(EnvironmentFault, match="a node begins without data"), local(tmp_path, 1):
        pass
    with pytest.raises(ConfigError, match="private"), local(Path("/run/x"), 1):
        pass


def test_place_says_how_the_namespaces_were_made(tmp_path: Path) -> None:
    assert LocalDeployment(EchoSystem(), ["n1"], {}, tmp_path, {}).place.endswith("(user mode)")
