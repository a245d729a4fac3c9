"""Judging a stored history again: a run folder, also one whose controller was killed, or a bare history file.

Invariants: the history on disk is read, never changed; a run folder's report is written anew from the new
verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from checkers.codec import Decoded, decode
from checkers.history import OPEN_NS, Outcome
from checkers.verdict import Invalid, Unknown
from harness.compose import HISTORY, config_shown, keep, recovery_s
from harness.config import suggestion
from harness.environment import environment
from harness.errors import EXIT_ANOMALY, EXIT_INCONCLUSIVE, EXIT_VALID, ConfigError
from harness.judge import Judged, Linearizability, judge
from harness.outcome import weigh
from harness.plan import RunPlan, decode_plan
from harness.planning import replay_of
from harness.plugins import load_system
from harness.promises import claim_results, claims_for
from harness.workload import WORKLOADS
from reports import archive
from reports.record import RunCard, RunRecord


@dataclass(frozen=True, slots=True)
class Checked:
    """`judged` claims of a history; `record` when it belongs to a run folder; `notes` on what was dropped in
    reading.
    """

    judged: tuple[Judged, ...]
    notes: tuple[str, ...]
    exit_code: int
    record: RunRecord | None = None
    folder: Path | None = None


def check_file(
    path: Path, workload: str | None, failed_cas: str | None, time_s: float, memory_mb: int
) -> Checked:
    """Judge a history file by `workload` (default: what its header says). Raises ConfigError,
    HistoryError.
    """
    decoded = decode(read_bytes(path), str(path))
    meta = decoded.header.meta
    name = workload or meta.get("workload")
    if name is None:
        raise ConfigError(
            f"{path}: the header names no workload", fix=f"give -w; one of: {', '.join(sorted(WORKLOADS))}"
        )
    if name not in WORKLOADS:
        raise ConfigError(f"unknown workload {name!r}", fix=suggestion(str(name), WORKLOADS))
    cas: Any = failed_cas or meta.get("failed_cas", "observation")
    model: Any = WORKLOADS[name].model
    if model is None:
        raise ConfigError(
            f"{path}: histories of the workload {name!r} are judged by claims that a run's folder knows of",
            fix="give the run's folder",
        )
    judged = judge(path, [Linearizability(model, cas)], time_s=time_s, memory_mb=memory_mb)
    return Checked(tuple(judged), _notes(decoded), _exit_code(judged))


def check_run(folder: Path, time_s: float, memory_mb: int) -> Checked:
    """Judge a run folder again and write its report anew."""
    plan = decode_plan(read_bytes(folder / "plan.json"), str(folder / "plan.json"))
    path = folder / HISTORY
    decoded = decode(read_bytes(path), str(path))
    old = _old_record(folder)
    system = load_system(plan.system)
    heal_ns, quiet_ns = (old.card.heal_ns, old.card.quiet_ns) if old else (None, None)
    specs = claims_for(plan, system, heal_ns, quiet_ns)
    judged = judge(path, specs, time_s=time_s, memory_mb=memory_mb)
    claims = claim_results(plan, system, judged)
    card = _renewed(old.card, claims) if old else _recovered(folder, plan, decoded, claims)
    record = RunRecord(card, decoded.history, claims, old.roles if old else ())
    keep(folder, record)
    return Checked(tuple(judged), _notes(decoded), card.exit_code, record, folder)


def _old_record(folder: Path) -> RunRecord | None:
    if not (folder / "card.json").exists():
        return None
    try:
        return archive.read(folder)
    except archive.ArchiveError as error:
        raise ConfigError(f"{error.path}: {error.problem}", fix=error.fix) from error


def read_bytes(path: Path) -> bytes:
    """A file's content; raises ConfigError naming it when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", fix="give a run folder or a history file") from None


def _notes(decoded: Decoded) -> tuple[str, ...]:
    unfinished = () if decoded.complete else ("the history has no footer: its writer did not finish",)
    torn = (decoded.torn,) if decoded.torn else ()
    return (*unfinished, *torn, *decoded.notes)


def _exit_code(judged: list[Judged]) -> int:
    if any(isinstance(j.verdict, Invalid) for j in judged):
        return EXIT_ANOMALY
    return EXIT_INCONCLUSIVE if any(isinstance(j.verdict, Unknown) for j in judged) else EXIT_VALID


def _renewed(card: RunCard, claims: tuple[Any, ...]) -> RunCard:
    """The old card under new verdicts; what made it fail or doubtful stays."""
    stays = card.outcome in ("failed", "interrupted", "inconclusive")
    weighed = weigh(
        [c.verdict for c in claims],
        failures=card.reasons if card.outcome == "failed" else (),
        doubts=card.reasons if stays and card.outcome == "inconclusive" else (),
        interrupted=card.exit_code if card.outcome == "interrupted" else None,
        expect=card.expect,
        failure_code=card.exit_code,
    )
    return msgspec.structs.replace(
        card,
        outcome=weighed.outcome,
        reasons=weighed.reasons,
        as_expected=weighed.as_expected,
        exit_code=weighed.exit_code,
    )


def _recovered(folder: Path, plan: RunPlan, decoded: Decoded, claims: tuple[Any, ...]) -> RunCard:
    """A card for a run whose controller was killed before it could write one."""
    history = decoded.history
    start = int(history.call_ns.min()) if len(history) else 0
    ends = history.return_ns[history.return_ns != OPEN_NS]
    reason = "the controller was killed before it could finish; this report is made from the journal"
    weighed = weigh(
        [c.verdict for c in claims], failures=(), doubts=(reason,), interrupted=None, expect=plan.expect
    )
    ok = history.outcome == Outcome.OK
    return RunCard(
        run_id=folder.name,
        system=plan.system,
        workload=plan.workload,
        seed=plan.seed,
        plan_digest=plan.digest(),
        nodes=plan.nodes,
        outcome=weighed.outcome,
        expect=plan.expect,
        as_expected=weighed.as_expected,
        exit_code=weighed.exit_code,
        reasons=weighed.reasons or (reason,),
        started_at="",
        start_ns=start,
        end_ns=int(ends.max()) if len(ends) else start,
        heal_ns=None,
        recovery_s=recovery_s(history, None),
        first_ok_s=(int(history.return_ns[ok].min()) - start) / 1e9 if ok.any() else None,
        faults_planned=len(plan.faults.faults),
        phases=(),
        config=config_shown(plan),
        environment=environment(plan.place),
        replay=replay_of(plan, str(folder)),
        notes=_notes(decoded),
    )
