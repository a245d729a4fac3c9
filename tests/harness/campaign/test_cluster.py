"""The executor of many machines, with a real scheduler and real workers, each a process of its own."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("distributed")

from harness.campaign import cluster, cluster_worker
from harness.campaign.attempt import Stopped
from harness.campaign.cluster import Cluster, Workers
from harness.campaign.cluster_worker import Answer, Order, Stops, answered, offers, program, worker_command
from harness.campaign.executor import Here
from harness.campaign.isolation import prepare
from harness.campaign.jobs import Cell, Job, Limits, Result, Task, Thresholds
from harness.campaign.night_lock import LOCK
from harness.campaign.run_folder import RESULT, folder_of, read_result
from harness.errors import EnvironmentFault, MissingPrerequisite
from tests.harness.campaign.machines import LIMIT_S, PINNED, Processes, are_gone, runs_of, started, until

LONG = {"time_s": 60.0}  # simulated seconds that take some real ones
ENDLESS = {"time_s": 3000.0}


def task(number: int, seed: int, options: dict[str, str] | None = None, **more: Any) -> Task:
    values = {"system": "raft", "place": "sim", "options": options or {}, **more}
    cell = Cell("raft/x@sim", "raft", "default", "default", "sim", values, Limits(60, 2000, 500))
    return Task("night", Job(number, cell.id, seed, "pinned"), cell, Thresholds())


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Processes]:
    with started(tmp_path / "machines") as processes:
        yield processes


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Two workers that no test ends."""
    with started(tmp_path_factory.mktemp("shared") / "machines") as processes:
        processes.scheduler()
        processes.worker("-j", "1", "--offer", "sim")
        processes.worker("-j", "1", "--offer", "sim")
        yield processes


@contextlib.contextmanager
def connected(machines: Processes, slots: int, **more: Any) -> Iterator[Cluster]:
    """An executor, once the workers are there."""
    executor = Cluster(machines.address, **more)
    try:
        until(
            lambda: threads_of(executor) == slots or any(one.poll() is not None for one in machines.started)
        )
        assert threads_of(executor) == slots, machines.said()
        yield executor
    finally:
        executor.stop()
        executor.close()


def threads_of(executor: Cluster) -> int:
    return executor._workers.threads


def done_by(executor: Any, tasks: Sequence[Task], night: Path) -> list[Future[Result]]:
    return [executor.submit(one, folder_of(night, one), "token") for one in tasks]


def told(result: Result) -> tuple[Any, ...]:
    return result.job, result.outcome, result.trace, result.violations, result.plan, result.metrics.ok


def at_home(tasks: Sequence[Task], night: Path) -> list[tuple[Any, ...]]:
    night.mkdir()
    (night / LOCK).write_text("token")
    here = Here(2)
    try:
        return [told(future.result(LIMIT_S)) for future in done_by(here, tasks, night)]
    finally:
        here.close()


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare()
    monkeypatch.setattr(cluster, "program", lambda: PINNED)


def test_runs_there_are_those_at_home(shared: Processes, tmp_path: Path) -> None:
    short = {"time_s": 5.0}
    tasks = [task(n, n, {"bug": "stale-read"} if n % 2 else None, **short) for n in range(1, 13)]
    with connected(shared, 2) as executor:
        assert executor.where == f"by 2 workers of {shared.address}, 2 at a time"
        assert executor.lacking("sim", {}) == ""
        lacking = executor.lacking("docker", {"image": "x"})
        assert lacking.startswith(f"no worker of {shared.address} offers docker")
        assert f"`splitbrain worker {shared.address}`" in lacking
        results = [future.result(LIMIT_S) for future in done_by(executor, tasks, tmp_path / "there")]
    assert [told(one) for one in results] == at_home(tasks, tmp_path / "home")
    assert any(one.violations for one in results)
    assert all(one.trace for one in results)
    for one, result in zip(tasks, results, strict=True):
        there, home = folder_of(tmp_path / "there", one), folder_of(tmp_path / "home", one)
        assert read_result(there) == result
        assert {path.name for path in there.iterdir()} == {path.name for path in home.iterdir()}
    assert len(list((tmp_path / "there" / "runs").iterdir())) == len(tasks)
    until(lambda: not list(shared.folder.glob("dask-scratch-space*/worker-*/run-*")))


def test_stop_kills_what_is_under_way(shared: Processes, tmp_path: Path) -> None:
    workers = shared.started[1:]
    with connected(shared, 2) as executor:
        futures = done_by(executor, [task(n, n, **ENDLESS) for n in (1, 2, 3)], tmp_path)
        under_way = until(lambda: all(map(runs_of, workers)) and [one for w in workers for one in runs_of(w)])
        executor.stop()
        for future in [*futures, *done_by(executor, [task(4, 4)], tmp_path)]:
            with pytest.raises(Stopped):
                future.result(LIMIT_S)
        until(lambda: are_gone(under_way))
        assert not (tmp_path / "runs").exists()
    # The workers are free for the next campaign.
    assert all(worker.poll() is None for worker in workers)
    with connected(shared, 2) as executor:
        futures = done_by(executor, [task(n, n) for n in (5, 6)], tmp_path)
        assert [future.result(LIMIT_S).outcome for future in futures] == ["valid", "valid"]


