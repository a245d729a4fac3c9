"""The one place where a name becomes an object: plans, deployments, claims and reports are put together here.

Invariants: a run folder is complete enough to be judged again from the moment the first operation is
journalled; whatever fails, the deployment is left, the journal is closed and a report is written, in this
order.
"""

from __future__ import annotations

import random
import shlex
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from checkers.codec import VERSION, Header, decode
from checkers.history import History, Outcome
from harness.config import RunConfig, suggestion
from harness.deploy.places import HOSTS, KEEP, LOCAL, SSH, split_options, ssh_options
from harness.deploy.seam import Deployment
from harness.environment import environment
from harness.errors import ConfigError, EnvironmentFault
from harness.judge import ClaimSpec, Judged, Linearizability, Recovery, judge
from harness.outcome import doubts_about, skipped_notes, weigh
from harness.phases import Phases
from harness.placing import check_hosts, deployment_of
from harness.plan import RunPlan, encode_plan
from harness.plugins import checked_options, load_system, reference_for
from harness.run.journal import Journal, finish
from harness.run.live import RECOVERY_LIMIT_S, Conductor, Driven, Observer
from harness.run.roles import RoleWatcher
from harness.seeds import Seeds
from harness.workload import WORKLOADS
from nemeses.catalogue import NemesisError, parse, plan_faults
from reports import archive
from reports.html import render
from reports.record import ClaimResult, RolePoint, RunCard, RunRecord
from reports.text import render_text
from systems.api import LEADING_ROLES, System

HISTORY = "history.jsonl"


@dataclass(slots=True)
class StopRequest:
    """Set by a signal handler; `code` is the exit code that the signal stands for."""

    event: threading.Event = field(default_factory=threading.Event)
    code: int | None = None


def plan_run(config: RunConfig) -> RunPlan:
    """Everything that can be decided, and refused, before a run starts."""
    system = load_system(config.system)
    if config.workload not in WORKLOADS:
        raise ConfigError(f"unknown workload {config.workload!r}", fix=suggestion(config.workload, WORKLOADS))
    nodes = tuple(f"n{i}" for i in range(1, config.nodes + 1))
    given, place_options = split_options(config.place, config.options, getattr(system, "options", {}))
    place_options |= ssh_options(config.place, config.hosts, config.keep)
    options = checked_options(system, given, nodes)
    try:
        faults = plan_faults(
            parse(config.nemeses), nodes, Seeds(config.seed).stream("nemesis"), int(config.time_s * 1e9)
        )
    except NemesisError as error:
        raise ConfigError(f"-n {config.nemeses}: {error}", fix="see `splitbrain list nemeses`") from None
    if config.place == SSH:
        check_hosts(place_options[HOSTS], config.nodes)
    kept = config.model_dump(
        include=set(RunPlan.__struct_fields__) - {"system", "options", "nodes", "place_options"}
    )
    return RunPlan(
        system=reference_for(config.system),
        options=options,
        nodes=nodes,
        faults=faults,
        place_options=place_options,
        **kept,
    )


def command_of(plan: RunPlan) -> str:
    """The command line that makes this plan again."""
    words: list[Any] = ["splitbrain", "run", plan.system, "-w", plan.workload, "-n", plan.nemeses]
    words += [
        "--nodes",
        len(plan.nodes),
        "-c",
        plan.clients,
        "--time",
        f"{plan.time_s:g}s",
        "--rate",
        f"{plan.rate:g}",
    ]
    words += [
        "--keys",
        plan.keys,
        "--ops-per-key",
        plan.ops_per_key,
        "--op-timeout",
        f"{plan.op_timeout_s:g}s",
    ]
    words += ["--failed-cas", plan.failed_cas, "--expect", plan.expect, "--seed", plan.seed]
    words += ["--stop-on-violation"] if plan.stop_on_violation else []
    words += ["--skip-unavailable"] if plan.skip_unavailable else []
    words += ["--on", plan.place] if plan.place != LOCAL else []
    theirs = dict(plan.place_options)
    words += ["--hosts", theirs.pop(HOSTS)] if plan.place == SSH else []
    words += ["--keep"] if plan.place == SSH and theirs.pop(KEEP, "") else []
    for key, value in {**plan.options, **theirs}.items():
        words += ["-o", f"{key}={value}"]
    return shlex.join(map(str, words))


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


def claims_for(plan: RunPlan, heal_ns: int | None) -> list[ClaimSpec]:
    """What the run is judged by: its workload's property, and recovery when there were faults to recover
    from.
    """
    model: Any = WORKLOADS[plan.workload].model
    specs: list[ClaimSpec] = [Linearizability(model, plan.failed_cas)]
    if heal_ns is not None:
        specs.append(Recovery(heal_ns, RECOVERY_LIMIT_S))
    return specs


@dataclass(slots=True)
class Run:
    """One run on its way from plan to report. unavailable: kinds of faults that are skipped, and why."""

    plan: RunPlan
    folder: Path
    observer: Observer
    stop: StopRequest
    command_ns: int
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    phases: Phases = field(init=False)
    driven: Driven | None = None
    place: str = "local"
    kept: tuple[str, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.phases = Phases(self.folder / "crash.log", self.observer.phase)

    def execute(self) -> RunRecord:
        """Set up, work, tear down, judge, report. Never raises for a failure of the run itself."""
        system = load_system(self.plan.system)
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

    def _analyse(self, system: System, roles: tuple[RolePoint, ...]) -> RunRecord:
        history, judged = History.of(()), list[Judged]()
        with self.phases.phase("analysis"):
            path = self.folder / HISTORY
            history = decode(path.read_bytes(), str(path)).history
            if len(history):
                heal_ns = self.driven.whole_heal_ns if self.driven else None
                judged = judge(
                    path,
                    claims_for(self.plan, heal_ns),
                    time_s=self.plan.judge_time_s,
                    memory_mb=self.plan.judge_memory_mb,
                )
        claims = claim_results(self.plan, system, judged)
        return RunRecord(self._card(history, claims), history, claims, roles)

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
            first_ok_s=None if first_ok is None else (first_ok - self.command_ns) / 1e9,
            faults_planned=len(planned),
            phases=tuple(self.phases.times),
            config=config_shown(self.plan),
            environment=environment(self.place),
            replay=command_of(self.plan),
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


def claim_results(plan: RunPlan, system: System, judged: Sequence[Judged]) -> tuple[ClaimResult, ...]:
    """The verdicts, and whether the system promises what they are about (None where it says nothing)."""
    claims: Any = getattr(system, "claims", None)
    said = claims(plan.options) if callable(claims) else claims
    promised = None if said is None else said.get(plan.workload) == "linearizable"
    return tuple(
        ClaimResult(j.name, j.promise, j.verdict, j.seconds, promised if number == 0 else None)
        for number, j in enumerate(judged)
    )


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
