"""The claim of linearizability over answers of a wrong form, which are the system's fault."""

from __future__ import annotations

from typing import Any

import pytest

from checkers.anomalies import MALFORMED_ANSWER, NOT_LINEARIZABLE
from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck import ModelError
from checkers.linearizable import Linearizable, ModelName
from checkers.verdict import Invalid, Valid


def history(*ops: tuple[str, Any, Any, Outcome]) -> History:
    """One after the other, on one key."""
    return History.of(
        [
            Op(
                k,
                k,
                f,
                "k1",
                given,
                got,
                outcome,
                10 * k,
                10 * k + 5 if outcome != Outcome.INFO else OPEN_NS,
                node="n1",
            )
            for k, (f, given, got, outcome) in enumerate(ops)
        ],
        (),
        {},
    )


@pytest.mark.parametrize(
    ("model", "f", "given", "got", "said"),
    [
        ("cas-register", "cas", [1, 2], None, "the output of a cas is true or false, not None"),
        ("cas-register", "cas", [1, 2], 7, "the output of a cas is true or false, not 7"),
        ("register", "read", None, float("nan"), "no JSON value"),
        ("files", "read", "/a", 3, "output"),
    ],
)
def test_an_answer_of_a_wrong_form_is_an_anomaly(
    model: ModelName, f: str, given: Any, got: Any, said: str
) -> None:
    verdict = Linearizable(model)(history((f, given, got, Outcome.OK)))
    assert isinstance(verdict, Invalid)
    assert verdict.anomaly == MALFORMED_ANSWER
    assert said in verdict.sentence
    assert "process 0, n1" in verdict.sentence
    assert verdict.counter_example is not None
    (op,) = verdict.counter_example.ops
    assert (op.f, op.index) == (f, 0)
    assert [stuck.index for stuck in verdict.counter_example.stuck] == [0]


def test_it_is_found_among_others_and_they_are_counted() -> None:
    verdict = Linearizable("cas-register")(
        history(
            ("write", 1, None, Outcome.OK), ("cas", [1, 2], None, Outcome.OK), ("read", None, 2, Outcome.OK)
        )
    )
    assert isinstance(verdict, Invalid)
    assert verdict.counter_example is not None
    assert verdict.counter_example.ops[0].index == 1
    assert verdict.counter_example.left_out == 2


@pytest.mark.parametrize("outcome", [Outcome.INFO, Outcome.FAIL])
def test_who_was_not_answered_is_not_blamed(outcome: Outcome) -> None:
    ops = ("cas", [1, 2], None, outcome), ("cas", [1, 2], None, Outcome.OK)
    verdict = Linearizable("cas-register")(history(*ops))
    assert isinstance(verdict, Invalid)
    assert verdict.counter_example is not None
    assert [op.index for op in verdict.counter_example.ops] == [1]


@pytest.mark.parametrize("outcome", [Outcome.INFO, Outcome.FAIL])
def test_what_was_not_answered_has_no_form(outcome: Outcome) -> None:
    ops = ("write", 1, None, Outcome.OK), ("cas", [1, 2], None, outcome)
    assert isinstance(Linearizable("cas-register")(history(*ops)), Valid)


@pytest.mark.parametrize(("f", "given"), [("nonsense", 1), ("cas", "no pair")])
def test_an_operation_that_is_none_is_the_histories_fault(f: str, given: Any) -> None:
    with pytest.raises(ModelError, match="operation 0"):
        Linearizable("cas-register")(history((f, given, None, Outcome.OK)))


def test_a_right_form_is_judged_as_ever() -> None:
    verdict = Linearizable("register")(history(("read", None, 3, Outcome.OK)))
    assert isinstance(verdict, Invalid)
    assert verdict.anomaly == NOT_LINEARIZABLE
