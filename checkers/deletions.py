"""The claim that what was deleted stays deleted.

A delete that answers with the value it removed has seen the write of that value. If the value was written
once only, no state that knows of the delete may show it again; a replica that was away and brings it back
breaks this (the reason for tombstones: Demers et al., "Epidemic algorithms for replicated database
maintenance", 1987, section 2: death certificates).

Invariants: pure; a value that may have been written more than once, or whose write has no answer (a client
may be trying it again), is never held against anybody; nil is no value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

from checkers.anomalies import RESURRECTED_VALUE
from checkers.history import History, Op, Outcome
from checkers.identity import identity
from checkers.lincheck.evidence import any_key
from checkers.lincheck.models.values import words
from checkers.replicas import acknowledged, clause, final_reads, of_kind, written
from checkers.verdict import Invalid, Unknown, Valid, Verdict


class Deletions:
    """No final read of a register gives a value that a delete has removed. A `checkers.claim.Claim`.

    quiet_ns: see `checkers.replicas`.
    """

    name = "deletions"
    promise = "a value that a delete has removed does not come back"
    anomalies: tuple[str, ...] = (RESURRECTED_VALUE,)

    def __init__(self, quiet_ns: int) -> None:
        self.quiet_ns = quiet_ns

    def __call__(self, history: History) -> Verdict:
        """Judge `history`. Raises ValueError for a key of no one kind and a cas whose input is no pair."""
        checked, deleted, told = 0, 0, []
        for part in of_kind(history, "register"):
            gone = _deleted(part, self.quiet_ns)
            finals = part.where(final_reads(part, self.quiet_ns))
            checked += len(part)
            deleted += len(gone) if len(finals) else 0
            told += [
                (read.key, any_key(read.key) + _sentence(read, gone[identity(read.output)]))
                for read in finals
                if identity(read.output) in gone
            ]
        if told:
            keys = {identity(key): key for key, _ in told}
            return Invalid(checked, told[0][1], bad_keys=tuple(keys.values()), anomaly=RESURRECTED_VALUE)
        if not final_reads(history, self.quiet_ns).any():
            return Unknown("no final reads", checked)
        if not deleted:
            return Unknown(
                "no final reads of a key from which a value was deleted that was written once", checked
            )
        return Valid(checked)


def _deleted(part: History, quiet_ns: int) -> dict[Hashable, Op]:
    """Per value that must not be there at last, the delete that removed it."""
    writes: dict[Hashable, list[Op]] = defaultdict(list)
    deletes: list[Op] = []
    for op in part:
        for value in written(op.f, op.input, op.output, op.outcome):
            writes[identity(value)].append(op)
        if op.f == "delete" and op.output is not None and acknowledged(op, quiet_ns):
            deletes.append(op)
    gone: dict[Hashable, Op] = {}
    for delete in deletes:
        name = identity(delete.output)
        match writes[name]:
            # One that was called only after the delete had answered is another's business: it may stay.
            case [write] if write.outcome == Outcome.OK and write.call_ns <= delete.return_ns:
                gone.setdefault(name, delete)
    return gone


def _sentence(read: Op, delete: Op) -> str:
    return (
        f"the final read {clause(read)} gives {words(read.output)}, although a delete {clause(delete)} had"
        " removed it and nobody wrote it again"
    )
