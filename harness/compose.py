"""The one place where a name becomes an object: plans, deployments, claims and reports are put together here.

Invariants: a run folder is complete enough to be judged again from the moment the first operation is
journalled; whatever fails, the deployment is left, the journal is closed and a report is written, in this
order.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from checkers.codec import VERSION, Header, decode
from checkers.history import History, Outcome
from harness.deploy.places import SIM
from harness.deploy.seam import Deployment
from harness.environment import environment, now_text
from harness.errors import ConfigError, EnvironmentFault
from harness.judge import ClaimSpec, Judged, judge
from harness.outcome import doubts_about, skipped_notes, weigh
from harness.phases import Phases
from harness.placing import deployment_of
from harness.plan import RunPlan, encode_plan
from harness.planning import replay_of
from harness.plugins import load_system
from harness.promises import claim_results, claims_for, wants_final_reads
from harness.run.journal import Journal, finish
from harness.run.live import Conductor, Driven, Observer
from harness.run.roles import RoleWatcher
from harness.simulated import simulate
from reports import archive
from reports.html import render
from reports.record import ClaimResult, RolePoint, RunCard, RunRecord
from reports.text import render_text
from systems.api import LEADING_ROLES, Simulates, System

HISTORY = "history.jsonl"
Judges = Callable[[Path, Sequence[ClaimSpec], float, int], list[Judged]]


@dataclass(slots=True)
class StopRequest:
    """Set by a signal handler; `code` is the exit code that the signal stands for."""

    event: threading.Event = field(default_factory=threading.Event)
    code: int | None = None


def new_folder(root: Path, plan: RunPlan) -> Path:
    """A fresh run folder with its plan in it. Raises ConfigError when it cannot be made."""
    name = plan.system.rpartition(":")[2].lower() if ".py" in plan.system else plan.system
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    for attempt in range(100):
        folder = root / f"{stamp}-{name}-s{plan.seed}{f'-{attempt}' if attempt else ''}"
        try:
            folder.mkdir(parents=True)
            (folder / "plan.json").write_bytes(encode_plan(plan))
        except FileExistsError:
            continue
        except OSError as error:
            raise ConfigError(
                f"{folder}: {error.strerror}", fix="give a writable folder with --runs"
            ) from None
        return folder
    raise ConfigError(f"{root}: a hundred runs in one second", fix="give another folder with --runs")


def _apart(path: Path, specs: Sequence[ClaimSpec], time_s: float, memory_mb: int) -> list[Judged]:
    """Judge in processes of their own."""
    return judge(path, specs, time_s=time_s, memory_mb=memory_mb)


@dataclass(slots=True)
class Run:
    """One run on its way from plan to report. unavailable: kinds of faults that are skipped, and why; judges:
    decide claims about the history in a file, within seconds and MB.
    """

    plan: RunPlan
    folder: Path
    observer: Observer
    stop: StopRequest
    command_ns: int
    started_at: str = field(default_factory=now_text)
    phases: Phases = field(init=False)
    driven: Driven | None = None
    place: str = "local"
    kept: tuple[str, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    judges: Judges = _apart

    def __post_init__(self) -> None:
        self.phases = Phases(self.folder / "crash.log", self.observer.phase)

    def execute(self) -> RunRecord:
        """Set up, work, tear down, judge, report. Never raises for a failure of the run itself."""
        system = load_system(self.plan.system)
        if self.plan.place == SIM:
            return self._simulate(system)
        journal = Journal(self.folder / HISTORY)
        journal.write(Header(VERSION, meta=_meta(self.plan)))
        roles: list[RolePoint] = []
        deployment: Deployment | None = None
        try:
            with self.phases.phase("setup"):
                deployment = deployment_of(self.plan, system, self.folder, self.unavailable)
                deployment.__enter__()
                self.place = deployment.place
            if deployment is not None and not self.phases.failed:
                with self.phases.phase("workload"):
                    watcher = RoleWatcher(system, deployment.log_files(), deployment.clock_offsets)
                    conductor = Conductor(
                        self.plan,
                        deployment,
                        journal,
                        watcher,
                        self.observer,
                        self.stop.event,
                        self.unavailable,
                        wants_final_reads(system, self.plan),
                    )
                    self.driven = conductor.drive()
                    watcher.poll()
                    roles = role_points(watcher)
        finally:
            with self.phases.phase("teardown"):
                try:
                    if deployment is not None:
                        deployment.__exit__(None, None, None)
                        self.kept = tuple(deployment.kept)
                finally:
                    journal.close()
                    finish(journal.path)
        return self._analyse(system, tuple(roles))

    def _simulate(self, system: System) -> RunRecord:
        """The same in virtual time: there is nothing to set up or to tear down."""
        roles: tuple[RolePoint, ...] = ()
        self.place = "sim"
        with self.phases.phase("workload"):
            assert isinstance(system, Simulates)
            simulated = simulate(self.plan, system)
            simulated.write(self.folder / HISTORY, _meta(self.plan))
            self.driven, roles = simulated.driven, simulated.roles
        return self._analyse(system, roles)

    def _analyse(self, system: System, roles: tuple[RolePoint, ...]) -> RunRecord:
        history, judged = History.of(()), list[Judged]()
        with self.phases.phase("analysis"):
            path = self.folder / HISTORY
            history = decode(path.read_bytes(), str(path)).history
            if len(history):
                heal_ns = self.driven.whole_heal_ns if self.driven else None
                quiet_ns = self.driven.quiet_ns if self.driven else None
                claims = claims_for(self.plan, system, heal_ns, quiet_ns)
                judged = self.judges(path, claims, self.plan.judge_time_s, self.plan.judge_memory_mb)
        results = claim_results(self.plan, system, judged)
        return RunRecord(self._card(history, results), history, results, roles)

    def _card(self, history: History, claims: Sequence[ClaimResult]) -> RunCard:
        driven = self.driven or Driven(0)
        failures = self.phases.failures() + driven.died
        planned = [f.spec.kind for f in self.plan.faults.faults]
        doubts = (
            []
            if self.driven is None
            else doubts_about(
                history,
                seconds=max(0.0, (driven.end_ns - driven.start_ns) / 1e9),
                rate=self.plan.rate,
                planned=[] if driven.cut_short else planned,
                quiet_ns=driven.quiet_ns,
                unavailable=self.unavailable,
            )
        )
        if driven.violation is not None:
            doubts.append(f"{driven.violation}; the judges do not confirm it")
        weighed = weigh(
            [c.verdict for c in claims],
            failures=failures,
            doubts=doubts,
            interrupted=self.stop.code,
            expect=self.plan.expect,
            failure_code=self.phases.exit_code(),
        )
        first_ok = driven.status.first_ok_ns if driven.status else None
        return RunCard(
            run_id=self.folder.name,
            system=self.plan.system,
            workload=self.plan.workload,
            seed=self.plan.seed,
            plan_digest=self.plan.digest(),
            nodes=self.plan.nodes,
            outcome=weighed.outcome,
            expect=self.plan.expect,
            as_expected=weighed.as_expected,
            exit_code=weighed.exit_code,
            reasons=weighed.reasons,
            started_at=self.started_at,
            start_ns=driven.start_ns,
            end_ns=driven.end_ns,
            heal_ns=driven.heal_ns,
            recovery_s=recovery_s(history, driven.heal_ns),
            quiet_ns=driven.quiet_ns,
            first_ok_s=None if first_ok is None else (first_ok - self.command_ns) / 1e9,
            faults_planned=len(planned),
            phases=tuple(self.phases.times),
            config=config_shown(self.plan),
            environment=environment(self.place),
            replay=replay_of(self.plan, str(self.folder)),
            notes=(*skipped_notes(planned, self.unavailable), *driven.notes, *self.kept),
            skipped=tuple(self.unavailable),
        )


def _meta(plan: RunPlan) -> dict[str, Any]:
    return {
        "system": plan.system,
        "workload": plan.workload,
        "failed_cas": plan.failed_cas,
        "seed": plan.seed,
        "plan": plan.digest(),
    }


def role_points(watcher: RoleWatcher) -> list[RolePoint]:
    """The role changes that were read, in order of time."""
    points = [RolePoint(c.time_ns, c.node, c.term, c.role, c.role in LEADING_ROLES) for c in watcher.changes]
    return sorted(points, key=lambda p: p.time_ns)


def recovery_s(history: History, heal_ns: int | None) -> float | None:
    """From the final heal to the first success of an operation begun after it."""
    if heal_ns is None or not len(history):
        return None
    good = (history.outcome == Outcome.OK) & (history.call_ns >= heal_ns)
    returns = history.return_ns[good]
    return (int(returns.min()) - heal_ns) / 1e9 if len(returns) else None


def config_shown(plan: RunPlan) -> dict[str, Any]:
    """What the report shows as configuration."""
    shown = msgspec.to_builtins(plan)
    for hidden in ("faults", "version", "nodes"):
        del shown[hidden]
    return {"nodes": len(plan.nodes), **shown}


def run(
    plan: RunPlan,
    root: Path,
    observer: Observer,
    stop: StopRequest,
    command_ns: int,
    unavailable: Mapping[str, str] | None = None,
) -> tuple[RunRecord, Path]:
    """One whole run, from plan to record, in a folder of its own; `keep` it there."""
    folder = new_folder(root, plan)
    run = Run(plan, folder, observer, stop, command_ns, unavailable=unavailable or {})
    return run.execute(), folder


def keep(folder: Path, record: RunRecord) -> None:
    """Write the record and its reports into the run folder. Raises EnvironmentFault."""
    text = render_text(record, colour=False, report_path=str(folder / "report.html"))
    try:
        archive.write(folder, record, render(record), text)
    except archive.ArchiveError as error:
        verdict = f"{record.card.outcome}, exit {record.card.exit_code}"
        raise EnvironmentFault(
            f"{error.path}: {error.problem} (the run: {verdict})", fix=error.fix
        ) from error


def fresh_seed() -> int:
    """A seed nobody chose: short enough to be typed again."""
    return random.SystemRandom().randrange(10**6)


def now_ns() -> int:
    """CLOCK_MONOTONIC, the clock of histories."""
    return time.monotonic_ns()
