"""Porcupine's own histories, with Porcupine's verdicts; and its logs' parser."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from checkers.codec import HistoryError
from checkers.history import History, Outcome
from checkers.interop.porcupine import parse_etcd, parse_kv
from checkers.lincheck import CasRegister, KeyValue, Model, check, fault_of
from checkers.verdict import Invalid, Valid

SHARED = Path(os.environ.get("SPLITBRAIN_SHARED", Path(__file__).parents[2].parent / "shared"))
LOGS = SHARED / "data" / "porcupine"


def _load(name: str) -> tuple[History, Model]:
    text = (LOGS / name).read_text(encoding="utf-8")
    if name.startswith("jepsen/"):
        return parse_etcd(text, name), CasRegister(failed_cas="observation")
    return parse_kv(text, name), KeyValue()


@pytest.mark.skipif(
    not LOGS.is_dir(), reason=f"no histories in {LOGS}; set SPLITBRAIN_SHARED to their folder"
)
def test_every_log_gets_porcupines_verdict() -> None:
    with (LOGS / "verdicts.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) >= 60
    for row in rows:
        history, model = _load(row["file"])
        verdict = check(history, model)
        assert isinstance(verdict, Valid if row["verdict"] == "Ok" else Invalid), (row, verdict)
        if isinstance(verdict, Valid):
            parts = history.split_by_key()
            for key, order in verdict.witness:
                assert fault_of(order, parts[key], model) is None, row


ETCD = """INFO  jepsen.util - 0\t:invoke\t:write\t3
INFO  jepsen.util - 1\t:invoke\t:cas\t[3 4]
INFO  jepsen.util - 0\t:info\t:write\t:timed-out
INFO  jepsen.util - 1\t:fail\t:cas\t[3 4]
INFO  jepsen.util - 2\t:invoke\t:read\tnil
"""


def test_an_etcd_log() -> None:
    write, cas, read = parse_etcd(ETCD, "log")
    assert (write.outcome, write.input, write.given_up_ns) == (Outcome.INFO, 3, 3)
    assert (cas.outcome, cas.input, cas.output, cas.call_ns, cas.return_ns) == (
        Outcome.OK,
        [3, 4],
        False,
        2,
        4,
    )
    assert (read.outcome, read.given_up_ns) == (Outcome.INFO, None)


@pytest.mark.parametrize(
    ("text", "line"),
    [("hello", 1), (ETCD + ETCD, 10), (ETCD.replace("[3 4]", "x"), 2), (ETCD[ETCD.index("\n") + 1 :], 2)],
)
def test_a_damaged_log_is_one_clear_error(text: str, line: int) -> None:
    with pytest.raises(HistoryError) as caught:
        parse_etcd(text, "log")
    assert caught.value.line == line
