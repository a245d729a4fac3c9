"""The claim that a replicated set keeps what was added and not removed, and nothing else.

After Jepsen's `set-full` checker, with removes in the sense of an observed-remove set (Shapiro et al., "A
comprehensive study of convergent and commutative replicated data types", 2011, section 3.3.5): a remove
takes away the adds that it has seen, so an element that was added once, and whose remove answered true, can
never come back. An element added twice can: its second add may be one that the remove had not seen.

Invariants: pure; judged leniently is whatever may be legal: an add or a remove without an answer may happen
at any time, also twice where a client tries again; a remove of an element, whatever it answered, excuses its
absence.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from checkers.anomalies import LOST, REPEATED, RESURRECTED, UNEXPECTED
from checkers.history import History, Op, Outcome
from checkers.identity import identity
from checkers.lincheck.evidence import any_key
from checkers.lincheck.models.values import words
from checkers.replicas import acknowledged, clause, elements, of_kind, some
from checkers.verdict import Invalid, Unknown, Valid, Verdict


class _Found(NamedTuple):
    """One anomaly of one element."""

    anomaly: str
    key: Any
    element: Any
    sentence: str


@dataclass(slots=True)
class _Element:
    """What was done to one element: adds and removes that happened or may have."""

    value: Any
    adds: list[Op] = field(default_factory=list)
    removes: list[Op] = field(default_factory=list)

    def kept(self, quiet_ns: int) -> Op | None:
        """The add because of which every final read must show it; None if there is none."""
        if self.removes:
            return None
        return next((op for op in self.adds if acknowledged(op, quiet_ns)), None)

    def gone(self, quiet_ns: int) -> Op | None:
        """The remove because of which no final read may show it; None if there is none."""
        if len(self.adds) != 1 or self.adds[0].outcome != Outcome.OK:
            return None
        # A remove that answered before the add was called cannot have seen it, whatever it says.
        return next(
            (
                op
                for op in self.removes
                if op.output is True and acknowledged(op, quiet_ns) and op.return_ns >= self.adds[0].call_ns
            ),
            None,
        )


class Sets:
    """Final reads show what was added and not removed; no read shows anything else. A `checkers.claim.Claim`.

    quiet_ns: see `checkers.replicas`. An add that failed has not happened, so it explains no element.
    """

    name = "sets"
    promise = "what was added and not removed is in the set at last; what was removed or never added is not"
    anomalies: tuple[str, ...] = (LOST, RESURRECTED, UNEXPECTED, REPEATED)

    def __init__(self, quiet_ns: int) -> None:
        self.quiet_ns = quiet_ns

    def __call__(self, history: History) -> Verdict:
        """Judge `history`. Raises ValueError for a key of no one kind and a set that is read as no list."""
        parts = list(of_kind(history, "set"))
        checked = sum(map(len, parts))
        found = [one for part in parts for one in _found(part, self.quiet_ns)]
        unread = [part[0].key for part in parts if not any(_is_final(op, self.quiet_ns) for op in part)]
        notes = [f"no final read of {some(unread)}"] if unread else []
        if found:
            worst = min(found, key=lambda one: self.anomalies.index(one.anomaly))
            for name in self.anomalies:
                those = {
                    (identity(one.key), identity(one.element)): one for one in found if one.anomaly == name
                }
                if those:
                    notes.append(f"{name}: {some(one.element for one in those.values())}")
            keys = {identity(one.key): one.key for one in found}
            told = any_key(worst.key) + worst.sentence
            return Invalid(
                checked, told, bad_keys=tuple(keys.values()), notes=tuple(notes), anomaly=worst.anomaly
            )
        if len(unread) == len(parts):
            return Unknown("no final reads of a set", checked)
        return Valid(checked, notes=tuple(notes))


def _is_final(op: Op, quiet_ns: int) -> bool:
    return op.f == "read" and op.outcome == Outcome.OK and op.call_ns >= quiet_ns


def _found(part: History, quiet_ns: int) -> Iterator[_Found]:
    """Everything wrong with the reads of one key, in order of call."""
    known: dict[Hashable, _Element] = {}
    reads: list[Op] = []
    for op in part:
        if op.f == "read":
            reads += [op] if op.outcome == Outcome.OK else []
        elif op.outcome != Outcome.FAIL:
            one = known.setdefault(identity(op.input), _Element(op.input))
            (one.adds if op.f == "add" else one.removes).append(op)
    kept = {name: add for name, one in known.items() if (add := one.kept(quiet_ns))}
    gone = {name: remove for name, one in known.items() if (remove := one.gone(quiet_ns))}
    for read in reads:
        seen: set[Hashable] = set()
        for value in elements(read):
            name = identity(value)
            if name in seen:
                yield _told(REPEATED, read, value, "shows it twice")
            seen.add(name)
            adds = known[name].adds if name in known else []
            if not any(op.call_ns <= read.return_ns for op in adds):
                yield _told(UNEXPECTED, read, value, "shows it, but nobody had called an add of it")
        if read.call_ns >= quiet_ns:
            for name in (name for name in kept if name not in seen):
                why = f"does not show it, though its add {clause(kept[name])} succeeded and nobody removed it"
                yield _told(LOST, read, known[name].value, why)
            for name in (name for name in gone if name in seen):
                why = f"shows it, though a remove {clause(gone[name])} had taken it and nobody added it again"
                yield _told(RESURRECTED, read, known[name].value, why)


def _told(anomaly: str, read: Op, element: Any, why: str) -> _Found:
    when = "final " if anomaly in (LOST, RESURRECTED) else ""
    told = f"element {words(element)} is {anomaly}: the {when}read {clause(read)} {why}"
    return _Found(anomaly, read.key, element, told)
