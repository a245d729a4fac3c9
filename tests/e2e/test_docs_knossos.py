"""docs/coming-from-knossos.md and docs/models.md run as they stand, and what they show is what is printed."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from checkers.lincheck import knossos, models
from checkers.lincheck.models import MODELS

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "outputs"), [("coming-from-knossos.md", 3), ("models.md", 5)])
def test_every_example_runs_and_prints_what_is_shown(page: str, outputs: int) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    printed, shown = "", 0
    for kind, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if kind == "python":
            assert not printed, "what a block prints is shown below it"
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(text, page, "exec", dont_inherit=True), names)
            printed = out.getvalue()
        elif kind == "text":
            assert printed == text
            printed, shown = "", shown + 1
    assert not printed
    assert shown == outputs


def test_the_pages_name_what_exists_and_all_of_it() -> None:
    table = (DOCS / "coming-from-knossos.md").read_text(encoding="utf-8")
    named = set(re.findall(r"knossos\.(\w+)[(`]", table)) - {"svg", "model", "model.Inconsistent"}
    assert named | {"Analysis", "Inconsistent"} == set(knossos.__all__)
    rows = [
        row for row in (DOCS / "models.md").read_text(encoding="utf-8").splitlines() if row.startswith("| `")
    ]
    assert {row.split("`")[1] for row in rows} == set(MODELS)
    classes = {row.split("`")[3].partition("(")[0] for row in rows}
    assert [name for name in classes if not hasattr(models, name)] == []
    assert {type(make()).__name__ for make in MODELS.values()} == classes
