"""The size ratchet: small files, small functions, a docstring on every module; architecture is a failing
test.
"""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("harness", "nemeses", "checkers", "systems", "reports")
GENERATED = "_pb2.py"
SOURCES = sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if not path.name.endswith(GENERATED)
)
EVERYTHING = SOURCES + sorted((ROOT / "tests").rglob("*.py"))


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _functions(path: Path) -> list[tuple[int, str]]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        ((n.end_lineno or n.lineno) - n.lineno + 1, f"{path.relative_to(ROOT)}:{n.lineno} {n.name}")
        for n in found
    ]


def test_there_is_something_to_measure() -> None:
    assert len(SOURCES) > 30


def test_no_file_is_over_400_lines() -> None:
    assert [f"{path.relative_to(ROOT)}: {_lines(path)}" for path in EVERYTHING if _lines(path) > 400] == []


def test_the_median_file_is_at_most_150_lines() -> None:
    assert statistics.median(_lines(path) for path in SOURCES) <= 150


def test_no_function_is_over_60_lines() -> None:
    assert [where for path in EVERYTHING for size, where in _functions(path) if size > 60] == []


def test_nine_functions_of_ten_have_at_most_35_lines() -> None:
    sizes = sorted(size for path in SOURCES for size, _ in _functions(path))
    assert sizes[int(len(sizes) * 0.9)] <= 35


def test_every_module_opens_with_a_docstring() -> None:
    without = [
        str(path.relative_to(ROOT))
        for path in EVERYTHING
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert without == []
