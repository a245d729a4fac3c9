"""Histories: columns, views, splitting, and that true is not 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome
from checkers.identity import identity


def op(process: int, call: int, end: int | None, f: str = "write", key: object = "x", **more: object) -> Op:
    """An OK operation, or an INFO one if it has no end."""
    outcome = Outcome.INFO if end is None else Outcome.OK
    back = OPEN_NS if end is None else end
    return replace(Op(0, process, f, key, None, None, outcome, call, back), **more)  # type: ignore[arg-type]


def test_rows_are_sorted_by_call_and_numbered() -> None:
    history = History.of([op(1, 5, 9), op(2, 1, None, given_up_ns=8), op(3, 3, 4)])
    assert [o.process for o in history] == [2, 3, 1]
    assert [o.index for o in history] == [0, 1, 2]
    assert history.call_ns.tolist() == [1, 3, 5]
    assert history.return_ns.tolist() == [OPEN_NS, 4, 9]
    assert [o.given_up_ns for o in history] == [8, 4, 9]
    assert history[-1] == history[2]


def test_equal_calls_keep_the_order_given() -> None:
    assert [o.process for o in History.of([op(p, 7, 9) for p in (4, 2, 3)])] == [4, 2, 3]


def test_true_is_not_one_nor_one_point_zero() -> None:
    keys = [1, True, 1.0, "1", None, [1], [True], 0, False]
    history = History.of([op(i, i, i, key=key) for i, key in enumerate(keys)])
    assert len(history.keys) == len(keys)
    assert [type(o.key) for o in history] == [type(k) for k in keys]
    parts = history.split_by_key()
    assert [part[0].key for part in parts.values()] == keys
    assert [part[0].index for part in parts.values()] == list(range(len(keys)))
    assert History.of([op(0, 1, 2, input=True)]) != History.of([op(0, 1, 2, input=1)])
    assert identity([True]) != identity([1])


def test_split_keeps_whole_indices_and_where_too() -> None:
    history = History.of([op(i, i, i + 5, key="ab"[i % 2]) for i in range(6)])
    parts = history.split_by_key()
    assert list(parts) == ["a", "b"]
    assert [o.index for o in parts["b"]] == [1, 3, 5]
    assert [o.index for o in parts["b"].where(parts["b"].process > 2)] == [3, 5]
    with pytest.raises(ValueError, match="booleans"):
        history.where(np.array([True]))


def test_columns_cannot_be_written() -> None:
    history = History.of([op(0, 1, 2)])
    with pytest.raises(ValueError, match="read-only"):
        history.call_ns[0] = 9


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (op(0, 5, 4), "returns at 4"),
        (op(0, -1, 4), "called at -1"),
        (op(0, 5, 6, outcome=Outcome.INFO), "INFO but returns"),
        (op(0, 5, None, given_up_ns=4), "given up at 4"),
        (op(0, 5, 6, given_up_ns=7), "other than its return_ns"),
    ],
)
def test_times_that_contradict_each_other_are_refused(bad: Op, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        History.of([bad])


def test_disturbances_are_sorted_and_unique() -> None:
    late, early = (Disturbance(i, "kill", ("n1",), "", t) for i, t in ((1, 9), (2, 3)))
    assert [d.id for d in History.of([], [late, early]).disturbances] == [2, 1]
    with pytest.raises(ValueError, match="must differ"):
        History.of([], [late, replace(late, requested_ns=4)])


def test_an_empty_history() -> None:
    assert len(History.of([])) == 0
    assert History.of([]).split_by_key() == {}
