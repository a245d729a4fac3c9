"""The command `lincheck`: verdicts, exit codes, usage, and what goes wrong."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from checkers.lincheck.model import ModelError
from checkers.verdict import Unknown, Verdict
from tests.checkers.command.texts import BAD, GOOD, HEADER, Lincheck, answer


def test_one_line_per_file(lincheck: Lincheck) -> None:
    ended = lincheck("good.jsonl", "bad.jsonl")
    assert ended.code == 1
    (good, bad) = ended.rows()
    assert (good[0], good[1], good[4]) == ("valid", "1", "good.jsonl")
    assert (bad[0], bad[1], bad[4]) == ("invalid", "2", "bad.jsonl")
    assert float(good[2]) >= 0
    assert ended.out.count("\n") == 2, "no explanation unless it is asked for"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["good"], 0),
        (["good", "bad"], 1),
        (["good", "broken"], 4),
        (["broken", "good", "missing", "bad"], 1),
        (["bad", "broken"], 1),
    ],
)
def test_a_violation_beats_an_error_and_an_error_beats_the_rest(
    lincheck: Lincheck, files: list[str], code: int
) -> None:
    ended = lincheck(*[f"{name}.jsonl" for name in files])
    assert ended.code == code
    judged = [name for name in files if name in ("good", "bad")]
    assert [row[4] for row in ended.rows()] == [f"{name}.jsonl" for name in judged], "the rest is judged"
    assert ended.err.count("fix:") == len(files) - len(judged)


@pytest.mark.parametrize(("more", "code"), [([], 2), (["broken.jsonl"], 4)])
def test_unknown(lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch, more: list[str], code: int) -> None:
    answer(Unknown("out of time", 1, algorithm="dfs"), monkeypatch)
    ended = lincheck("good.jsonl", *more)
    assert ended.code == code
    assert ended.rows()[0][0] == "unknown"
    assert ended.rows()[0][3] == "dfs"
    assert "  out of time\n" in lincheck("--explain", "good.jsonl").out
    assert json.loads(lincheck("--json", "good.jsonl").out)["reason"] == "out of time"


@pytest.mark.parametrize("error", [TypeError("odd"), MemoryError(), RecursionError("deep")])
def test_a_checker_that_fails_has_found_nothing(
    lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    answer(error, monkeypatch)
    ended = lincheck("--explain", "good.jsonl")
    assert ended.code == 2
    assert ended.rows()[0][0] == "unknown"
    assert ("memory" if isinstance(error, MemoryError) else type(error).__name__) in ended.out


@pytest.mark.parametrize("error", [TypeError("odd"), MemoryError(), ModelError("no words")])
def test_a_violation_is_not_masked_by_an_explanation_that_fails(
    lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    check = sys.modules["checkers.lincheck.check"].check

    def failing(*history_and_model: Any, explain: bool, **given: Any) -> Verdict:
        if explain:
            raise error
        found: Verdict = check(*history_and_model, explain=explain, **given)
        return found

    monkeypatch.setattr(sys.modules["checkers.lincheck.check"], "check", failing)
    ended = lincheck("--explain", "bad.jsonl")
    assert (ended.code, ended.rows()[0][0]) == (1, "invalid")
    assert "note: no explanation" in ended.out
    assert lincheck("--explain", "good.jsonl").code == (4 if isinstance(error, ModelError) else 2)


def test_what_cannot_be_shown_is_one_message(lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch) -> None:
    def line(_: Any) -> str:
        raise KeyError("odd")

    monkeypatch.setattr("checkers.lincheck.command_show.line", line)
    ended = lincheck("good.jsonl")
    assert (ended.code, "KeyError" in ended.err) == (4, True)
    assert lincheck("bad.jsonl").code == 1


def test_an_interrupt_ends_it(lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(KeyboardInterrupt(), monkeypatch)
    ended = lincheck("bad.jsonl")
    assert (ended.code, ended.out, ended.err) == (130, "", "lincheck: interrupted\n")


def test_limits_and_algorithm_reach_the_check(lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def check(*_: Any, **given: Any) -> Verdict:
        seen.update(given)
        return Unknown("no", 1)

    monkeypatch.setattr(sys.modules["checkers.lincheck.check"], "check", check)
    lincheck("good.jsonl", "--algorithm", "bfs", "--time-limit", "0.5", "--memory-limit", "64")
    assert seen["algorithm"] == "bfs"
    assert (seen["limits"].time_s, seen["limits"].memory_mb) == (0.5, 64)
    assert (seen["explain"], seen["witness"], seen["progress"]) == (False, False, None)
    lincheck("good.jsonl")
    assert (seen["limits"].time_s, seen["limits"].memory_mb) == (None, 4096)
    lincheck("good.jsonl", "--explain")
    assert seen["explain"]
    lincheck("good.jsonl", "--json", "--witness")
    assert seen["explain"]
    assert seen["witness"]


def test_a_torn_file_is_judged_and_said_to_be(lincheck: Lincheck) -> None:
    Path("torn.jsonl").write_text(BAD[:-5])
    ended = lincheck("torn.jsonl")
    assert ended.code == 0, "the read that is stale was never completed, as far as was read"
    assert "lincheck: torn.jsonl: note: line 5 has no end" in ended.err
    notes = json.loads(lincheck("--json", "torn.jsonl").out)["notes"]
    assert any("was dropped" in note for note in notes)
    assert any("never completed" in note for note in notes)


def test_nothing_is_valid_and_said_to_be_nothing(lincheck: Lincheck) -> None:
    Path("nothing.jsonl").write_text(HEADER + "\n")
    ended = lincheck("nothing.jsonl")
    assert ended.code == 0
    assert "no operations" in ended.err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "no FILE"),
        (["--json"], "no FILE"),
        (["--explan", "good.jsonl"], "--explain"),
        (["--fomat=edn", "good.jsonl"], "--format"),
        (["-x", "good.jsonl"], "no option -x"),
        (["--format", "jsnl", "good.jsonl"], "did you mean jsonl?"),
        (["--format"], "--format"),
        (["--algorithm", "wgl", "good.jsonl"], "auto, dfs, bfs, lane"),
        (["--failed-cas", "observed", "good.jsonl"], "did you mean observation?"),
        (["--failed-cas", "observation", "--model", "mutex", "good.jsonl"], "--failed-cas"),
        (["--model", "regster", "good.jsonl"], "did you mean register?"),
        (["--model", "", "good.jsonl"], "--model"),
        (["--model", "a:b:c", "good.jsonl"], "--model"),
        (["--model", ":", "good.jsonl"], "--model"),
        (["--time-limit", "0", "good.jsonl"], "--time-limit"),
        (["--time-limit", "nan", "good.jsonl"], "--time-limit"),
        (["--time-limit", "inf", "good.jsonl"], "--time-limit"),
        (["--time-limit", "-1", "good.jsonl"], "--time-limit"),
        (["--time-limit", "soon", "good.jsonl"], "seconds"),
        (["--memory-limit", "0", "good.jsonl"], "--memory-limit"),
        (["--memory-limit", "1.5", "good.jsonl"], "megabytes"),
        (["--memory-limit", "9" * 5000, "good.jsonl"], "megabytes"),
        (["--json=3", "good.jsonl"], "--json"),
        (["--witness", "good.jsonl"], "--json"),
        (["-", "-"], "only once"),
        (["--html", "out.html", "good.jsonl", "bad.jsonl"], "one FILE"),
        (["--html", ".", "good.jsonl"], "folder"),
        (["--html", "nowhere/out.html", "good.jsonl"], "nowhere"),
        (["--html", "good.jsonl", "good.jsonl"], "the history itself"),
        (["--html", "-", "good.jsonl"], "needs a file"),
    ],
)
def test_usage(lincheck: Lincheck, argv: list[str], says: str) -> None:
    ended = lincheck(*argv)
    assert ended.code == 4
    assert ended.out == "", "nothing is judged"
    assert says in ended.err
    assert ended.err.startswith("lincheck: ")
    assert ended.err.endswith("see: lincheck --help\n")
    assert Path("good.jsonl").read_text() == GOOD


def test_files_and_options_in_any_order_and_files_that_look_like_options(lincheck: Lincheck) -> None:
    Path("--json").write_text(GOOD)
    ended = lincheck("good.jsonl", "--explain", "good.jsonl", "--", "--json")
    assert [row[4] for row in ended.rows()] == ["good.jsonl", "good.jsonl", "--json"]


def test_standard_input(lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    ended = lincheck("good.jsonl", "-")
    assert (ended.code, ended.rows()[1][4]) == (1, "-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert "standard input:1: the file is empty" in lincheck("-").err
    monkeypatch.setattr(sys, "stdin", None)
    ended = lincheck("-")
    assert (ended.code, "closed" in ended.err) == (4, True)
