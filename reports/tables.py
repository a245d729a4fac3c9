"""The rows of the report's tables: a record's data as words, ready for the template.

Laws: strings only, already clipped (long ones keep their head and say what is missing) but not yet escaped:
that is the template's part; times are seconds since the start of the workload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checkers.anomalies import explained
from checkers.history import Disturbance
from checkers.verdict import CounterExample, EvidenceOp, Invalid, Unknown, word
from reports.record import ClaimResult, RunRecord
from reports.strength import Strength
from reports.words import clip, count, duration, one_line, percent, seconds, value, visible

CELL = 300
EVIDENCE_LINES = 3
EVIDENCE_LINE = 400
MOST_FAULTS = 500
MOST_NOTES = 50
OUTCOME_WORDS = {"ok": "ok", "fail": "failed", "info": "unknown"}
PLACED, STUCK, UNPLACED = "placed", "stuck", "unplaced"


@dataclass(frozen=True, slots=True)
class StepRow:
    """One operation of a counter-example. kind: "placed" | "stuck" | "unplaced"; order: its number in the
    legal order, or "".
    """

    order: str
    kind: str
    process: str
    operation: str
    node: str
    outcome: str
    called: str
    returned: str
    told: str


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault. `evidence`: its first lines; `more`: the others, folded away."""

    id: str
    kind: str
    what: str
    requested: str
    begun: str
    ended: str
    status: str
    evidence: tuple[str, ...]
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One judged claim; verdict: "valid" | "invalid" | "unknown". anomaly, explained: the name of what was
    found and the sentence that explains it; empty if nothing was found or it has no name.
    """

    name: str
    promise: str
    verdict: str
    anomaly: str
    explained: str
    told: str
    claimed: str
    taken: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the test strength with what it counts."""

    label: str
    number: str
    detail: str = ""
    warn: bool = False


def step_rows(found: CounterExample, origin_ns: int) -> list[StepRow]:
    """The counter-example's operations in order of call."""
    placed = {step.index: (n, step.state) for n, step in enumerate(found.order, 1)}
    stuck = {s.index: s.why for s in found.stuck}
    return [_step(op, placed, stuck, origin_ns) for op in found.ops]


def _step(
    op: EvidenceOp, placed: dict[int, tuple[int, str]], stuck: dict[int, str], origin_ns: int
) -> StepRow:
    if op.index in stuck:
        order, kind, told = "", STUCK, stuck[op.index]
    elif op.index in placed:
        order, kind, told = str(placed[op.index][0]), PLACED, f"state {placed[op.index][1]}"
    else:
        order, kind, told = "", UNPLACED, "not reached: it comes after those that cannot be placed"
    outcome = OUTCOME_WORDS.get(op.outcome.lower(), op.outcome)
    return StepRow(
        order=order,
        kind=kind,
        process=str(op.process),
        operation=clip(one_line(op.text), CELL),
        node=clip(one_line(op.node or "–"), 60),
        outcome=clip(outcome + (f": {one_line(op.error)}" if op.error else ""), CELL),
        called=seconds(op.call_ns, origin_ns),
        returned="never" if op.return_ns is None else seconds(op.return_ns, origin_ns),
        told=clip(one_line(told), CELL),
    )


def fault_rows(faults: Sequence[Disturbance], origin_ns: int) -> list[FaultRow]:
    """The first `MOST_FAULTS` faults in order of request."""
    return [_fault(f, origin_ns) for f in faults[:MOST_FAULTS]]


def _fault(fault: Disturbance, origin_ns: int) -> FaultRow:
    lines = tuple(clip(one_line(e), EVIDENCE_LINE) for e in fault.evidence)
    short = lines if len(lines) <= EVIDENCE_LINES and sum(map(len, lines)) <= CELL else lines[:1]
    return FaultRow(
        id=str(fault.id),
        kind=clip(one_line(fault.kind), 40),
        what=clip(one_line(fault.what or ", ".join(fault.targets)), CELL),
        requested=seconds(fault.requested_ns, origin_ns),
        begun="–"
        if fault.begun_ns is None or fault.status == "skipped"
        else seconds(fault.begun_ns, origin_ns),
        ended="–" if fault.ended_ns is None else seconds(fault.ended_ns, origin_ns),
        status=fault.status or "never begun",
        evidence=tuple(clip(e, 160) for e in short),
        more=lines[:200] if short != lines or any(len(e) > 160 for e in short) else (),
    )


