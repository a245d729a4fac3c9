"""The names of anomalies, and one sentence that explains each.

Invariants: every name that a claim can give to `Invalid.anomaly` is here; a name joined by "+" (several
guarantees broken by one contradiction) is made of names that are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NOT_LINEARIZABLE = "not-linearizable"
MALFORMED_ANSWER = "malformed-answer"
NO_RECOVERY = "no-recovery"
DIVERGED = "diverged"
LOST = "lost"
UNEXPECTED = "unexpected"
RESURRECTED = "resurrected"
REPEATED = "repeated"
RESURRECTED_VALUE = "resurrected-value"
COUNTER_TOO_LOW = "counter-too-low"
COUNTER_TOO_HIGH = "counter-too-high"
COUNTER_IMPOSSIBLE_SUM = "counter-impossible-sum"
MONOTONIC_READS = "monotonic-reads"
READ_YOUR_WRITES = "read-your-writes"
MONOTONIC_WRITES = "monotonic-writes"
WRITES_FOLLOW_READS = "writes-follow-reads"

ANOMALIES: Mapping[str, str] = MappingProxyType(
    {
        NOT_LINEARIZABLE: "No order of the operations that keeps to real time gives these answers.",
        MALFORMED_ANSWER: "An operation was answered with what no such operation answers.",
        NO_RECOVERY: "Nothing succeeded soon enough after the last fault was healed.",
        DIVERGED: "Nodes give different answers although faults and updates ended long before.",
        LOST: "An element whose add was acknowledged, and which nobody removed, is gone.",
        UNEXPECTED: "A read shows an element that nobody had added.",
        RESURRECTED: "An element that was seen and removed is back.",
        REPEATED: "A read shows an element of a set twice.",
        RESURRECTED_VALUE: "A value that was deleted is back although nobody wrote it again.",
        COUNTER_TOO_LOW: "A counter reads less than the increments that must be in it come to.",
        COUNTER_TOO_HIGH: "A counter reads more than all increments that can be in it come to.",
        COUNTER_IMPOSSIBLE_SUM: "A counter reads a value between its bounds that no choice of the increments"
        " without an answer comes to.",
        MONOTONIC_READS: "A session reads a version older than one it has read.",
        READ_YOUR_WRITES: "A session reads a version older than one it has written.",
        MONOTONIC_WRITES: "Two writes of a session are ordered the other way round.",
        WRITES_FOLLOW_READS: "A write is ordered before the version that its session had read.",
    }
)


def explained(anomaly: str) -> str:
    """The sentence for a name, or the sentences for names joined by "+"; empty for a name from elsewhere."""
    return " ".join(ANOMALIES[name] for name in anomaly.split("+") if name in ANOMALIES)