def test_what_a_killed_worker_did_is_done_by_another(machines: Processes, tmp_path: Path) -> None:
    machines.scheduler()
    survivor = machines.worker("-j", "1", "--offer", "sim")
    victim = machines.worker("-j", "1", "--offer", "sim")
    tasks = [task(n, n, **LONG) for n in range(1, 4)]
    with connected(machines, 2, patience_s=1.0) as executor:
        futures = done_by(executor, tasks, tmp_path / "there")
        under_way = until(lambda: runs_of(victim))
        victim.kill()
        until(lambda: are_gone(under_way))
        results = [told(future.result(LIMIT_S)) for future in futures]
        until(lambda: threads_of(executor) == 1)

        # Nobody waits for ever for what nobody offers.
        (future,) = done_by(executor, [task(4, 4, **ENDLESS)], tmp_path / "there")
        until(lambda: runs_of(survivor))
        survivor.kill()
        with pytest.raises(EnvironmentFault, match=r"no worker of .* has offered sim for 1 s"):
            future.result(LIMIT_S)
    assert results == at_home(tasks, tmp_path / "home")
    assert len(list((tmp_path / "there" / "runs").iterdir())) == len(tasks)


def test_a_worker_told_to_end_leaves_its_runs_to_others(machines: Processes, tmp_path: Path) -> None:
    scheduler = machines.scheduler()
    leaver = machines.worker("-j", "2", "--offer", "sim")
    with connected(machines, 2) as executor:
        (future,) = done_by(executor, [task(1, 1, **LONG)], tmp_path)
        under_way = until(lambda: runs_of(leaver))
        leaver.send_signal(signal.SIGTERM)
        assert leaver.wait(LIMIT_S) == 143
        assert are_gone(under_way)
        assert not future.done()
        until(lambda: threads_of(executor) == 0)
        assert executor.slots == 1  # never none: a worker may come
        worker = machines.worker("-j", "1", "--offer", "sim")
        assert future.result(LIMIT_S).outcome == "valid"

        # A scheduler that is killed is an error, here and there.
        futures = done_by(executor, [task(n, n, **ENDLESS) for n in (2, 3)], tmp_path)
        under_way = until(lambda: runs_of(worker))
        scheduler.kill()
        for future in [*futures, *done_by(executor, [task(4, 4)], tmp_path)]:
            with pytest.raises(EnvironmentFault, match="was lost"):
                future.result(LIMIT_S)
        assert worker.wait(LIMIT_S) == 3
        assert are_gone(under_way)
    assert "sent this worker away" in machines.said()


