"""docs/coming-from-porcupine.md is executed as it stands, and what it shows is what is printed."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from checkers.lincheck import porcupine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming-from-porcupine.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_example_runs_and_prints_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    printed: str | None = None
    shown = 0
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "python":
            assert not printed, "what a block prints is shown below it"
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(text, str(PAGE), "exec", dont_inherit=True), names)
            printed = out.getvalue()
        elif kind == "text":
            assert text == printed
            printed, shown = None, shown + 1
    assert not printed
    assert shown == 5
    assert "append(&#39;x&#39;, &#39;b&#39;)" in Path("kv.html").read_text(encoding="utf-8")


def test_every_name_in_the_table_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = [row.split("|")[2] for row in text.splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)\(", row)}
    assert named >= {"Operation", "check_operations", "check_operations_verbose", "visualize_path"}
    assert [name for name in sorted(named) if not hasattr(porcupine, name)] == []
