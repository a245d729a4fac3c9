"""Sets and deletions: each anomaly, and what must not be called one."""

from __future__ import annotations

from checkers.deletions import Deletions
from checkers.history import Outcome
from checkers.sets import Sets
from checkers.verdict import Invalid, Unknown, Valid
from tests.checkers.claims.runs import QUIET_NS, Run

sets, deletions = Sets(QUIET_NS), Deletions(QUIET_NS)


def found(run: Run) -> str:
    verdict = sets(run.history())
    return verdict.anomaly if isinstance(verdict, Invalid) else type(verdict).__name__


def final(run: Run, *elements: object) -> Run:
    return run.quiet().op("read", None, list(elements), node="n2")


def test_lost() -> None:
    verdict = sets(final(Run().op("add", 1).op("add", 2), 2).history())
    assert isinstance(verdict, Invalid)
    assert (verdict.anomaly, verdict.bad_keys, verdict.notes) == ("lost", ("x",), ("lost: 1",))
    assert verdict.sentence == (
        "key x: element 1 is lost: the final read (operation 2 of process 0 at n2) does not show it, though"
        " its add (operation 0 of process 0 at n1) succeeded and nobody removed it"
    )
    assert found(final(Run().op("add", 1).op("add", 1))) == "lost"
    assert found(final(Run().op("add", 1).op("remove", 1, False, outcome=Outcome.FAIL))) == "lost"


def test_not_lost() -> None:
    assert found(final(Run().op("add", 1, outcome=Outcome.INFO))) == "Valid"
    assert found(final(Run().op("add", 1, outcome=Outcome.FAIL))) == "Valid"
    for outcome, answer in ((Outcome.INFO, None), (Outcome.OK, True), (Outcome.OK, False)):
        assert found(final(Run().op("add", 1).op("remove", 1, answer, outcome=outcome))) == "Valid"
    assert found(Run().op("add", 1).op("read", None, []).quiet().op("read", None, [1])) == "Valid"


def test_unexpected_in_any_read() -> None:
    assert found(final(Run().op("add", 1), 1, 2)) == "unexpected"
    assert found(Run().op("read", None, [1]).op("add", 1)) == "unexpected"
    assert found(final(Run().op("add", 1), 1, True)) == "unexpected"
    assert found(final(Run().op("add", 1, outcome=Outcome.FAIL), 1)) == "unexpected"
    assert found(final(Run().op("add", 1, outcome=Outcome.INFO), 1)) == "Valid"


def test_repeated() -> None:
    assert found(final(Run().op("add", 1), 1, 1)) == "repeated"


def test_resurrected() -> None:
    assert found(final(Run().op("add", 1).op("remove", 1, True), 1)) == "resurrected"
    assert found(final(Run().op("add", 1).op("remove", 1, False), 1)) == "Valid"
    assert found(final(Run().op("add", 1).op("remove", 1, outcome=Outcome.INFO), 1)) == "Valid"


def test_not_resurrected_if_added_again_or_perhaps_later() -> None:
    assert found(final(Run().op("add", 1).op("remove", 1, True).op("add", 1), 1)) == "Valid"
    again = Run().op("add", 1).op("remove", 1, True).op("add", 1, outcome=Outcome.INFO)
    assert found(final(again, 1)) == "Valid"
    assert found(final(Run().op("add", 1, outcome=Outcome.INFO).op("remove", 1, True), 1)) == "Valid"
    assert found(final(Run().op("remove", 1, True).op("add", 1), 1)) == "Valid"


def test_a_remove_in_the_quiet_time_says_nothing_of_final_reads() -> None:
    run = Run().op("add", 1).quiet().op("remove", 1, True).op("read", None, [1])
    assert found(run) == "Valid"


def test_sets_without_final_reads_are_unknown_or_a_note() -> None:
    assert sets(Run().op("add", 1).op("read", None, []).history()) == Unknown("no final reads of a set", 2)
    assert sets(Run().history()) == Unknown("no final reads of a set", 0)
    run = final(Run().op("add", 1).op("add", 1, key="y"), 1)
    assert sets(run.history()) == Valid(3, notes=('no final read of "y"',))


def test_a_deleted_value_that_is_back() -> None:
    run = Run().op("write", 1).op("delete", None, 1).op("write", 2).quiet()
    verdict = deletions(run.op("read", None, 2).op("read", None, 1, node="n3").history())
    assert isinstance(verdict, Invalid)
    assert (verdict.anomaly, verdict.bad_keys) == ("resurrected-value", ("x",))
    assert verdict.sentence == (
        "key x: the final read (operation 4 of process 0 at n3) gives 1, although a delete (operation 1 of"
        " process 0 at n1) had removed it and nobody wrote it again"
    )


def test_deleted_values_that_may_be_there() -> None:
    twice = Run().op("write", 1).op("delete", None, 1).op("write", 1)
    by_cas = Run().op("write", 1).op("delete", None, 1).op("cas", [None, 1], outcome=Outcome.INFO)
    perhaps = Run().op("write", 1, outcome=Outcome.INFO).op("delete", None, 1)
    early = Run().op("delete", None, 1).op("write", 1)
    late = Run().op("write", 1).quiet().op("delete", None, 1)
    for run in (twice, by_cas, perhaps, early, late):
        run.now = max(run.now, QUIET_NS)
        assert not isinstance(deletions(run.op("read", None, 1).history()), Invalid), run.ops
    failed = Run().op("write", 1).op("delete", None, 1).op("cas", [None, 1], False).quiet()
    assert isinstance(deletions(failed.op("read", None, 1).history()), Invalid)


def test_deletions_that_cannot_be_judged() -> None:
    run = Run().op("write", 1).op("delete", None, 1)
    assert deletions(run.history()) == Unknown("no final reads", 2)
    other = Run().op("write", 1).quiet().op("read", None, 1)
    verdict = deletions(other.history())
    assert isinstance(verdict, Unknown)
    assert "no final reads of a key from which a value was deleted" in verdict.reason
    assert deletions(run.quiet().op("read", None, None).history()) == Valid(3)