def test_a_run_that_kills_its_workers_is_a_failed_one(
    machines: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_ASK_S", 1.0)
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    scheduler = machines.scheduler()
    worker = machines.worker("-j", "1", "--offer", "sim")
    with connected(machines, 1, patience_s=3.0) as executor:
        one = task(1, 1, **ENDLESS)
        (future,) = done_by(executor, [one], tmp_path)
        until(lambda: runs_of(worker))
        worker.kill()
        result = future.result(LIMIT_S)
        assert (result.outcome, result.cause) == ("failed", "killed")
        assert "its worker died 1 times of 1; the last was tcp://" in result.said[0]
        assert read_result(folder_of(tmp_path, one)) == result

        # A scheduler that hangs is an error.
        scheduler.send_signal(signal.SIGSTOP)
        (future,) = done_by(executor, [task(2, 2)], tmp_path)
        with pytest.raises(EnvironmentFault, match="does not answer"):
            future.result(LIMIT_S)


def garbled(_order: bytes) -> bytes:
    return b"\xc1 no answer"


def no_parcel(_order: bytes) -> bytes:
    return msgspec.msgpack.encode(Answer("done", parcel=b"no parcel"))


def of_another(order: bytes) -> bytes:
    other = task(77, 77)
    sent = msgspec.structs.replace(msgspec.json.decode(order, type=Order), task=other)
    return cluster_worker.do_there(msgspec.json.encode(sent))


def full_disk(_order: bytes) -> bytes:
    raise OSError(28, "No space left on device")


def full_at_first(order: bytes) -> bytes:
    from distributed import get_worker

    if not hasattr(get_worker(), "was_full"):
        get_worker().was_full = True
        full_disk(order)
    return cluster_worker.do_there(order)


def test_what_comes_back_is_not_believed_unseen(
    shared: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liars = [
        (garbled, "corrupt", "what came back of the run is garbled"),
        (no_parcel, "corrupt", "no parcel of its folder"),
        (of_another, "corrupt", "result.json is of another run"),
        (full_disk, "disk", "No space left on device"),
    ]
    with connected(shared, 2) as executor:
        for number, (liar, cause, said) in enumerate(liars):
            monkeypatch.setattr(cluster, "do_there", liar)
            one = task(number, number)
            (future,) = done_by(executor, [one], tmp_path)
            result = future.result(LIMIT_S)
            assert said in result.said[0]
            assert (result.outcome, result.cause, result.job) == ("failed", cause, one.job.id)
            assert read_result(folder_of(tmp_path, one)) == result
        monkeypatch.setattr(cluster, "do_there", full_at_first)
        (future,) = done_by(executor, [task(9, 9)], tmp_path)
        assert future.result(LIMIT_S).outcome == "valid"
    assert not list((tmp_path / "runs").glob(".*"))


def test_another_version_is_refused(
    machines: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.scheduler()
    monkeypatch.setattr(cluster, "program", lambda: "0.0.9 (sources 0)")
    with connected(machines, 0) as executor:
        machines.start("-m", "harness.campaign.cluster_worker", machines.address, "-j", "1", "--offer", "sim")
        (future,) = done_by(executor, [task(1, 1)], tmp_path)
        said = r"runs splitbrain 0\.0\.9 \(sources 0\), the worker \S+ \(sources \w{12}\)"
        with pytest.raises(EnvironmentFault, match=said):
            future.result(LIMIT_S)
    with pytest.raises(EnvironmentFault, match=r"worker .* runs splitbrain \S+ .*, this machine 0\.0\.9 "):
        Cluster(machines.address)


def test_a_scheduler_out_of_reach_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentFault, match=r"no scheduler .* at 127\.0\.0\.1:1 within 0\.5 s"):
        Cluster("127.0.0.1:1", connect_s=0.5)
    monkeypatch.setattr(cluster_worker, "CONNECT_S", 0.5)
    with pytest.raises(EnvironmentFault, match=r"no scheduler .* at 127\.0\.0\.1:1 within 0\.5 s"):
        worker_command("127.0.0.1:1", 1, ("sim",))


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for use in (lambda: Cluster("127.0.0.1:1"), lambda: worker_command("127.0.0.1:1", None, ())):
        with pytest.raises(MissingPrerequisite) as caught:
            use()
        assert caught.value.fix == "pip install 'splitbrain[cluster]'"


def test_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    lacks = {"sim": "", "local": "", "docker": "no engine"}
    monkeypatch.setattr(cluster_worker, "lacking_here", lambda place, _options: lacks[place])
    assert offers(3) == {"sim": 3.0, "local": 1.0, "real": 1.0}
    assert offers(3, ("sim",)) == {"sim": 3.0}
    assert offers(3, ("ssh",)) == {"ssh": 1.0, "real": 1.0}
    with pytest.raises(MissingPrerequisite, match="no engine"):
        offers(3, ("docker",))
    with pytest.raises(Exception, match="--offer moon: there is no such place"):
        offers(3, ("moon",))


def test_how_long_a_place_is_missed() -> None:
    def seen(place: str) -> dict[str, Any]:
        return {"tcp://a": {"resources": {place: 2.0}, "nthreads": 2, "splitbrain": "x"}, "tcp://b": {}}

    workers = Workers()
    assert workers.missed_s("sim", 10.0) == 0.0
    assert workers.missed_s("sim", 15.0) == 5.0
    workers.look(seen("sim"))
    assert (workers.offers, workers.count, workers.threads) == ({"sim": 2.0}, 1, 2)
    assert workers.missed_s("sim", 20.0) == 0.0
    workers.look(seen("docker"))
    assert workers.missed_s("sim", 30.0) == 0.0
    assert workers.missed_s("sim", 31.0) == 1.0


def test_stops() -> None:
    stops = Stops("x")
    stops.transition("a", "constrained", "executing")
    with stops.of("a") as stop, stops.of("b") as other:
        stops.transition("a", "executing", "memory")
        assert not stop.is_set()
        stops.transition("a", "executing", "released")
        assert stop.is_set()
        assert not other.is_set()
        stops.teardown(None)
        assert other.is_set()
    with stops.of("c") as late:
        assert late.is_set()


def test_an_order_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    sent = msgspec.json.encode(Order(program(), task(1, 1)))
    for order in (b"\xff", b"[]", b"{}", sent[:-9], sent.replace(b'"cell"', b'"zell"')):
        assert answered(order, program(), tmp_path, threading.Event()).how == "refused"
    told_to_stop = threading.Event()
    told_to_stop.set()
    assert answered(sent, program(), tmp_path, told_to_stop).how == "stopped"
    assert not list(tmp_path.iterdir())
    assert RESULT == "result.json"
