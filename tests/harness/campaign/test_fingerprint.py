"""Fingerprints: the same for the same bug, whatever it is called and whenever it happens; else another."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from checkers.history import OPEN_NS, Disturbance
from checkers.verdict import CounterExample, EvidenceOp, PlacedStep, StuckOp
from harness.campaign.fingerprint import active_faults, fingerprint_of, shape_of, system_label


def op(index: int, f: str, call_ns: int, return_ns: int | None, **more: Any) -> EvidenceOp:
    given = {"process": index, "key": "x", "input": None, "output": None, "outcome": "ok", **more}
    return EvidenceOp(
        index=index, f=f, call_ns=call_ns, return_ns=return_ns, node="n1", error=None, text=f, **given
    )


def example(*ops: EvidenceOp) -> CounterExample:
    return CounterExample("x", "register", "nil", ops, (PlacedStep(0, "1"),), (StuckOp(1, "reads 2"),), 3)


def print_of(ops: tuple[EvidenceOp, ...], **more: Any) -> str:
    said: dict[str, Any] = {
        "system": "raft",
        "model": "register",
        "anomaly": "stale read",
        "faults": ("kill",),
    }
    return fingerprint_of(shape_of(**{**said, **more}, example=example(*ops)))


STALE = (
    op(4, "write", 10, 20, input=1),
    op(5, "write", 30, 40, input=2),
    op(9, "read", 45, 50, output=1, process=4),
    op(11, "cas", 46, None, input=[1, 2], outcome="info"),
)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["a", "b", "", 0.0, 1.0]))
OBJECTS = st.sampled_from("pq")
VALUES: st.SearchStrategy[Any] = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(OBJECTS, inner, max_size=2)),
    max_leaves=4,
)


@st.composite
def examples(draw: st.DrawFn) -> tuple[EvidenceOp, ...]:
    ops = []
    for index in range(draw(st.integers(1, 5))):
        call = draw(st.integers(0, 30))
        ends = draw(st.one_of(st.none(), st.integers(call, 40)))
        more = {"process": draw(st.integers(0, 3)), "key": draw(st.sampled_from(["x", "y", 1, True]))}
        values = {"input": draw(VALUES), "output": draw(VALUES)}
        ops.append(op(index, draw(st.sampled_from(["read", "write"])), call, ends, **more, **values))
    return tuple(ops)


@dataclass
class Renamer:
    """Gives every number and text another one, equal ones the same: a bijection."""

    shift: int
    known: dict[tuple[type, Any], Any] = field(default_factory=dict)

    def __call__(self, thing: Any) -> Any:
        if thing is None or isinstance(thing, bool):
            return thing
        if isinstance(thing, list):
            return [self(part) for part in thing]
        if isinstance(thing, dict):
            return {key: self(part) for key, part in thing.items()}
        new = [
            f"v{self.shift}.{len(self.known)}",
            self.shift + len(self.known),
            self.shift + len(self.known) + 0.5,
        ]
        return self.known.setdefault((type(thing), thing), new[(self.shift + len(self.known)) % 3])


@given(examples(), st.integers(0, 100), st.permutations(range(4)))
def test_it_is_the_same_under_other_names(
    ops: tuple[EvidenceOp, ...], shift: int, processes: list[int]
) -> None:
    value, keys = Renamer(shift), dict[tuple[type, Any], str]()
    renamed = tuple(
        replace(
            one,
            process=processes[one.process] + shift,
            key=keys.setdefault((type(one.key), one.key), f"key{shift + len(keys)}"),
            input=value(one.input),
            output=value(one.output),
        )
        for one in ops
    )
    assert print_of(renamed) == print_of(ops)


@given(examples(), st.integers(1, 10**15), st.integers(1, 1000), st.randoms())
def test_it_is_the_same_at_another_time_and_in_another_run(
    ops: tuple[EvidenceOp, ...], later: int, longer: int, chance: Any
) -> None:
    """Moved, stretched, elsewhere in its history, at other nodes, and told in another order."""
    moved = [
        replace(
            one,
            index=one.index * 7 + 1000,
            call_ns=one.call_ns * longer + later,
            return_ns=None if one.return_ns is None else one.return_ns * longer + later,
            node="elsewhere",
            error="timed out after 17 ms",
            text="other words",
        )
        for one in ops
    ]
    chance.shuffle(moved)
    assert print_of(tuple(moved)) == print_of(ops)


def test_operations_stand_in_order_of_call() -> None:
    first, second = op(5, "write", 10, 20, process=1), op(3, "read", 30, 40, process=1)
    assert print_of((first, second)) == print_of((replace(first, index=3), replace(second, index=5)))


def test_what_surrounds_the_operations_is_no_part_of_it() -> None:
    bare = CounterExample("other", "set", "7", STALE, (), (), 99)
    assert shape_of("raft", "m", "a", bare, ()) == shape_of("raft", "m", "a", example(*STALE), ())


def test_the_order_of_faults_is_no_part_of_it() -> None:
    assert print_of(STALE, faults=("kill", "pause")) == print_of(STALE, faults=("pause", "kill"))


@pytest.mark.parametrize(
    "other",
    [
        {"anomaly": "lost update"},
        {"model": "set"},
        {"system": "paxos"},
        {"system": "raft(mode=a)"},
        {"faults": ()},
        {"faults": ("pause",)},
        {"faults": ("kill", "pause")},
    ],
)
def test_another_shape_is_another_fingerprint(other: dict[str, Any]) -> None:
    assert print_of(STALE, **other) != print_of(STALE)


def changed(place: int, **more: Any) -> tuple[EvidenceOp, ...]:
    return (*STALE[:place], replace(STALE[place], **more), *STALE[place + 1 :])


@pytest.mark.parametrize(
    "ops",
    [
        STALE[:3],
        changed(0, f="append"),
        changed(2, output=2),  # the other value
        changed(2, output=3),  # one that nobody wrote
        changed(2, output=None),
        changed(2, output=True),
        changed(2, output=1.0),
        changed(2, output="1"),
        changed(2, output=[1]),
        changed(2, output={"a": 1}),
        changed(0, input=2, output=1),
        changed(2, process=9),
        changed(2, key="y"),
        changed(2, outcome="fail"),
        changed(3, input=[2, 1]),
        changed(3, outcome="ok"),
        changed(0, return_ns=None),
        changed(0, return_ns=30),  # returns when the second begins: they overlap
        changed(1, return_ns=47),
        changed(0, call_ns=31, return_ns=32),  # after the second
        changed(3, call_ns=51),
    ],
)
def test_other_operations_are_another_fingerprint(ops: tuple[EvidenceOp, ...]) -> None:
    assert print_of(ops) != print_of(STALE)


def test_an_operation_that_returns_before_another_begins_is_told_apart_to_the_nanosecond() -> None:
    prints = [print_of((op(0, "w", 0, 10), op(1, "r", call, 20))) for call in (9, 10, 11, 12)]
    assert prints[0] == prints[1] != prints[2] == prints[3]


def test_numbers_and_truth_are_different_values() -> None:
    pairs = [
        print_of((op(0, "w", 0, 1, input=1), op(1, "r", 2, 3, output=v))) for v in (1, 1.0, True, None, "1")
    ]
    assert len(set(pairs)) == 4
    assert pairs[1] == pairs[4], "each is a value that was not written"
    assert print_of((op(0, "w", 0, 1, input=True),)) != print_of((op(0, "w", 0, 1, input=False),))
    assert print_of((op(0, "w", 0, 1, key=1), op(1, "r", 2, 3, key=True))) != print_of(
        (op(0, "w", 0, 1, key=1), op(1, "r", 2, 3, key=1))
    )


def test_the_shape_in_full() -> None:
    assert shape_of("raft(mode=a)", "register", "stale read", example(*STALE), ("pause", "kill")) == (
        '{"anomaly":"stale read","faults":["kill","pause"],"model":"register","ops":['
        '[0,"write",0,"v0",null,"ok",0],[1,"write",0,"v1",null,"ok",1],'
        '[0,"read",0,null,"v0","ok",2],[2,"cas",0,["v0","v1"],null,"info",2]],"system":"raft(mode=a)"}'
    )
    assert shape_of("raft", "m", "a", None, ()) == (
        '{"anomaly":"a","faults":[],"model":"m","ops":[],"system":"raft"}'
    )


def test_a_fingerprint_is_twelve_digits_of_the_shape() -> None:
    assert fingerprint_of("") == "e3b0c44298fc"
    assert fingerprint_of("ä") != fingerprint_of("a")


def test_objects_are_the_same_in_any_order_of_keys() -> None:
    one, other = {"a": 1, "b": [2, None]}, {"b": [2, None], "a": 1}
    assert print_of((op(0, "w", 0, 1, input=one),)) == print_of((op(0, "w", 0, 1, input=other),))


PROGRAM = """
from tests.harness.campaign.test_fingerprint import STALE, print_of, op
from harness.campaign.fingerprint import system_label
values = [{"q": 1, "p": {"b": 2, "a": [1, "x", None]}}, "x", 1]
print(print_of(STALE, faults=tuple({"kill", "pause", "clock"})))
print(print_of(tuple(op(n, "w", n, None, input=v) for n, v in enumerate(values))))
print(system_label("raft", {k: "1" for k in {"a", "b", "c"}}, {}))
"""


def test_every_process_finds_the_same() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(told) == 1
    assert len(told.pop().split()) == 3


@pytest.mark.parametrize(
    ("reference", "options", "label"),
    [
        ("raft", {}, "raft"),
        ("primary-backup", {"mode": "sync", "acks": "2"}, "primary-backup(acks=2,mode=sync)"),
        ("primary-backup", {"mode": "async", "acks": "2"}, "primary-backup(acks=2)"),
        ("/home/me/mine.py:System", {}, "mine.py:System"),
        ("mine.py:System", {"a": "b"}, "mine.py:System(a=b)"),
        ("../a:b/mine.py:Other", {}, "mine.py:Other"),
        ("my.module:System", {}, "my.module:System"),
    ],
)
def test_the_label_of_a_system(reference: str, options: dict[str, str], label: str) -> None:
    """The options that are not its defaults; not where its file lies."""
    assert system_label(reference, options, {"mode": "async", "other": "x"}) == label


def fault(
    kind: str, begun_ns: int | None, ended_ns: int | None, status: str | None = "installed"
) -> Disturbance:
    return Disturbance(0, kind, ("n1",), kind, 0, begun_ns, ended_ns, status)


@pytest.mark.parametrize(
    ("begun", "ended", "active"),
    [
        (0, 9, False),
        (0, 10, True),
        (50, 60, True),
        (51, 60, False),
        (20, 30, True),
        (0, 99, True),
        (0, None, True),
        (50, None, True),
        (51, None, False),
        (10, 10, True),
        (None, None, False),
        (None, 20, False),
    ],
)
def test_faults_that_were_active_meanwhile(begun: int | None, ended: int | None, active: bool) -> None:
    """From the first call to the last return, both inclusive."""
    ops = (op(0, "w", 10, 20), op(1, "r", 30, 50), op(2, "r", 30, 40))
    assert active_faults(example(*ops), [fault("kill", begun, ended)]) == (("kill",) if active else ())


@pytest.mark.parametrize("status", ["skipped", "indeterminate", None])
def test_faults_that_were_not_installed_never_count(status: str | None) -> None:
    assert active_faults(example(*STALE), [fault("kill", 0, 99, status)]) == ()
    assert active_faults(None, [fault("kill", 0, 99, status)]) == ()


def test_an_open_operation_lasts_to_its_call_at_least() -> None:
    open_ones = (op(0, "w", 10, 20), op(1, "w", 40, None))
    assert active_faults(example(*open_ones), [fault("kill", 40, 41), fault("pause", 41, 42)]) == ("kill",)
    assert active_faults(example(op(0, "w", 10, None)), [fault("kill", 10, 10)]) == ("kill",)


def test_kinds_are_sorted_and_told_once() -> None:
    faults = [fault("pause", 0, 99), fault("kill", 0, 99), fault("pause", 5, None), fault("clock", 90, 99)]
    assert active_faults(example(*STALE), faults) == ("kill", "pause")
    assert active_faults(None, faults) == ("clock", "kill", "pause")
    assert active_faults(example(), faults) == ("clock", "kill", "pause")
    assert active_faults(None, [fault("kill", OPEN_NS - 1, None)]) == ("kill",)
    assert active_faults(None, []) == ()
