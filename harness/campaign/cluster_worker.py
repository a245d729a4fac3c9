"""A machine of a cluster: `splitbrain worker ADDRESS` does the runs that campaigns elsewhere send to a
scheduler of Dask, and sends their folders back.

    campaign -- Order --> scheduler --> worker --> the process of a run, with limits, as at home
             <-- Answer (a parcel) --

Invariants: an order and its answer are plain data, parsed and never executed (that the function is named by a
pickle, and that whoever reaches the scheduler can have anything executed, is Dask's: keep it in a network
that you trust, or give it TLS by Dask's configuration); what is cancelled, and what is under way when the
worker ends, is killed; a worker does only orders of its own version.

What a machine offers are resources of Dask: `sim` as many times as it has slots, every place of real
processes once, and `real` once, which every run of real processes takes too: so there is one of them at a
time. `ssh` is offered only when it is named: which machines are meant stands in a file, whose path has to be
right on the worker too (as that of a system in a file has), and only one worker may offer the same machines.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from harness.campaign.attempt import GRACE_S, Stopped, attempt
from harness.campaign.isolation import prepare
from harness.campaign.jobs import Task
from harness.campaign.looking import lacking_here
from harness.campaign.parcel import BadParcel, packed
from harness.deploy.places import DOCKER, LOCAL, PLACES, SIM, SSH
from harness.errors import (
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    ConfigError,
    EnvironmentFault,
    MissingPrerequisite,
    SplitbrainError,
)

if TYPE_CHECKING:
    from distributed import Worker

REAL = "real"  # the resource that every run of real processes takes
PROGRAM = "splitbrain"  # the name under which a worker tells what it is
CONNECT_S = 30.0
SLACK_MB = 64.0  # of a folder beyond its limit: the limit is looked at once a second
_LEAVE_S = 10.0  # for the scheduler to take over what is here
_PLUGIN = "splitbrain-stops"
_PACKAGES = ("harness", "reports", "systems", "nemeses", "checkers")


class Order(msgspec.Struct, frozen=True):
    """A task, and the program that sends it."""

    program: str
    task: Task


class Answer(msgspec.Struct, frozen=True):
    """What came of an order. how: "done" with a parcel, "stopped", or "refused"; said: why there is none."""

    how: Literal["done", "stopped", "refused", "unpackable"]
    said: str = ""
    parcel: bytes = b""


def need_dask() -> None:
    """Raises MissingPrerequisite where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingPrerequisite(
            f"a cluster needs dask.distributed: {error}", fix="pip install 'splitbrain[cluster]'"
        ) from None


def program() -> str:
    """The version and a digest of the sources of what runs here."""
    try:
        number = version("splitbrain")
    except PackageNotFoundError:
        number = "not installed"
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for path in sorted(path for package in _PACKAGES for path in (root / package).rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)} ".encode() + content)
    return f"{number} (sources {digest.hexdigest()[:12]})"


class Stops:
    """For every task under way here, by its key, what tells it to stop. Becomes a plug-in of Dask's worker,
    which tells it what happens to tasks.
    """

    name = _PLUGIN

    def __init__(self, program: str) -> None:
        self.program = program
        self._lock = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        self._is_over = False

    @contextmanager
    def of(self, key: str) -> Iterator[threading.Event]:
        """What tells the task to stop."""
        with self._lock:
            stop = self._stops.setdefault(key, threading.Event())
            if self._is_over:
                stop.set()
        try:
            yield stop
        finally:
            with self._lock:
                self._stops.pop(key, None)

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Dask's: the state of a task changes. One that is released while it executes was cancelled: its
        thread goes on, as far as Dask is concerned.
        """
        with self._lock:
            if finish == "executing" and start in ("ready", "constrained"):
                self._stops.setdefault(str(key), threading.Event())
            elif finish == "released" and start == "executing" and str(key) in self._stops:
                self._stops[str(key)].set()

    def teardown(self, worker: Any) -> None:  # noqa: ARG002
        """Dask's: the worker closes, for whatever reason, and no longer waits for its tasks."""
        with self._lock:
            self._is_over = True
            for stop in self._stops.values():
                stop.set()


def do_there(order: bytes) -> bytes:
    """Called by Dask in a thread of a worker: an Order is done, the Answer is returned. Raises OSError when
    the disk refuses.
    """
    from distributed import get_worker

    worker = get_worker()
    stops = worker.plugins[_PLUGIN]
    assert isinstance(stops, Stops)
    with stops.of(str(worker.get_current_task())) as stop:
        answer = answered(order, stops.program, Path(worker.local_directory), stop)
    return msgspec.msgpack.encode(answer)


def answered(order: bytes, ours: str, room: Path, stop: threading.Event) -> Answer:
    """Do an order in a folder of its own in `room`, of which nothing is left. Raises OSError."""
    try:
        theirs = msgspec.json.decode(order, type=dict[str, msgspec.Raw])
        if msgspec.json.decode(theirs["program"], type=str) != ours:
            sender = msgspec.json.decode(theirs["program"], type=str)
            return Answer("refused", f"the campaign runs splitbrain {sender}, the worker {ours}")
        task = msgspec.json.decode(order, type=Order).task
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        return Answer("refused", f"the worker cannot read the order: {error}")
    with tempfile.TemporaryDirectory(prefix="run-", dir=room, ignore_cleanup_errors=True) as own:
        folder = Path(own) / "run"
        try:
            attempt(task, folder, stop)
            return Answer("done", parcel=packed(folder, task.cell.limits.disk_mb + SLACK_MB))
        except Stopped:
            return Answer("stopped", "the worker was told to stop it")
        except BadParcel as error:
            return Answer("unpackable", f"the run's folder cannot be sent: {error}")


