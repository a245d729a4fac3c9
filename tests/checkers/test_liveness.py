"""The claim `recovers`."""

from __future__ import annotations

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.liveness import SECOND_NS, Recovers
from checkers.verdict import Invalid, Unknown, Valid, Verdict


def judge(*spans: tuple[float, float | None, Outcome]) -> Verdict:
    """Heal at 10 s, limit 5 s; spans in seconds."""
    ops = []
    for process, (call, end, outcome) in enumerate(spans):
        ended = None if end is None else round(end * SECOND_NS)
        back = OPEN_NS if outcome == Outcome.INFO or ended is None else ended
        ops.append(Op(0, process, "read", "x", None, None, outcome, round(call * SECOND_NS), back, ended))
    return Recovers(10 * SECOND_NS, 5)(History.of(ops))


def test_a_success_called_after_the_heal_and_within_the_limit() -> None:
    assert isinstance(judge((10, 15, Outcome.OK)), Valid)


def test_one_called_before_the_heal_does_not_count() -> None:
    verdict = judge((9, 11, Outcome.OK), (12, 16, Outcome.INFO))
    assert isinstance(verdict, Invalid)
    assert verdict.sentence.startswith(
        "none of the 1 operations called after the final heal succeeded within 5 s"
    )


def test_too_late() -> None:
    verdict = judge((10, 15.5, Outcome.OK), (10, 11, Outcome.FAIL))
    assert isinstance(verdict, Invalid)
    assert verdict.sentence.endswith("the first success came after 5.500 s")


def test_nothing_called_after_the_heal() -> None:
    assert judge((1, 12, Outcome.OK)) == Unknown("no operation was called after the final heal")


def test_not_watched_for_long_enough() -> None:
    verdict = judge((11, 12, Outcome.FAIL), (11, None, Outcome.INFO))
    assert isinstance(verdict, Unknown)
    assert verdict.reason == "watched for 2.000 s after the final heal only; the limit is 5 s"
