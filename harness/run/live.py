"""The conductor of a live run: clients and nemesis side by side, from the first operation to the last answer.

Invariants: the workload ends only when every fault is undone and, if the system recovers at all, an operation
begun after the final heal has succeeded; a stop request heals first; the clients' process never outlives the
conductor.
"""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from checkers.codec import FaultEvent
from harness.deploy.seam import Deployment
from harness.errors import ConfigError, EnvironmentFault, HarnessBug, SplitbrainError
from harness.plan import RunPlan
from harness.run.finals import SETTLE_S
from harness.run.job import Finished, FromClients, Go, Job, Ready, Status, StopAt, ToClients, Trouble
from harness.run.journal import Journal
from harness.run.nemesis import Nemesis
from harness.run.roles import RoleWatcher
from harness.run.watch import Seen, Watch, Watched
from harness.workload import WORKLOADS

RECOVERY_LIMIT_S = 30.0
CLIENTS_READY_S = 30.0
DRAIN_S = 15.0
FINAL_READS_S = 60.0
ALIVE_EVERY_S = 1.0
_TROUBLE: dict[str, type[SplitbrainError]] = {
    "config": ConfigError,
    "environment": EnvironmentFault,
    "harness": HarnessBug,
}


class Observer(Protocol):
    """Somebody who wants to see it happen; called from more than one thread."""

    def phase(self, name: str) -> None:
        """A phase begins."""

    def fault(self, event: FaultEvent) -> None:
        """A fault was requested, begun or ended."""

    def status(
        self, status: Status, elapsed_s: float, total_s: float, leader: str | None, active: list[str]
    ) -> None:
        """Counts so far."""


@dataclass(slots=True)
class Driven:
    """How the workload went; times on CLOCK_MONOTONIC. `died`: nodes that died by themselves, each in a
    sentence. `violation`: why the run was stopped early (`--stop-on-violation`). `quiet_ns`: when the last
    reads began.
    """

    start_ns: int
    end_ns: int = 0
    heal_ns: int | None = None
    status: Status | None = None
    interrupted: bool = False
    died: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    violation: str | None = None
    quiet_ns: int | None = None

    @property
    def whole_heal_ns(self) -> int | None:
        """When everything was as at the start again; None if that never was: a node that no fault killed
        stays dead, and what it was there for is not to be expected of the rest."""
        return None if self.cut_short or self.died else self.heal_ns

    @property
    def cut_short(self) -> bool:
        """Whether it ended before its time: not everything planned can have happened."""
        return self.interrupted or self.violation is not None


class ClientsProcess:
    """The clients' process, seen from the conductor."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._process: subprocess.Popen[bytes] = deployment.client_process(
            [deployment.clients_python, "-m", "harness.run.clients"]
        )
        self._inbox: queue.SimpleQueue[FromClients | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="clients-reader", daemon=True).start()

    def _read(self) -> None:
        decoder = msgspec.json.Decoder(FromClients)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.endswith(b"\n"):
                break  # it died while it spoke
            self._inbox.put(decoder.decode(line))
        self._inbox.put(None)

    def tell(self, message: ToClients) -> None:
        """One line to the clients; a broken pipe shows up at the next `hear`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return

    def hear(self, timeout_s: float) -> Ready | Status | Finished | None:
        """The next message, None when there was none in time. Raises what the process reports as trouble."""
        try:
            message = self._inbox.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if message is None:
            code = self._process.wait(timeout=5)
            self._deployment.check_alive()  # a place that is lost takes the clients along, and says so itself
            raise EnvironmentFault(
                f"the clients' process ended with status {code} in mid-run",
                fix="see clients.log in the run folder",
            )
        if isinstance(message, Trouble):
            raise _TROUBLE[message.whose](message.problem, fix=message.fix)
        return message

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


