"""Porcupine's own histories through Porcupine's API: its verdicts, with models written in Python."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest

from checkers.history import OPEN_NS, History, Op
from checkers.interop.porcupine import parse_etcd, parse_kv
from checkers.lincheck.porcupine import (
    CheckResult,
    LinearizationInfo,
    Model,
    Operation,
    check_operations,
    check_operations_verbose,
)

SHARED = Path(os.environ.get("SPLITBRAIN_SHARED", Path(__file__).parents[3].parent / "shared"))
LOGS = SHARED / "data" / "porcupine"
needs_logs = pytest.mark.skipif(
    not LOGS.is_dir(), reason=f"no histories in {LOGS}; set SPLITBRAIN_SHARED to their folder"
)
UNSEEN = "unseen"


def etcd_step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
    """A compare-and-set register, as in Porcupine's tests: an answer that was not seen may be any."""
    f, value = input
    if f == "read":
        return output in (UNSEEN, state), state
    if f == "write":
        return True, value
    old, new = value
    matches = state == old
    return output in (UNSEEN, matches), new if matches else state


def kv_step(state: str, input: Any, output: Any) -> tuple[bool, str]:
    """One key of a store of strings."""
    f, _, value = input
    if f == "get":
        return output == state, state
    return True, value if f == "put" else state + value


def by_key(history: Any) -> list[list[Operation]]:
    """One partition for each key."""
    parts: dict[str, list[Operation]] = {}
    for operation in history:
        parts.setdefault(operation.input[1], []).append(operation)
    return list(parts.values())


ETCD = Model(init=lambda: None, step=etcd_step)
KV = Model(init=lambda: "", step=kv_step, partition=by_key)


def _operation(op: Op, end: int, kv: bool) -> Operation:
    value = tuple(op.input) if isinstance(op.input, list) else op.input
    output = UNSEEN if op.return_ns == OPEN_NS else op.output
    return Operation(
        op.process, (op.f, op.key, value) if kv else (op.f, value), op.call_ns, output, min(op.return_ns, end)
    )


def load(name: str) -> tuple[Model, list[Operation]]:
    """A log as a user of Porcupine hands it in: what never returned gets a return at the end."""
    text = (LOGS / name).read_text(encoding="utf-8")
    kv = not name.startswith("jepsen/")
    history: History = parse_kv(text, name) if kv else parse_etcd(text, name)
    end = 2 + max((op.return_ns for op in history if op.return_ns != OPEN_NS), default=0)
    end = max(end, 1 + max(op.call_ns for op in history))
    return KV if kv else ETCD, [_operation(op, end, kv) for op in history]


def rows() -> list[dict[str, str]]:
    """Porcupine's verdicts by file."""
    with (LOGS / "verdicts.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


@needs_logs
def test_every_log_gets_porcupines_verdict() -> None:
    assert len(rows()) >= 60
    for row in rows():
        model, history = load(row["file"])
        assert check_operations(model, history) is (row["verdict"] == "Ok"), row


@needs_logs
def test_every_order_shown_for_a_log_is_legal() -> None:
    for row in rows()[::6]:
        model, history = load(row["file"])
        result, info = check_operations_verbose(model, history)
        assert result == CheckResult(row["verdict"]), row
        assert_orders_are_legal(model, info)


def assert_orders_are_legal(model: Model, info: LinearizationInfo) -> None:
    """Step by step, with none of the code that found them."""
    for orders in info.partial_linearizations_operations():
        for order in orders:
            state, latest = model.init(), order[0].call
            for operation in order:
                legal, state = model.step(state, operation.input, operation.output)
                assert legal
                assert operation.return_ >= latest, (
                    "an operation stands behind one that was called after its return"
                )
                latest = max(latest, operation.call)
