"""The obvious judges: every world that the definition allows is tried, one after the other.

Invariants: no memory, no reduction; of the package `checkers` only the history is used.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from checkers.history import History, Op, Outcome
from tests.oracles.claims.histories import QUIET_NS


def name_of(value: Any) -> str:
    """A JSON value as its text: true is not 1, 1 is not 1.0."""
    return json.dumps(value)


def keys_of(history: History) -> list[Any]:
    """The keys that were not only read (of those, nobody knows what they are), in order of first update."""
    return list(dict.fromkeys(op.key for op in history if op.f != "read"))


def ended(op: Op) -> bool:
    """Whether it ended before the quiet time, as far as its client knows."""
    return op.given_up_ns is not None and op.given_up_ns <= QUIET_NS


def final_reads(history: History, key: Any) -> list[Op]:
    """The final reads of a key that succeeded."""
    return [
        op
        for op in history
        if op.key == key and op.f == "read" and op.outcome == Outcome.OK and op.call_ns >= QUIET_NS
    ]


def diverged(history: History) -> tuple[set[Any], bool]:
    """The keys of which two final reads differ, and whether two nodes could be compared at all."""
    bad, compared = set(), False
    for key in {op.key for op in history}:
        updates = [op for op in history if op.key == key and op.f != "read" and op.outcome != Outcome.FAIL]
        if not all(map(ended, updates)):
            continue
        is_set = any(op.f == "add" and op.key == key for op in history)
        for one, other in itertools.combinations(final_reads(history, key), 2):
            if name_of(one.input) != name_of(other.input):
                continue
            compared = compared or one.node != other.node
            answers = [
                sorted({name_of(v) for v in op.output}) if is_set else name_of(op.output)
                for op in (one, other)
            ]
            if answers[0] != answers[1]:
                bad.add(key)
    return bad, compared


def presences(makers: Sequence[Op], takers: Sequence[tuple[Op, bool]]) -> set[bool]:
    """Whether a thing can be there at last, and whether it can be missing.

    makers: what put it there, or may have (INFO: up to twice). takers: what took it away or may have; each
    takes away any of the puts that it has seen. The flag says that it surely has seen one: if any was called
    by then, it is one of those.
    """
    found = set()
    chances = [range(3) if op.outcome == Outcome.INFO else (1,) if ended(op) else range(2) for op in makers]
    for numbers in itertools.product(*chances):
        puts = [(i, n) for i, number in enumerate(numbers) for n in range(number)]
        choices = []
        for taker, surely in takers:
            could = [i for i, op in enumerate(makers) if op.call_ns <= taker.return_ns]
            choices.append(
                [
                    taken
                    for taken in _subsets(puts)
                    if not surely or not could or any(i in could for i, _ in taken)
                ]
            )
        for taken in itertools.product(*choices):
            found.add(bool(set(puts).difference(*taken)))
    return found


def _subsets(puts: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], ...]]:
    for size in range(len(puts) + 1):
        yield from itertools.combinations(puts, size)


def set_anomalies(history: History) -> set[tuple[str, Any]]:
    """(anomaly, key) of all that is wrong with sets."""
    found = set()
    for key in keys_of(history):
        own = [op for op in history if op.key == key and op.outcome != Outcome.FAIL]
        reads = [op for op in own if op.f == "read" and op.outcome == Outcome.OK]
        values = {name_of(op.input) for op in own if op.f != "read"}
        for read in reads:
            shown = [name_of(v) for v in read.output]
            if len(set(shown)) < len(shown):
                found.add(("repeated", key))
            for value in {*values, *shown}:
                adds = [op for op in own if op.f == "add" and name_of(op.input) == value]
                if value in shown and not any(op.call_ns <= read.return_ns for op in adds):
                    found.add(("unexpected", key))
                if read.call_ns < QUIET_NS or not adds:
                    continue
                removes = [
                    (op, op.outcome == Outcome.OK and op.output is True and ended(op))
                    for op in own
                    if op.f == "remove" and name_of(op.input) == value
                ]
                possible = presences(adds, removes)
                if (value in shown) not in possible:
                    found.add(("resurrected" if value in shown else "lost", key))
    return found


def returned_values(history: History) -> set[Any]:
    """The keys of which a final read shows a value that cannot be there."""
    bad = set()
    for key in keys_of(history):
        own = [op for op in history if op.key == key and op.outcome != Outcome.FAIL]
        for read in final_reads(history, key):
            value = name_of(read.output)
            writes = [op for op in own if op.f == "write" and name_of(op.input) == value]
            writes += [
                op
                for op in own
                if op.f == "cas"
                and name_of(op.input[1]) == value
                and not (op.outcome == Outcome.OK and op.output is False)
            ]
            deletes = [
                (op, True)
                for op in own
                if op.f == "delete" and op.outcome == Outcome.OK and name_of(op.output) == value and ended(op)
            ]
            if read.output is not None and writes and True not in presences(writes, deletes):
                bad.add(key)
    return bad


def counter_anomalies(history: History) -> set[tuple[str, Any]]:
    """(anomaly, key) of all that is wrong with counters: every choice of increments is added up."""
    found = set()
    for key in keys_of(history):
        own = [op for op in history if op.key == key and op.outcome != Outcome.FAIL]
        increments = [op for op in own if op.f == "increment"]
        for read in (op for op in own if op.f == "read" and op.outcome == Outcome.OK):
            called = [op for op in increments if op.call_ns <= read.return_ns]
            final = read.call_ns >= QUIET_NS
            sure = [op for op in called if final and op.outcome == Outcome.OK and ended(op)]
            rest = [op for op in called if op not in sure]
            sums = {
                sum(op.input for op in (*sure, *some))
                for size in range(len(rest) + 1)
                for some in itertools.combinations(rest, size)
            }
            if read.output < min(sums):
                found.add(("counter-too-low", key))
            elif read.output > max(sums):
                found.add(("counter-too-high", key))
            elif final and read.output not in sums:
                found.add(("counter-impossible-sum", key))
    return found