def claim_rows(claims: Sequence[ClaimResult]) -> list[ClaimRow]:
    """The claims in the order judged."""
    return [_claim(c) for c in claims]


def _claim(claim: ClaimResult) -> ClaimRow:
    verdict = claim.verdict
    anomaly = verdict.anomaly if isinstance(verdict, Invalid) else ""
    told = f"{count(verdict.checked, 'operation')} judged"
    if isinstance(verdict, Unknown):
        told = f"{verdict.reason} ({told})"
    keys = getattr(verdict, "bad_keys", ())
    if keys:
        listed = ", ".join(clip(value(k), 40) for k in keys[:8]) + (", …" if len(keys) > 8 else "")
        told = f"{told}; broken for {count(len(keys), 'key')}: {listed}"
    return ClaimRow(
        name=clip(one_line(claim.name), 80),
        promise=clip(one_line(claim.promise), CELL),
        verdict=word(verdict),
        anomaly=clip(one_line(anomaly), 80),
        explained=clip(explained(anomaly), 2 * CELL),
        told=clip(one_line(told), 2 * CELL),
        claimed=_claimed(claim.claimed_by_system),
        taken=duration(claim.seconds),
        notes=tuple(clip(one_line(n), CELL) for n in verdict.notes[:MOST_NOTES]),
    )


def _claimed(by_system: bool | None) -> str:
    if by_system is None:
        return "the system states no claim"
    if by_system:
        return "the system claims this"
    return "the system claims less: judged by the workload's property all the same"


def figures(s: Strength) -> list[Figure]:
    """The numbers that tell how hard the run tested."""
    kinds = ", ".join(f"{one_line(k.kind)} {k.installed}/{k.total}" for k in s.by_kind[:6])
    other = [
        f"{n} {words}"
        for n, words in (
            (s.skipped, "skipped"),
            (s.indeterminate, "indeterminate"),
            (s.never_begun, "never begun"),
            (max(s.planned - s.reached, 0), "not reached"),
        )
        if n
    ]
    return [
        Figure("succeeded", f"{s.ok:,}", f"of {count(s.total, 'operation')}", s.ok < 100),
        Figure("failed", f"{s.fail:,}", "surely did not happen"),
        Figure("unknown", f"{s.info:,}", "may have happened"),
        Figure(
            "overlapped a fault",
            percent(s.overlap_share),
            "of the operations",
            s.installed > 0 and s.overlap_share < 0.05,
        ),
        Figure(
            "faults installed",
            f"{s.installed}/{s.planned}",
            "; ".join(filter(None, [clip(kinds, 90), *other])),
            s.installed < s.planned or s.planned == 0,
        ),
        Figure("leader changes", f"{s.leader_changes:,}", "by (term, leader)"),
        Figure("recovery", _maybe(s.recovery_s), "final heal to the next success"),
        Figure("first success", _maybe(s.first_ok_s), "after the command was given"),
    ]


def _maybe(s: float | None) -> str:
    return "–" if s is None else duration(s)


def settings(record: RunRecord) -> list[tuple[str, str]]:
    """The configuration in the card's order."""
    return [(clip(one_line(str(k)), 80), clip(value(v), CELL)) for k, v in record.card.config.items()]


def surroundings(record: RunRecord) -> list[tuple[str, str]]:
    """What names the run, then versions and place."""
    card = record.card
    own = [
        ("run", card.run_id),
        ("started", card.started_at),
        ("seed", str(card.seed)),
        ("plan digest", card.plan_digest),
        ("exit code", str(card.exit_code)),
    ]
    named = [(name, clip(one_line(told), CELL)) for name, told in own]
    return named + [
        (clip(one_line(str(k)), 80), clip(visible(str(v)), CELL)) for k, v in card.environment.items()
    ]
