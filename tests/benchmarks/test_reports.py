"""What rows come to: a wrong verdict is named, means are over what they say, an interruption reports."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from benchmarks.lincheck import __main__ as command
from benchmarks.lincheck import crashed, etcd, long, process, shapes
from benchmarks.lincheck.columns import registers
from benchmarks.lincheck.figures import Report
from benchmarks.lincheck.isolation import Allowed, Cost, best_of, judged
from benchmarks.lincheck.material import Missing, Peer, Shape

EASY = Shape(1_000, 5, 5, 0, False)
BAD = Shape(1_000, 5, 5, 0, True)
HARD = Shape(1_000, 20, 5, 0, False)


def cost(legal: bool | None, ms: float | None = 1.0, peak_mb: float | None = 100.0) -> Cost:
    """What a child came to."""
    return Cost(legal, "" if legal is not None else "stopped", ms, 1, peak_mb, 7, 9, "dfs")


def goals(report: Report) -> dict[str, float | None]:
    """What was seen, by goal."""
    return {goal.what: goal.seen for goal in report.goals}


@pytest.mark.parametrize("part", command.PARTS.values(), ids=list(command.PARTS))
def test_no_rows_are_a_report_too(part: Any) -> None:
    report = part.report([])
    assert "(nothing measured)" in report.text()
    assert not report.wrong
    assert not any(goal.met for goal in report.goals)


def test_etcd_logs_are_summed_without_the_key_value_logs() -> None:
    rows = [
        etcd.Row("jepsen/a.log", True, 1.0, 10.0, 100.0),
        etcd.Row("jepsen/b.log", True, 1.0, 10.0, 1.0),
        etcd.Row("kv/c.txt", False, 4.0, 4.0, 1.0),
    ]
    report = etcd.report(rows)
    assert goals(report) == {
        "ratio of the sums, etcd logs": pytest.approx(50.5),
        "geometric mean of the ratios": pytest.approx(25 ** (1 / 3)),
        "worst ratio of a file": 0.25,
    }
    assert list(report.wrong) == ["kv/c.txt"]
    assert [row[0] for row in report.rows][:3] == ["kv/c.txt", "jepsen/b.log", "jepsen/a.log"]


def test_shapes_that_porcupine_did_not_decide_are_no_part_of_the_mean() -> None:
    rows = [
        shapes.Row(EASY, 1, Peer(True, 100.0), cost(True)),
        shapes.Row(BAD, 2, Peer(True, 4.0), cost(False)),
        shapes.Row(HARD, 3, Peer(False, 60_000.0), cost(True, 50.0, 300.0)),
    ]
    seen = goals(shapes.report(rows))
    assert seen["geometric mean, Porcupine decided"] == pytest.approx(20.0)
    assert seen["worst ratio, Porcupine decided"] == pytest.approx(4.0)
    assert seen["decided where Porcupine did not"] == 100
    assert seen["slowest of these"] == 0.05
    assert seen["highest peak of these"] == 300.0


@pytest.mark.parametrize("late", [cost(None, 60_000.0), cost(True, 61_000.0), cost(True, 1.0, 3_000.0)])
def test_a_shape_beyond_its_limits_is_not_decided(late: Cost) -> None:
    report = shapes.report([shapes.Row(HARD, 3, Peer(False, None), late)])
    assert goals(report)["decided where Porcupine did not"] == 0
    assert f"not decided within the limits: {HARD.words()}" in report.notes


def test_an_undecided_shape_has_no_ratio_and_is_not_wrong() -> None:
    report = shapes.report([shapes.Row(BAD, 1, Peer(True, 100.0), cost(None))])
    assert goals(report)["worst ratio, Porcupine decided"] is None
    assert not report.wrong


def test_fifty_clients_are_told_apart() -> None:
    shape = Shape(1_000, 50, 5, 0, True)
    report = shapes.report([shapes.Row(shape, 1, Peer(False, None), cost(None, 60_000.0))])
    assert goals(report)["decided where Porcupine did not"] is None
    assert any("undecided (stopped) after 60.0 s, 7 of 9 returns" in note for note in report.notes)


def test_wrong_verdicts_are_named_in_every_part() -> None:
    assert shapes.report([shapes.Row(BAD, 5, Peer(True, 1.0), cost(True))]).wrong
    assert shapes.report([shapes.Row(EASY, 5, Peer(True, 1.0), cost(False))]).wrong
    assert long.report([long.Row(long.UNIQUE, 1_000, True, cost(True), None)]).wrong
    assert crashed.report([crashed.Row(False, 5, False, 1.0, "dfs", None)]).wrong
    assert process.report([process.Row("small", 0.1, 0, False)]).wrong
    assert not long.report([long.Row(long.UNIQUE, 1_000, True, cost(False), None)]).wrong


def test_an_undecided_history_of_crashes_misses_the_goal() -> None:
    rows = [
        crashed.Row(True, 1, False, 5.0, "bfs", Peer(False, 30_000.0)),
        crashed.Row(True, 2, None, None, "", None),
    ]
    report = crashed.report(rows)
    assert goals(report) == {"illegal: worst": None}
    assert not report.goals[0].met


def test_cost_against_length_is_per_operation_and_has_goals_at_the_longest() -> None:
    row = long.Row(long.SEARCHED, long.MILLION, False, cost(True, 1_500.0, 900.0), None)
    assert row.ns_per_op == 1_500.0
    report = long.report([row])
    assert goals(report) == {
        "5 values, 1,000,000 ops, legal: time": 1.5,
        "5 values, 1,000,000 ops, legal: peak": 900.0,
    }
    undecided = long.Row(long.SEARCHED, long.MILLION, False, cost(None, 1_500.0), None)
    assert goals(long.report([undecided]))["5 values, 1,000,000 ops, legal: time"] is None


def test_the_first_run_is_not_counted() -> None:
    calls: list[int] = []
    result, ms, runs = best_of(lambda: calls.append(1) or len(calls), 4)  # type: ignore[func-returns-value]
    assert (result, len(calls), runs) == (5, 5, 4)
    assert ms >= 0


@pytest.mark.parametrize("bad", [False, True])
def test_a_child_judges_what_it_is_given(bad: bool) -> None:
    found = judged(registers(500, 5, bad, 7), Allowed(1, 60.0, 512))
    assert (found.legal, found.algorithm, found.events) == (not bad, "zones", 500)
    assert found.ms is not None
    assert found.peak_mb is not None
    assert found.peak_mb > 5


class Part:
    """A part that ends as it is told after one row."""

    def __init__(self, end: BaseException | None, right: bool = True) -> None:
        self.end = end
        self.right = right

    def measure(self, quick: bool) -> Any:
        """One row."""
        yield process.Row("small", 0.125, 1, self.right)
        if self.end is not None:
            raise self.end

    def report(self, rows: list[process.Row]) -> Report:
        """As part 5."""
        return process.report(rows)


@pytest.mark.parametrize(
    ("end", "right", "code"),
    [
        (None, True, 0),
        (KeyboardInterrupt(), True, 130),
        (None, False, 1),
        (KeyboardInterrupt(), False, 1),
        (Missing("no data"), True, 0),
    ],
)
def test_exit_codes_and_what_is_printed(
    end: BaseException | None, right: bool, code: int, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(command, "PARTS", {"one": Part(end, right)})
    monkeypatch.setattr(command, "pin", lambda: 0)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    assert command.main([]) == code
    printed = capsys.readouterr()
    if isinstance(end, Missing):
        assert "one: skipped: no data" in printed.err
        return
    assert "small" in printed.out
    assert ("(interrupted)" in printed.out) is (end is not None)
    assert ("WRONG VERDICT" in printed.out) is not right
    assert command.main(["one", "--json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert document["one"]["complete"] is (end is None)
    assert document["one"]["rows"] == [{"what": "small", "seconds": 0.125, "code": 1, "right": right}]


def test_a_part_that_does_not_exist_is_refused(capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["etc"])
    assert ended.value.code == 2
    assert "there is no part 'etc'" in capsys.readouterr().err