class Conductor:
    """Drives one run of `plan` on a deployment whose nodes are ready. unavailable: as of the nemesis.
    final_reads: whether clients end with a read of every key at every node.
    """

    def __init__(
        self,
        plan: RunPlan,
        deployment: Deployment,
        journal: Journal,
        roles: RoleWatcher,
        observer: Observer,
        stop: threading.Event,
        unavailable: Mapping[str, str] | None = None,
        final_reads: bool = False,
    ) -> None:
        self._plan = plan
        self._final_reads = final_reads
        self._deployment = deployment
        self._journal = journal
        self._roles = roles
        self._observer = observer
        self._stop = stop
        self._unavailable = unavailable
        self._leader: str | None = None
        self._leader_lock = threading.Lock()

    def drive(self) -> Driven:
        """From the clients' start to their last answer. Raises SplitbrainError; the history on disk stays
        good.
        """
        clients = ClientsProcess(self._deployment)
        try:
            clients.tell(self._job())
            if not isinstance(clients.hear(CLIENTS_READY_S), Ready):
                raise EnvironmentFault(
                    f"the clients were not ready within {CLIENTS_READY_S:g} s",
                    fix="see clients.log in the run folder",
                )
            return self._workload(clients)
        finally:
            clients.close()

    def _job(self) -> Job:
        plan = self._plan
        return Job(
            system=plan.system,
            options=plan.options,
            workload=plan.workload,
            addresses=dict(self._deployment.addresses),
            clients=plan.clients,
            rate=plan.rate,
            keys=plan.keys,
            ops_per_key=plan.ops_per_key,
            op_timeout_s=plan.op_timeout_s,
            seed=plan.seed,
            journal=str(Path(self._journal.path).resolve()),
            final_reads=self._final_reads,
        )

    def _find_leader(self) -> str | None:
        with self._leader_lock:
            self._leader = self._roles.leader()
            return self._leader

    def _workload(self, clients: ClientsProcess) -> Driven:
        driven = Driven(start_ns=time.monotonic_ns())
        nemesis = Nemesis(
            self._plan.faults,
            self._deployment,
            self._journal,
            start_ns=driven.start_ns,
            leader=self._find_leader,
            notify=self._observer.fault,
            unavailable=self._unavailable,
        )
        watch = self._watch_for_violations()
        clients.tell(Go(driven.start_ns))
        nemesis.start()
        try:
            self._watch(clients, nemesis, driven, watch)
        finally:
            nemesis.stop()
            nemesis.join()
            if watch is not None:
                watch.close()
        if nemesis.error is not None:
            raise nemesis.error
        if self._plan.faults.faults:
            driven.heal_ns = nemesis.heal_ns
        if nemesis.heal_evidence is not None and nemesis.heal_evidence.status == "indeterminate":
            driven.notes.append(f"final heal: {'; '.join(nemesis.heal_evidence.lines)}")
        self._drain(clients, driven)
        driven.died = self._deployment.check_alive()
        return driven

    def _watch_for_violations(self) -> Watch | None:
        model = WORKLOADS[self._plan.workload].model
        if not self._plan.stop_on_violation or model is None:
            return None
        journal = Path(self._journal.path).resolve()
        return Watch(Watched(str(journal), model, self._plan.failed_cas), journal.with_name("watch.log"))

    def _watch(self, clients: ClientsProcess, nemesis: Nemesis, driven: Driven, watch: Watch | None) -> None:
        """Until the time is over, or somebody stops us, or something breaks or is found."""
        next_alive = time.monotonic() + ALIVE_EVERY_S
        while not self._over(nemesis, driven):
            message = clients.hear(0.1)
            if isinstance(message, Status):
                driven.status = message
                elapsed = (time.monotonic_ns() - driven.start_ns) / 1e9
                self._observer.status(
                    message, elapsed, self._plan.time_s, self._find_leader(), nemesis.active()
                )
            if time.monotonic() >= next_alive:
                next_alive += ALIVE_EVERY_S
                driven.died = self._deployment.check_alive()
            if watch is not None and watch.seen is not None:
                self._stop_early(watch.seen, driven)
                return
        if watch is not None and watch.broken:
            driven.notes.append(
                "--stop-on-violation: the watch ended by itself, see watch.log in the run folder"
            )

    def _stop_early(self, seen: Seen, driven: Driven) -> None:
        certain_s = (seen.time_ns - driven.start_ns) / 1e9
        when = f"certain after {certain_s:.2f} s of {self._plan.time_s:g} s"
        driven.violation = f"stopped early (--stop-on-violation), as a violation was {when}: {seen.sentence}"
        driven.notes.append(driven.violation)
        self._observer.phase(f"stopping early: a violation was {when}")

    def _over(self, nemesis: Nemesis, driven: Driven) -> bool:
        if self._stop.is_set():
            driven.interrupted = True
            return True
        if nemesis.error is not None:
            return True
        now = time.monotonic_ns()
        if now < driven.start_ns + int(self._plan.time_s * 1e9) or nemesis.is_alive():
            return False
        if not self._plan.faults.faults or nemesis.heal_ns is None or driven.died:
            return True
        last_ok = driven.status.last_ok_call_ns if driven.status else None
        recovered = last_ok is not None and last_ok >= nemesis.heal_ns
        return recovered or now > nemesis.heal_ns + int(RECOVERY_LIMIT_S * 1e9)

    def _drain(self, clients: ClientsProcess, driven: Driven) -> None:
        clients.tell(StopAt(time.monotonic_ns()))
        limit = time.monotonic() + self._plan.op_timeout_s + DRAIN_S
        if self._final_reads:
            limit += SETTLE_S + FINAL_READS_S
        while time.monotonic() < limit:
            message = clients.hear(0.2)
            if isinstance(message, Finished):
                driven.status = message.status
                driven.quiet_ns = message.quiet_ns
                driven.end_ns = message.quiet_ns or time.monotonic_ns()
                return
        driven.end_ns = time.monotonic_ns()
        driven.notes.append(
            f"clients did not finish within {DRAIN_S:g} s after the stop; their operations stay open"
        )