def offers(slots: int | None = None, asked: Sequence[str] = ()) -> dict[str, float]:
    """What this machine can do at once, found out by trying; see above. asked: only these places, which must
    work then. Raises ConfigError for an unknown one, and MissingPrerequisite.
    """
    count = float(slots or os.cpu_count() or 1)
    found: dict[str, float] = {}
    for place in asked or (SIM, LOCAL, DOCKER):
        if place not in PLACES:
            raise ConfigError(
                f"--offer {place}: there is no such place", fix=f"give some of {', '.join(PLACES)}"
            )
        lacks = lacking_here(place, {}) if place != SSH else ""
        if lacks and asked:
            raise MissingPrerequisite(f"--offer {place}: {lacks}", fix="mend it, or do not offer it")
        if not lacks:
            found[place] = count if place == SIM else 1.0
    if set(found) - {SIM}:
        found[REAL] = 1.0
    return found


def needs_of(place: str) -> dict[str, float]:
    """The resources that one run takes."""
    return {place: 1.0} if place == SIM else {place: 1.0, REAL: 1.0}


def worker_command(address: str, slots: int | None, offer: tuple[str, ...]) -> int:
    """`splitbrain worker ADDRESS`: serve until a signal. Raises SplitbrainError."""
    need_dask()
    prepare()
    offered = offers(slots, offer)
    logging.getLogger("distributed").setLevel(logging.ERROR)
    return asyncio.run(_serve(address, offered))


async def _serve(address: str, offered: Mapping[str, float]) -> int:
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with _signals(lambda number: None if told.done() else told.set_result(number)):
        worker = await _connected(address, offered, told)
        if worker is None:
            return _code_of(told.result())
        places = ", ".join(f"{place} {count:g}" for place, count in offered.items() if place != REAL)
        print(f"connected to {worker.scheduler.address} as {worker.address}; offers {places}", flush=True)
        finished = asyncio.ensure_future(worker.finished())
        await asyncio.wait([told, finished], return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            await finished
            raise EnvironmentFault(
                f"the scheduler at {address} ended, or sent this worker away",
                fix="start the scheduler if it is gone, then this worker again",
            )
        print("ending: what is under way here is stopped, and done again elsewhere", flush=True)
        await _leave(worker)
        return _code_of(told.result())


async def _leave(worker: Worker) -> None:
    """Close. The scheduler gives what is here to others, and does not blame the tasks for it; if it does not
    answer, it finds out.
    """
    leaving = asyncio.ensure_future(worker.close_gracefully(reason="signal"))
    await asyncio.wait([leaving], timeout=_LEAVE_S)
    if worker.status.name not in ("closing", "closed"):
        leaving.cancel()
        leaving = asyncio.ensure_future(worker.close(timeout=GRACE_S + _LEAVE_S))
    await asyncio.wait([leaving], timeout=GRACE_S + 2 * _LEAVE_S)
    if leaving.done() and not leaving.cancelled():
        leaving.exception()  # that of a scheduler that is gone is no news


async def _connected(address: str, offered: Mapping[str, float], told: asyncio.Future[int]) -> Worker | None:
    """The worker, once the scheduler has it; None when a signal comes first."""
    from distributed import Worker, WorkerPlugin

    ours = program()
    stops = type("StopsPlugin", (Stops, WorkerPlugin), {})(ours)
    try:
        worker = Worker(
            address,
            nthreads=int(max(offered.values(), default=1)),
            resources=dict(offered),
            plugins=(stops,),
            startup_information={PROGRAM: lambda _: ours},
            death_timeout=CONNECT_S,
            memory_limit=0,  # runs have limits of their own; a worker that pauses helps nobody
        )
        starting = asyncio.ensure_future(worker.start())
        await asyncio.wait([starting, told], return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            return None
        await starting
    except (OSError, ValueError, RuntimeError, TimeoutError) as error:
        raise EnvironmentFault(
            f"no scheduler can be reached at {address} within {CONNECT_S:g} s: {error}",
            fix="start one there with `dask scheduler` (it prints its address), and look at the firewall",
        ) from None
    return worker


@contextmanager
def _signals(told: Callable[[int], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _code_of(number: int) -> int:
    return EXIT_INTERRUPTED if number == signal.SIGINT else EXIT_TERMINATED


def main(argv: Sequence[str]) -> int:
    """`python -m harness.campaign.cluster_worker ADDRESS [-j N] [--offer PLACES]`."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m harness.campaign.cluster_worker")
    parser.add_argument("address")
    parser.add_argument("-j", type=int, default=None, dest="slots")
    parser.add_argument("--offer", default="")
    given = parser.parse_args(argv)
    try:
        return worker_command(given.address, given.slots, tuple(filter(None, given.offer.split(","))))
    except SplitbrainError as error:
        print(f"splitbrain: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    # Dask names the function by its module, which must not be there twice.
    sys.exit(importlib.import_module("harness.campaign.cluster_worker").main(sys.argv[1:]))
