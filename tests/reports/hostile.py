"""A record with a stranger's string wherever a string can stand: markup, quotes, control and direction
characters, 10 KB.
"""

from __future__ import annotations

from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome
from checkers.verdict import CounterExample, EvidenceOp, Invalid, PlacedStep, StuckOp
from reports.record import ClaimResult, PhaseTime, RolePoint, RunRecord
from tests.reports.samples import at, card

NASTY = (
    "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>"
    "\"' & \u202eevil\u202c \u05d0\u05d1 \x00\x1b[31m " + "x" * 10_000
)


def hostile() -> RunRecord:
    """Strangers' strings wherever a string can stand."""
    op = EvidenceOp(0, 1, NASTY, NASTY, NASTY, NASTY, "ok", at(1), at(2), NASTY, NASTY, NASTY)
    late = EvidenceOp(
        1, 2, "read", NASTY, None, NASTY, "info", at(1.5), None, NASTY, NASTY, "read → ?" + NASTY
    )
    found = CounterExample(NASTY, NASTY, NASTY, (op, late), (PlacedStep(0, NASTY),), (StuckOp(1, NASTY),), 3)
    verdict = Invalid(2, NASTY, found, (NASTY, {"a": NASTY}), (NASTY,), NASTY, NASTY)
    ops = [
        Op(0, 1, "read", NASTY, NASTY, NASTY, Outcome.OK, at(1), at(2), None, NASTY, NASTY),
        Op(1, 2, "read", NASTY, None, None, Outcome.INFO, at(1.5), OPEN_NS, at(2.5), NASTY, NASTY),
    ]
    faults = [Disturbance(1, NASTY, (NASTY,), NASTY, at(0.5), at(0.6), at(3), "installed", (NASTY,) * 5)]
    changed = card(
        run_id=NASTY,
        system=NASTY,
        workload=NASTY,
        plan_digest=NASTY,
        nodes=(NASTY, "n2"),
        outcome="anomaly",
        as_expected=False,
        reasons=(NASTY,),
        started_at=NASTY,
        config={NASTY: NASTY},
        environment={NASTY: NASTY},
        replay="splitbrain run " + NASTY,
        notes=(NASTY,),
        phases=(PhaseTime("setup", 1.0, NASTY),),
        end_ns=at(4),
        heal_ns=at(3.5),
    )
    claims = (ClaimResult(NASTY, NASTY, verdict, 0.1, None),)
    roles = (RolePoint(at(0.1), NASTY, 1, NASTY, True), RolePoint(at(0.4), "n2", 1, "follower", False))
    return RunRecord(changed, History.of(ops, faults), claims, roles)
