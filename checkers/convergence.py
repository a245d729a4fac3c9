"""The claim that nodes agree once everything has been quiet for a while: eventual convergence (Shapiro et
al., "Conflict-free replicated data types", 2011, section 2).

Invariants: pure; judged are only keys all of whose updates ended before the quiet time; a key that was read
at one node only is no evidence of anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from checkers.anomalies import DIVERGED
from checkers.history import History, Op
from checkers.identity import identity
from checkers.lincheck.evidence import any_key
from checkers.lincheck.models.values import words
from checkers.replicas import Kind, elements, final_reads, kinds_of, settled, some, updates, who
from checkers.verdict import Invalid, Unknown, Valid, Verdict

CLIPPED = 80  # characters of a value in a sentence


class Convergence:
    """Final reads of one key all give the same; of a set, in any order. A `checkers.claim.Claim`.

    quiet_ns: see `checkers.replicas`. Reads with inputs (of files: the path) are compared input by input.
    """

    name = "convergence"
    promise = "once faults and updates have ended, all nodes give the same answers"
    anomalies: tuple[str, ...] = (DIVERGED,)

    def __init__(self, quiet_ns: int) -> None:
        self.quiet_ns = quiet_ns

    def __call__(self, history: History) -> Verdict:
        """Judge `history`. Raises ValueError for a key of no one kind and a set that is read as no list."""
        finals = history.where(final_reads(history, self.quiet_ns))
        if not len(finals):
            return Unknown("no final reads: no read that was called in the quiet time succeeded")
        restless = _codes(history, updates(history) & ~settled(history, self.quiet_ns))
        notes = [*_restless(history, restless), *_absent(history, finals)]
        kinds = kinds_of(history)
        questions: dict[tuple[int, Hashable], list[Op]] = defaultdict(list)
        for code, op in zip(finals.key.tolist(), finals, strict=True):
            if code not in restless:
                questions[code, identity(op.input)].append(op)
        checked = sum(map(len, questions.values()))
        split = [
            (code, answers)
            for (code, _), ops in questions.items()
            if len(answers := _answers(ops, kinds[code])) > 1
        ]
        if split:
            keys = tuple(history.keys[code] for code in dict.fromkeys(code for code, _ in split))
            code, answers = split[0]
            told = any_key(history.keys[code]) + _sentence(answers, kinds[code])
            return Invalid(checked, told, bad_keys=keys, notes=tuple(notes), anomaly=DIVERGED)
        if not any(len({op.node for op in ops}) > 1 for ops in questions.values()):
            reason = "no final reads of one key at two nodes, so there is nothing to compare"
            return Unknown(reason, checked, tuple(notes))
        return Valid(checked, notes=tuple(notes))


def _codes(history: History, mask: Any) -> set[int]:
    return set(history.key[mask].tolist())


def _restless(history: History, restless: set[int]) -> list[str]:
    if not restless:
        return []
    keys = some(history.keys[code] for code in sorted(restless))
    return [f"not judged, as updates had not ended when the quiet time began: {keys}"]


def _absent(history: History, finals: History) -> list[str]:
    """Which updated keys have no final read at a node that answered final reads of others."""
    updated = sorted(_codes(history, updates(history)))
    known = [node is not None for node in finals.nodes]
    read = set(zip(finals.key.tolist(), finals.nodes, strict=True))
    notes = []
    for node in sorted(set(finals.nodes[np.array(known, dtype=np.bool_)])):
        missing = [history.keys[code] for code in updated if (code, node) not in read]
        if missing:
            notes.append(f"no final read at {node} of {some(missing)}")
    return notes


def _answers(ops: Iterable[Op], kind: Kind | None) -> list[list[Op]]:
    """The reads, those with the same answer together."""
    groups: dict[Hashable, list[Op]] = defaultdict(list)
    for op in ops:
        same = frozenset(map(identity, elements(op))) if kind == "set" else identity(op.output)
        groups[same].append(op)
    return list(groups.values())


def _sentence(answers: list[list[Op]], kind: Kind | None) -> str:
    one, other = answers[0], answers[1]
    asked = "" if one[0].input is None else f" of {words(one[0].input)}"
    if kind == "set":
        one, other = (one, other) if _beyond(one, other) else (other, one)
        told = f"{some(_beyond(one, other))} is shown by {_nodes(one)} and not by {_nodes(other)}"
    else:
        told = "; ".join(f"{_nodes(ops)}: {words(ops[0].output)[:CLIPPED]}" for ops in answers[:4])
    return f"final reads{asked} differ: {told}"


def _nodes(ops: Iterable[Op]) -> str:
    return ", ".join(dict.fromkeys(who(op) for op in ops))


def _beyond(one: list[Op], other: list[Op]) -> list[Any]:
    """The elements that the first reads have and the others have not."""
    known = {identity(e) for e in elements(other[0])}
    return [e for e in elements(one[0]) if identity(e) not in known]
