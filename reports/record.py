"""What is known of one run after it ended: the card (what was asked, where, how it went) and the record (card
+ history + verdicts).

Invariants: plain data, JSON both ways (msgspec); nothing here is drawn and nothing touches disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from checkers.verdict import Verdict

if TYPE_CHECKING:  # cards are read where there is no history, and numpy is slow to import
    from checkers.history import History

Phase = Literal["setup", "workload", "analysis", "teardown"]


class PhaseTime(msgspec.Struct, frozen=True):
    """How long a phase took; `error` is the one-line failure that ended it, if one did."""

    name: Phase
    seconds: float
    error: str | None = None


class RolePoint(msgspec.Struct, frozen=True):
    """At `time_ns` (the history's clock) `node` took `role` in `term`. `leads`: it is the leader or
    primary.
    """

    time_ns: int
    node: str
    term: int
    role: str
    leads: bool


class ClaimResult(msgspec.Struct, frozen=True):
    """One judged claim: `name` ("linearizable register"), the promise in words, whether the system promises
    it, the verdict.
    """

    name: str
    promise: str
    verdict: Verdict
    seconds: float
    claimed_by_system: bool | None = None


class RunCard(msgspec.Struct, frozen=True):
    """What was asked and how it went.

    outcome: "valid" | "anomaly" | "inconclusive" | "failed" | "interrupted"; as_expected: whether that is
    what `expect` wanted. reasons: sentences, why inconclusive or failed, the most telling first.
    start_ns/end_ns: the workload on the history's clock; heal_ns: when the final heal was done. recovery_s:
    final heal to the first OK operation invoked after it. faults_planned: number in the plan. config: what
    the user chose and the defaults that applied, in order of interest. environment: versions, kernel, place,
    cores. replay: the exact command. skipped: the kinds of planned faults that could not be applied there;
    notes say why. quiet_ns: from when on reads are the last ones, None if there were none.
    """

    run_id: str
    system: str
    workload: str
    seed: int
    plan_digest: str
    nodes: tuple[str, ...]
    outcome: str
    expect: Literal["valid", "anomaly"]
    as_expected: bool
    exit_code: int
    reasons: tuple[str, ...]
    started_at: str
    start_ns: int
    end_ns: int
    heal_ns: int | None
    recovery_s: float | None
    first_ok_s: float | None
    faults_planned: int
    phases: tuple[PhaseTime, ...]
    config: dict[str, Any]
    environment: dict[str, str]
    replay: str
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    quiet_ns: int | None = None


class RunRecord:
    """One run, whole: what a report is drawn from."""

    __slots__ = ("card", "claims", "history", "roles")

    def __init__(
        self,
        card: RunCard,
        history: History,
        claims: tuple[ClaimResult, ...],
        roles: tuple[RolePoint, ...] = (),
    ) -> None:
        self.card = card
        self.history = history
        self.claims = claims
        self.roles = roles
