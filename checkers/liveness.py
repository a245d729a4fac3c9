"""The claim that a cluster serves again soon after the last fault was healed.

Invariants: pure; silence is not evidence: a history that was not watched for the whole limit is Unknown,
unless it shows success.
"""

from __future__ import annotations

import numpy as np

from checkers.anomalies import NO_RECOVERY
from checkers.history import OPEN_NS, History, Outcome
from checkers.verdict import Invalid, Unknown, Valid, Verdict

SECOND_NS = 1_000_000_000


class Recovers:
    """An operation called at or after `heal_ns` succeeds within `limit_s` of it. A `checkers.claim.Claim`."""

    name = "recovers"
    anomalies: tuple[str, ...] = (NO_RECOVERY,)

    def __init__(self, heal_ns: int, limit_s: float) -> None:
        if not 0 < limit_s < float("inf"):
            raise ValueError(f"limit_s must be a positive number of seconds, not {limit_s}")
        self.heal_ns = heal_ns
        self.limit_s = limit_s
        self.promise = f"an operation succeeds within {limit_s:g} s of the final heal"

    def __call__(self, history: History) -> Verdict:
        """Judge `history`."""
        after = history.where(history.call_ns >= self.heal_ns)
        if not len(after):
            return Unknown("no operation was called after the final heal")
        limit_ns = self.heal_ns + round(self.limit_s * SECOND_NS)
        returns = after.return_ns[after.outcome == Outcome.OK]
        if len(returns) and int(returns.min()) <= limit_ns:
            return Valid(len(after))
        seen = np.concatenate([after.call_ns, after.given_up_ns])
        watched_ns = int(seen[seen < OPEN_NS].max())
        if watched_ns < limit_ns:
            watched = (watched_ns - self.heal_ns) / SECOND_NS
            reason = f"watched for {watched:.3f} s after the final heal only; the limit is {self.limit_s:g} s"
            return Unknown(reason, len(after))
        who = f"none of the {len(after)} operations called after the final heal"
        text = f"{who} succeeded within {self.limit_s:g} s"
        if len(returns):
            first = (int(returns.min()) - self.heal_ns) / SECOND_NS
            text = f"{text}; the first success came after {first:.3f} s"
        else:
            text = f"{text}, nor later"
        return Invalid(len(after), text, anomaly=NO_RECOVERY)
