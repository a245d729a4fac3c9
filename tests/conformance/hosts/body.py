"""What a `Deployment` and its `Host`s must do, wherever they live: run by the modules beside this one, at the
place that SPLITBRAIN_TEST_PLACE names.

Each test uses real processes and real packets; what must not arrive is known to have been dropped, not merely
late.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy import processes
from harness.errors import EnvironmentFault
from nemeses.faults import CLIENTS, FaultSpec, Kill, Link, Partition, Pause, View
from nemeses.grudges import MIN_NODES
from nemeses.resolve import resolve
from nemeses.topology import all_links
from tests.conformance.hosts import places
from tests.harness.deploy.fake import Cluster, EchoSystem, Traffic, connect, eventually, finished, program

NODES = ("n1", "n2", "n3", "n4")
SEED = 20240229


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[Cluster]:
    with places.deployed(folder, len(NODES), EchoSystem({"n4": "daemon"})) as deployed:
        yield deployed
        assert deployed.check_alive() == []


@pytest.fixture(scope="module")
def traffic(cluster: Cluster, folder: Path) -> Traffic:
    return Traffic(cluster, folder, lambda node, file: places.read_data(cluster, folder, node, file))


@pytest.fixture(autouse=True)
def _healed(cluster: Cluster) -> Iterator[None]:
    yield
    assert cluster.heal().status == "installed"
    for name in NODES:
        await_answer(cluster, name)


def await_answer(cluster: Cluster, name: str) -> None:
    eventually(lambda: connect(cluster, name, cluster.addresses[name]) == name, f"{name} answers")


def starts(cluster: Cluster, folder: Path, name: str) -> list[int]:
    text = places.read_data(cluster, folder, name, "starts")
    assert text is not None
    return [int(x) for x in text.split()]


def test_commands_run_at_the_node_and_files_go_both_ways(cluster: Cluster, tmp_path: Path) -> None:
    host = cluster.host("n2")
    mine = cluster.addresses["n2"]
    text = f"import socket, sys; s = socket.socket(); s.bind(('{mine}', 0)); print(sys.stdin.read())"
    done = host.exec(program("-c", text, python=cluster.python), timeout_s=10, stdin=b"hello")
    assert (done.code, done.stdout, done.stderr) == (0, b"hello\n", b"")
    assert host.exec(("false",), timeout_s=10).code == 1
    path = str(tmp_path / "new" / "folder" / "file")
    host.put(path, b"\x00\xffbytes", timeout_s=10)
    assert host.get(path, timeout_s=10) == b"\x00\xffbytes"


def test_what_a_host_cannot_do_is_an_environment_fault(cluster: Cluster) -> None:
    host = cluster.host("n1")
    with pytest.raises(EnvironmentFault, match=r"sleep 60.*did not end within 0\.2 s"):
        host.exec(("sleep", "60"), timeout_s=0.2)
    with pytest.raises(EnvironmentFault, match="no-such-program"):
        host.exec(("no-such-program",), timeout_s=10)
    with pytest.raises(EnvironmentFault, match="No such file"):
        host.get("/no/such/file", timeout_s=10)


def test_without_faults_everything_passes(traffic: Traffic) -> None:
    everything = {(link.source, link.target) for link in all_links(NODES)}
    assert traffic.passing(everything) == everything


@pytest.mark.parametrize("shape", MIN_NODES)
@pytest.mark.parametrize("draw", range(2))
def test_partition_cuts_its_links_and_no_other(
    cluster: Cluster, traffic: Traffic, shape: str, draw: int
) -> None:
    order = tuple(random.Random(f"{SEED}/{shape}/{draw}").sample(NODES, len(NODES)))
    fault = resolve(FaultSpec("partition", shape, order), View(NODES, "n3"))
    assert isinstance(fault, Partition), order
    cut = {(link.source, link.target) for link in fault.links}
    open_links = {(link.source, link.target) for link in all_links(NODES)} - cut
    begun = cluster.apply(fault)
    assert (begun.status, begun.lines) == ("installed", (f"{len(cut)} rules in place",))
    assert traffic.passing(open_links) == open_links, order
    ended = cluster.undo(fault)
    assert ended.status == "installed"
    # Every packet that did not arrive was dropped where the fault said.
    assert sorted(ended.lines) == sorted(f"{b}: 1 packets from {a} dropped" for a, b in cut)
    everything = open_links | cut
    assert traffic.passing(everything) == everything


def test_tcp_does_not_cross_a_cut_and_does_again_after(cluster: Cluster) -> None:
    target = cluster.addresses["n2"]
    assert connect(cluster, "n1", target) == "n2"
    fault = Partition((Link("n2", "n1"),), "answers only")
    cluster.apply(fault)
    assert connect(cluster, "n1", target) == "TimeoutError"
    assert connect(cluster, "n3", target) == "n2"
    assert "n1: " in cluster.undo(fault).lines[0]
    assert connect(cluster, "n1", target) == "n2"


def test_partition_that_met_no_packet_is_indeterminate(cluster: Cluster) -> None:
    fault = Partition((Link(CLIENTS, "n1"),), "unmet")
    cluster.apply(fault)
    ended = cluster.undo(fault)
    assert (ended.status, ended.lines) == ("indeterminate", ("no packet was dropped",))
    assert cluster.undo(fault).status == "indeterminate"  # the rules are gone


def test_undo_flushes_what_it_was_not_told_of(cluster: Cluster, traffic: Traffic) -> None:
    cluster.apply(Partition((Link("n1", "n2"), Link("n3", CLIENTS)), "first"))
    cluster.undo(Partition((Link("n4", "n1"),), "another"))
    everything = {(link.source, link.target) for link in all_links(NODES)}
    assert traffic.passing(everything) == everything


def test_partition_of_nothing_is_skipped(cluster: Cluster) -> None:
    assert cluster.apply(Partition((), "nothing")).status == "skipped"


def test_killed_nodes_are_dead_and_start_again_on_their_data(cluster: Cluster, folder: Path) -> None:
    before = {name: starts(cluster, folder, name) for name in ("n1", "n2")}
    fault = Kill(("n1", "n2"))
    begun = cluster.apply(fault)
    assert begun.status == "installed"
    assert [line.split(":")[0] for line in begun.lines] == list(before)
    assert all(line.endswith("dead by SIGKILL") for line in begun.lines)
    assert connect(cluster, "n3", cluster.addresses["n1"]) == "ConnectionRefusedError"
    assert cluster.check_alive() == []
    again = cluster.apply(Kill(("n1",)))
    assert (again.status, again.lines) == ("skipped", ("n1: already dead",))
    assert cluster.apply(Pause(("n1",))).status == "skipped"
    ended = cluster.undo(fault)
    assert ended.status == "installed"
    for name, pids in before.items():
        await_answer(cluster, name)
        assert starts(cluster, folder, name)[:-1] == pids
        assert any(line.startswith(f"{name}: ") and "started again" in line for line in ended.lines)


def test_kill_and_pause_reach_children_in_sessions_of_their_own(cluster: Cluster) -> None:
    still, running = places.states(cluster)
    assert len(still) == len(running) == 2
    assert cluster.apply(Pause(("n4",))).status == "installed"
    eventually(lambda: places.states_of(cluster, "n4") == still, "both stopped")
    assert cluster.undo(Pause(("n4",))).status == "installed"
    eventually(lambda: places.states_of(cluster, "n4") == running, "both continued")
    cluster.apply(Kill(("n4",)))
    assert places.states_of(cluster, "n4") == []


def test_paused_node_is_silent_and_answers_later(cluster: Cluster) -> None:
    assert cluster.apply(Pause(("n1", "n2"))).status == "installed"
    # The kernel still accepts for it, but nobody answers.
    assert connect(cluster, "n3", cluster.addresses["n1"], 0.3) == "TimeoutError"
    assert cluster.undo(Pause(("n1", "n2"))).status == "installed"
    assert connect(cluster, "n3", cluster.addresses["n1"], 5) == "n1"


def test_faults_overlap_and_heal_takes_all_back(cluster: Cluster, traffic: Traffic) -> None:
    cluster.apply(Pause(("n1", "n2")))
    assert cluster.apply(Kill(("n2", "n3"))).status == "installed"
    cluster.apply(Partition(all_links(NODES), "everything"))
    assert cluster.undo(Pause(("n1", "n2"))).status == "installed"
    assert cluster.heal().status == "installed"
    for name in NODES:
        await_answer(cluster, name)
    everything = {(link.source, link.target) for link in all_links(NODES)}
    assert traffic.passing(everything) == everything


def test_faults_and_looking_from_two_threads(cluster: Cluster) -> None:
    statuses: list[str] = []

    def nemesis() -> None:
        for number in range(6):
            fault = (Kill((NODES[number % 4],)), Pause((NODES[number % 3],)))[number % 2]
            statuses.extend([cluster.apply(fault).status, cluster.undo(fault).status])

    thread = threading.Thread(target=nemesis)
    thread.start()
    while thread.is_alive():
        assert cluster.check_alive() == []
    thread.join()
    assert statuses == ["installed"] * 12


def test_clients_live_at_their_own_address(cluster: Cluster, folder: Path) -> None:
    text = (
        f"import socket, sys; s = socket.create_connection(('{cluster.addresses['n1']}', 7000));"
        "print(s.getsockname()[0], sys.stdin.read()); print('to the log', file=sys.stderr)"
    )
    process = cluster.client_process(program("-c", text, python=cluster.clients_python))
    assert process.stdin is not None
    process.stdin.write(b"in")
    process.stdin.close()
    process.stdin = None
    assert finished(process) == f"{cluster.clients_address} in\n".encode()
    assert (folder / "clients.log").read_text() == "to the log\n"


def test_logs_are_named_and_appended_to(cluster: Cluster, folder: Path) -> None:
    logs = cluster.log_files()
    assert list(logs) == list(NODES)
    home = folder / "nodes" / "n1"
    assert list(logs["n1"]) == [home / "log.jsonl", home / "stdout.log", home / "stderr.log"]
    count = len(starts(cluster, folder, "n1"))
    cluster.apply(Kill(("n1",)))
    cluster.undo(Kill(("n1",)))
    await_answer(cluster, "n1")
    hellos = "n1 says hello\n" * (count + 1)
    eventually(lambda: (home / "stdout.log").read_text() == hellos, "what it wrote is here")
    assert places.read_data(cluster, folder, "n1", "conf/x.conf") == "seed 100"


@pytest.mark.skipif(places.PLACE != "local", reason="process 1 cannot be stopped from inside")
def test_signals_are_those_of_the_argument_vectors(cluster: Cluster, folder: Path) -> None:
    from nemeses.linux import signal_argv

    pid = starts(cluster, folder, "n1")[-1]
    host = cluster.host("n1")
    assert host.exec(signal_argv("STOP", [pid]), timeout_s=10).code == 0
    eventually(lambda: (s := processes.stat_of(pid)) is not None and s.state == "T", "stopped")
    assert host.exec(signal_argv("CONT", [pid]), timeout_s=10).code == 0
    eventually(lambda: (s := processes.stat_of(pid)) is not None and s.state == "S", "continued")
