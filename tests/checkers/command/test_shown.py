"""The command `lincheck`: what it prints and draws."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checkers.codec import decode
from checkers.lincheck import CasRegister, fault_of
from checkers.lincheck.command_progress import StatusLine
from checkers.lincheck.command_show import milliseconds, printable
from checkers.lincheck.limits import Progress
from tests.checkers.command.texts import BAD, CAS, GOOD, Lincheck


def test_explain(lincheck: Lincheck) -> None:
    out = lincheck("--explain", "good.jsonl", "bad.jsonl").out
    assert "read of nil by process 1 began after the write of 1 by process 0 (n1) had returned" in out
    table = [line.split() for line in out.splitlines() if line.startswith("    ")]
    assert table[0] == ["order", "operation", "process", "called", "(ns)", "returned", "(ns)"]
    assert table[1] == ["1", "write", "1", "0", "(n1)", "0", "10", "→", "1"]
    assert table[2][:7] == ["✗", "read", "→", "nil", "1", "20", "30"]
    assert 'key "x", ' in out
    assert "initially nil:" in out


def test_the_table_of_a_log_without_times_names_lines(lincheck: Lincheck) -> None:
    Path("log").write_text(
        "".join(
            f"INFO  jepsen.util - {line}\n"
            for line in ("0 :invoke :write 1", "0 :ok :write 1", "1 :invoke :read nil", "1 :ok :read 2")
        )
    )
    out = lincheck("--explain", "log").out
    assert "called, line" in out
    assert "✗  read → 2   1                   3               4" in out


def test_json(lincheck: Lincheck) -> None:
    ended = lincheck("--json", "good.jsonl", "broken.jsonl", "bad.jsonl")
    good, broken, bad = map(json.loads, ended.out.splitlines())
    assert ended.code == 1
    assert (good["verdict"], good["operations"], good["file"]) == ("valid", 1, "good.jsonl")
    assert (good["format"], good["model"]) == ("jsonl", "register")
    assert "no footer: the history was not finished" in good["notes"]
    assert "witness" not in good
    assert broken["verdict"] is None
    assert broken["error"]["line"] == 1
    assert bad["sentence"].startswith("key x: read of nil by process 1")
    assert [op["index"] for op in bad["counter_example"]["ops"]] == [0, 1]
    assert bad["bad_keys"] == ["x"]
    assert set(good) <= set(bad) | {"witness"}


def test_a_witness_is_one(lincheck: Lincheck) -> None:
    Path("two.jsonl").write_text(GOOD + CAS.replace('"value":false', '"value":true') + "\n")
    [told] = map(json.loads, lincheck("--json", "--witness", "two.jsonl").out.splitlines())
    [one] = told["witness"]
    assert one["key"] == "x"
    assert len(one["order"]) == 2
    history = decode(Path("two.jsonl").read_bytes(), "two").history
    assert fault_of(one["order"], history, CasRegister(failed_cas="observation")) is None


def test_a_strangers_text_cannot_break_the_line(lincheck: Lincheck) -> None:
    evil = "a\tb\nvalid\x1b[2J\u202e\udcff.jsonl"
    text = BAD.replace('"x"', r'"k\u001b[31m\u202e\n"').replace('"n1"', r'"n\u009b\n1"')
    Path(evil).write_text(text)
    ended = lincheck("--explain", evil)
    assert ended.code == 1
    assert not {"\x1b", "\u202e", "\x9b", "\udcff"} & set(ended.out + ended.err)
    assert "\nvalid" not in ended.out + ended.err
    [told] = lincheck("--json", evil).out.splitlines()
    assert json.loads(told)["bad_keys"] == ["k\x1b[31m\u202e\n"]
    assert len(lincheck(evil).rows()[0]) == 5


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.04, "0.040"),
        (0.99949, "0.999"),
        (0.9996, "1.00"),
        (12.34, "12.3"),
        (99.96, "100"),
        (12345.6, "12346"),
    ],
)
def test_milliseconds(ms: float, text: str) -> None:
    assert milliseconds(ms) == text


def test_printable() -> None:
    assert printable("plain → ✗ ü") == "plain → ✗ ü"
    assert printable("a\tb\x00\u2028\udc80") == "a\\tb\\x00\\u2028\\udc80"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_after_a_second_and_leaves_nothing_behind() -> None:
    now = [0.0]
    screen = Terminal()
    status = StatusLine(screen, lambda: now[0])
    status.begin("big.jsonl")
    for now[0] in (0.5, 0.99, 1.5, 1.6, 1.8):
        status.report(Progress(3, 1, 1000, 10 + int(now[0] * 10)))
    shown = screen.getvalue().split("\r\x1b[K")
    assert shown == ["", *(f"big.jsonl: 1 of 3 keys, {n} of 1,000 operations" for n in (25, 28))]
    status.clear()
    status.clear()
    assert screen.getvalue().endswith("\r\x1b[K")
    assert screen.getvalue().count("\r") == 3


def test_progress_is_for_terminals_only() -> None:
    screen = io.StringIO()
    status = StatusLine(screen, lambda: 100.0)
    status.begin("big.jsonl")
    status.report(Progress(1, 0, 10, 1))
    status.clear()
    assert screen.getvalue() == ""
    StatusLine(None, lambda: 100.0).report(Progress(1, 0, 10, 1))


def draw(page: str | Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the drawing give `page`, or raise it."""

    def render_verdict(*_: Any) -> str:
        if isinstance(page, Exception):
            raise page
        return page

    page_module: Any = ModuleType("page")
    page_module.render_verdict = render_verdict
    monkeypatch.setitem(sys.modules, "checkers.lincheck.page", page_module)


def test_the_page_is_written_whole_or_not_at_all(lincheck: Lincheck, monkeypatch: pytest.MonkeyPatch) -> None:
    draw("<p>old", monkeypatch)
    assert lincheck("--html", "out.html", "good.jsonl").code == 0
    draw(RuntimeError("no ink"), monkeypatch)
    for file, code in (("good.jsonl", 4), ("bad.jsonl", 1)):
        ended = lincheck("--html", "out.html", file)
        assert ended.code == code, "a violation is not masked by a page that failed"
        assert "no ink" in ended.err
        assert len(ended.rows()) == 1, "the verdict is told all the same"
    draw("<p>new", monkeypatch)
    replace = os.replace
    monkeypatch.setattr(
        os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    ended = lincheck("--html", "out.html", "good.jsonl")
    assert (ended.code, "No space left" in ended.err) == (4, True)
    monkeypatch.setattr(os, "replace", replace)
    assert Path("out.html").read_text() == "<p>old"
    assert lincheck("--html", "out.html", "broken.jsonl").code == 4
    assert Path("out.html").read_text() == "<p>old"
    assert sorted(path.name for path in Path().glob("*.html*")) == ["out.html"], "nothing is left behind"
    assert lincheck("--html", "out.html", "good.jsonl").code == 0
    assert Path("out.html").read_text() == "<p>new"
    assert "No space left" in lincheck("--html", "/dev/full", "good.jsonl").err


def test_a_real_page(lincheck: Lincheck) -> None:
    assert lincheck("--html", "out.html", "bad.jsonl").code == 1
    page = Path("out.html").read_text()
    assert "bad.jsonl" in page
    assert "read of nil by process 1" in page


def test_help_and_version(lincheck: Lincheck) -> None:
    for flag in ("-h", "--help"):
        ended = lincheck(flag)
        assert ended.code == 0
        assert "Usage: lincheck" in ended.out
        assert max(map(len, ended.out.splitlines())) <= 110
    assert lincheck("--version").out.startswith("lincheck 0.")
