"""The runs of a night on many machines: the executor that sends tasks to a scheduler of Dask, and unpacks the
folders that come back from its workers (see `cluster_worker`).

    a thread per task: send --> wait --> unpack --> believe, or say why not
    one thread that looks: which workers are there, and whether the scheduler answers

Laws: a task ends in one folder here, however often it was begun there; a lost worker's runs are done again by
others (Dask's `distributed.scheduler.allowed-failures`, 3, says how often: a run that lost more workers than
that is a failed one, killed); nothing waits for ever: not on a scheduler that is lost or does not answer for
`patience_s`, nor on a place that no worker has offered for `patience_s`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.campaign.attempt import Stopped
from harness.campaign.cluster_worker import (
    CONNECT_S,
    PROGRAM,
    SLACK_MB,
    Answer,
    Order,
    do_there,
    need_dask,
    needs_of,
    program,
)
from harness.campaign.jobs import Cause, Result, Task
from harness.campaign.parcel import BadParcel, unpacked
from harness.campaign.results import failed
from harness.campaign.run_folder import Unbelievable, believed, remove, replace_result
from harness.deploy.places import SIM
from harness.environment import now_text
from harness.errors import EnvironmentFault

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as There

PATIENCE_S = 60.0
LOOK_S = 1.0
_ASK_S = 10.0
_MOST = 512  # tasks under way, each with a thread that waits
_RETRIES = 2  # of a task on whose machine the disk refused
_TRIES = 5  # of a task whose worker was ending
_SCHEDULER = "start the scheduler (`dask scheduler`) and its workers again, and go on with --resume"
_SAME_VERSION = "install the same version on all machines, and start the workers again"


@dataclass(slots=True)
class Workers:
    """What the scheduler's workers offer, and since when nobody offers what was asked for."""

    offers: Mapping[str, float] = field(default_factory=dict)
    count: int = 0
    threads: int = 0
    _missed: dict[str, float] = field(default_factory=dict)

    def look(self, seen: Mapping[str, Any]) -> None:
        """seen: what the scheduler says of its workers."""
        ours = [one for one in seen.values() if PROGRAM in one]
        offers: dict[str, float] = {}
        for one in ours:
            for place, count in one["resources"].items():
                offers[place] = offers.get(place, 0.0) + count
        self.offers, self.count = offers, len(ours)
        self.threads = sum(one["nthreads"] for one in ours)
        self._missed = {place: since for place, since in self._missed.items() if place not in offers}

    def missed_s(self, place: str, now: float) -> float:
        """How long nobody has offered the place, as far as somebody asked; 0 if somebody offers it."""
        if place in self.offers:
            return 0.0
        return now - self._missed.setdefault(place, now)


