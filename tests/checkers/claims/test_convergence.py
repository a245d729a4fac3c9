"""Convergence: what differs, what is a note only, and when nothing can be said."""

from __future__ import annotations

import pytest

from checkers.convergence import Convergence
from checkers.history import Outcome
from checkers.verdict import Invalid, Unknown, Valid
from tests.checkers.claims.runs import QUIET_NS, Run

judge = Convergence(QUIET_NS)


def test_the_sentence_names_key_nodes_and_values() -> None:
    run = Run().op("write", 3).op("write", 4).quiet()
    run.op("read", None, 3, node="n1").op("read", None, 4, node="n2").op("read", None, 4, node="n3")
    verdict = judge(run.history())
    assert isinstance(verdict, Invalid)
    assert verdict.anomaly == "diverged"
    assert verdict.bad_keys == ("x",)
    assert verdict.sentence == "key x: final reads differ: n1: 3; n2, n3: 4"


def test_sets_in_any_order_and_what_one_lacks() -> None:
    run = Run().op("add", 1).op("add", 2).quiet()
    same = run.op("read", None, [1, 2], node="n1").op("read", None, [2, 1], node="n2")
    assert isinstance(judge(same.history()), Valid)
    verdict = judge(same.op("read", None, [1], node="n3").history())
    assert isinstance(verdict, Invalid)
    assert verdict.sentence == "key x: final reads differ: 2 is shown by n1, n2 and not by n3"


def test_a_list_in_a_register_has_an_order() -> None:
    run = Run().op("write", [1, 2]).quiet()
    run.op("read", None, [1, 2], node="n1").op("read", None, [2, 1], node="n2")
    assert isinstance(judge(run.history()), Invalid)


def test_files_are_compared_path_by_path() -> None:
    run = Run().op("append", ["p", "a"]).op("append", ["q", "b"]).quiet()
    run.op("read", "p", "a", node="n1").op("read", "q", "b", node="n2")
    assert isinstance(judge(run.history()), Unknown)
    run.op("read", "p", None, node="n2")
    verdict = judge(run.history())
    assert isinstance(verdict, Invalid)
    assert verdict.sentence == 'key x: final reads of "p" differ: n1: "a"; n2: nil'


def test_a_key_without_a_final_read_at_a_node_is_a_note() -> None:
    run = Run().op("write", 3).op("write", 3, key="y").quiet()
    run.op("read", None, 3, node="n1").op("read", None, 3, node="n2").op("read", None, 3, node="n1", key="y")
    run.op("read", None, 4, node="n2", key="y", outcome=Outcome.FAIL)
    verdict = judge(run.history())
    assert isinstance(verdict, Valid)
    assert verdict.notes == ('no final read at n2 of "y"',)


def test_reads_before_the_quiet_time_are_not_final() -> None:
    run = Run().op("write", 3).op("read", None, None, node="n2").op("read", None, 3, node="n1")
    assert isinstance(judge(run.history()), Unknown)
    verdict = judge(run.quiet().op("read", None, 3, outcome=Outcome.INFO).history())
    assert isinstance(verdict, Unknown)
    assert verdict.reason.startswith("no final reads")


@pytest.mark.parametrize(
    ("outcome", "ended"), [(Outcome.OK, True), (Outcome.INFO, True), (Outcome.INFO, False)]
)
def test_a_key_that_was_still_updated_is_not_judged(outcome: Outcome, ended: bool) -> None:
    run = Run().op("write", 3)
    if ended:
        run.quiet()
    run.op("write", 4, outcome=outcome, ended=ended, process=1).quiet().op("read", None, 3, node="n1")
    run.now += 10
    verdict = judge(run.op("read", None, 4, node="n2").history())
    assert isinstance(verdict, Unknown)
    assert 'not judged, as updates had not ended when the quiet time began: "x"' in verdict.notes


def test_an_update_given_up_in_time_or_failed_does_not_excuse() -> None:
    for outcome in (Outcome.INFO, Outcome.FAIL):
        run = Run().op("write", 4, outcome=outcome).quiet()
        run.op("read", None, None, node="n1").op("read", None, 4, node="n2")
        assert isinstance(judge(run.history()), Invalid)


def test_one_node_alone_proves_nothing() -> None:
    run = Run().op("write", 3).quiet().op("read", None, 3).op("read", None, 3)
    verdict = judge(run.history())
    assert isinstance(verdict, Unknown)
    assert "nothing to compare" in verdict.reason


def test_operations_of_two_kinds_on_one_key_are_an_error() -> None:
    run = Run().op("add", 1).op("increment", 1).quiet().op("read", None, [1])
    with pytest.raises(ValueError, match='key "x" has operations of no one kind of object: add, increment'):
        judge(run.history())
    with pytest.raises(ValueError, match="a read of a set gives a list, not 7"):
        judge(Run().op("add", 1).quiet().op("read", None, 7).history())