class Cluster:
    """On the workers of a scheduler."""

    def __init__(self, address: str, *, patience_s: float = PATIENCE_S, connect_s: float = CONNECT_S) -> None:
        """Raises MissingPrerequisite, and EnvironmentFault when the scheduler cannot be reached, or has
        workers of another version.
        """
        need_dask()
        self._address, self._patience_s = address, patience_s
        self._program = program()
        self._client = _connected(address, connect_s)
        self._lock = threading.Lock()  # of all that follows
        self._under_way: list[_UnderWay] = []
        self._workers = Workers()
        self._lost = ""  # why nothing more is sent
        self._is_stopped = False
        self._closing = threading.Event()
        try:
            self._refuse_others(self._ask())
        except BaseException:
            self._client.close(timeout=_ASK_S)
            raise
        self._pool = ThreadPoolExecutor(_MOST, thread_name_prefix="run-there")
        self._looker = threading.Thread(target=self._look_after, name="cluster", daemon=True)
        self._looker.start()

    @property
    def slots(self) -> int:
        """As many as the workers have threads, now. At least one: it waits for workers that may come."""
        return max(1, self._workers.threads)

    @property
    def where(self) -> str:
        """See Executor."""
        workers = self._workers
        return f"by {workers.count} workers of {self._address}, {self.slots} at a time"

    def lacking(self, place: str, options: dict[str, str]) -> str:  # noqa: ARG002
        """Whether a worker offers the place. What the options need is found out there, by the run."""
        self._ask()
        if place in self._workers.offers:
            return ""
        return (
            f"no worker of {self._address} offers {place}; start one where it can be done"
            f" with `splitbrain worker {self._address}`"
        )

    def submit(self, task: Task, folder: Path, token: str) -> Future[Result]:  # noqa: ARG002
        """See Executor. The token is for processes on this machine, and nothing of the run is one."""
        return self._pool.submit(self._attempt, task, folder)

    def stop(self) -> None:
        """See Executor."""
        with self._lock:
            self._is_stopped = True
            under_way = list(self._under_way)
        self._cancel(under_way)

    def close(self) -> None:
        """See Executor."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._closing.set()
        self._looker.join()
        self._close_client()

    # What one thread does for each task.

    def _attempt(self, task: Task, folder: Path) -> Result:
        began, started_at = time.monotonic(), now_text()

        def without(cause: Cause, said: str) -> Result:
            result = failed(task, cause, said, time.monotonic() - began, started_at)
            replace_result(folder, result)
            return result

        remove(folder)
        answer = self._answer(task)
        if isinstance(answer, _Failed):
            return without(answer.cause, answer.said)
        try:
            unpacked(answer.parcel, folder, task.cell.limits.disk_mb + SLACK_MB)
            return believed(folder, task)
        except BadParcel as error:
            return without("corrupt", f"what came back of the run is no parcel of its folder: {error}")
        except Unbelievable as error:
            return without("corrupt", f"the run's folder was corrupted: {error}")

    def _answer(self, task: Task) -> Answer | _Failed:
        """Of the worker that did it. Raises Stopped, and EnvironmentFault."""
        for _ in range(_TRIES):
            came = self._came_back(task)
            if isinstance(came, _Failed):
                return came
            try:
                answer = msgspec.msgpack.decode(came, type=Answer)
            except (msgspec.DecodeError, UnicodeDecodeError, TypeError) as error:
                return _Failed("corrupt", f"what came back of the run is garbled: {error}")
            match answer.how:
                case "refused":
                    raise EnvironmentFault(
                        f"a worker of {self._address} refuses a run: {answer.said}", fix=_SAME_VERSION
                    )
                case "unpackable":
                    return _Failed("disk", answer.said)
                case "done":
                    return answer
            # Its worker was ending, and answered all the same: somebody else does it.
        return _Failed("killed", f"{_TRIES} workers ended while they did it")

    def _came_back(self, task: Task) -> bytes | _Failed:
        from distributed import KilledWorker

        sent = self._send(task)
        try:
            came: bytes = sent.there.result()
            return came
        except KilledWorker as error:
            count, last = error.allowed_failures + 1, getattr(error.last_worker, "address", "unknown")
            return _Failed("killed", f"its worker died {count} times of {count}; the last was {last}")
        except (concurrent.futures.CancelledError, asyncio.CancelledError):
            raise self._why_cancelled(sent) from None
        except Exception as error:
            if sent.there.status != "error":  # it is not the task's
                raise self._why_cancelled(sent, f": {error}") from None
            if isinstance(error, OSError):
                return _Failed("disk", f"the disk of a worker refused: {error.strerror or error}")
            return _Failed("crashed", f"a worker could not do it: {type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._under_way.remove(sent)
            sent.there.release()

    def _send(self, task: Task) -> _UnderWay:
        order, place = msgspec.json.encode(Order(self._program, task)), task.cell.place
        with self._lock:
            if self._is_stopped:
                raise Stopped
            if self._lost:
                raise self._without_scheduler()
            there = self._client.submit(
                do_there,
                order,
                key=f"{place}-{uuid.uuid4()}",
                resources=needs_of(place),
                # A worker begins what is first in its queue, or nothing: what has to wait for the one
                # place of real processes must not keep simulations waiting.
                priority=1 if place == SIM else 0,
                pure=False,
                retries=_RETRIES,
            )
            self._under_way.append(sent := _UnderWay(place, there))
            return sent

    def _why_cancelled(self, sent: _UnderWay, more: str = "") -> Exception:
        with self._lock:
            if self._is_stopped:
                return Stopped()
            if sent.given_up:
                fix = f"start one with `splitbrain worker {self._address}`, and go on with --resume"
                return EnvironmentFault(sent.given_up, fix=fix)
            self._lost = self._lost or f"the scheduler at {self._address} was lost{more}"
            return self._without_scheduler()

    def _without_scheduler(self) -> EnvironmentFault:
        return EnvironmentFault(self._lost, fix=_SCHEDULER)

    # What the thread does that looks.

    def _look_after(self) -> None:
        answered = time.monotonic()
        while not self._closing.wait(LOOK_S):
            try:
                self._ask()
                answered = time.monotonic()
            except EnvironmentFault as error:
                if self._client.status == "closed" or time.monotonic() - answered > self._patience_s:
                    self._lose(error.problem)
                continue
            self._give_up_waiting()

    def _give_up_waiting(self) -> None:
        now = time.monotonic()
        with self._lock:
            waiting = [
                sent for sent in self._under_way if self._workers.missed_s(sent.place, now) > self._patience_s
            ]
            for sent in waiting:
                sent.given_up = (
                    f"no worker of {self._address} has offered {sent.place} for {self._patience_s:g} s"
                )
        self._cancel(waiting)

    def _lose(self, said: str) -> None:
        """Nothing is heard of the scheduler: what waits for it ends, and nothing more is sent."""
        with self._lock:
            self._lost = self._lost or said
            under_way = list(self._under_way)
        self._cancel(under_way)
        self._close_client()

    def _ask(self) -> Mapping[str, Any]:
        """What the scheduler says of its workers. Raises EnvironmentFault."""
        try:
            # Not `scheduler_info`: what it returns may be what a thread of Dask's has just put there.
            found = self._client.sync(self._client.scheduler.identity, n_workers=-1, callback_timeout=_ASK_S)
            workers: Mapping[str, Any] = found["workers"]
        except Exception as error:
            said = f"the scheduler at {self._address} does not answer: {str(error) or type(error).__name__}"
            raise EnvironmentFault(said, fix=_SCHEDULER) from None
        with self._lock:
            self._workers.look(workers)
        return workers

    def _refuse_others(self, workers: Mapping[str, Any]) -> None:
        for address, one in workers.items():
            if one.get(PROGRAM, self._program) != self._program:
                raise EnvironmentFault(
                    f"the worker {address} of {self._address} runs splitbrain {one[PROGRAM]},"
                    f" this machine {self._program}",
                    fix=_SAME_VERSION,
                )

    def _cancel(self, under_way: list[_UnderWay]) -> None:
        with contextlib.suppress(Exception):  # a client that is closed has cancelled all
            if under_way:
                self._client.cancel([sent.there for sent in under_way])

    def _close_client(self) -> None:
        with contextlib.suppress(Exception):  # of a scheduler that is lost
            self._client.close(timeout=_ASK_S)


@dataclass(eq=False, slots=True)
class _UnderWay:
    """A task that was sent. given_up: why nobody waits for it any longer."""

    place: str
    there: There[bytes]
    given_up: str = ""


@dataclass(frozen=True, slots=True)
class _Failed:
    """Why a task has no parcel."""

    cause: Cause
    said: str


def _connected(address: str, connect_s: float) -> Client:
    from distributed import Client

    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # all that it logs is said by a fault
    try:
        return Client(address, timeout=connect_s, set_as_default=False)
    except (OSError, ValueError, ImportError, TimeoutError) as error:
        said = str(error).strip() or type(error).__name__
        raise EnvironmentFault(
            f"no scheduler can be reached at {address} within {connect_s:g} s: {said}",
            fix="start one there with `dask scheduler` (it prints its address), and workers with"
            f" `splitbrain worker {address}`",
        ) from None
