"""What goes in, and that the name follows it."""

from __future__ import annotations

import re
import shutil
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from harness.images import content, recipe

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of `systems` beside a copy of these tests."""
    shutil.copytree(Path(__file__).parent, tmp_path / "tests")
    return Path(shutil.copytree(content.root(), tmp_path / "systems"))


def test_the_node_program_goes_in_and_nothing_else() -> None:
    names = content.files(content.root())
    assert "systems/__main__.py" in names
    kinds = (".py", ".pyi", ".proto")
    assert [name for name in names if not name.startswith("systems/") or not name.endswith(kinds)] == []


def test_the_name_does_not_depend_on_where_the_sources_are(copied: Path) -> None:
    assert content.key(copied) == content.key()
    assert re.fullmatch(r"splitbrain-node:[0-9a-f]{12}", content.image_name())
    assert content.image_name().endswith(content.key())


def test_every_file_of_the_node_program_counts(copied: Path) -> None:
    before = {content.key(copied)}
    sources = sorted(copied.rglob("*.py"))
    assert len(sources) > 30
    for path in sources:
        path.write_bytes(path.read_bytes() + b"#\n")
        after = content.key(copied)
        assert after not in before, f"{path.relative_to(copied)} does not count"
        before.add(after)


def test_a_new_file_and_a_new_name_count(copied: Path) -> None:
    before = content.key(copied)
    (copied / "raft" / "extra.json").write_text("{}")
    added = content.key(copied)
    (copied / "raft" / "extra.json").rename(copied / "raft" / "other.json")
    assert len({before, added, content.key(copied)}) == 3


def test_tests_and_compiled_files_do_not_count(copied: Path) -> None:
    before = content.key(copied)
    (copied.parent / "tests" / "test_content.py").write_text("changed")
    (copied / "__pycache__").mkdir(exist_ok=True)
    (copied / "__pycache__" / "core.cpython-311.pyc").write_bytes(b"compiled")
    assert content.key(copied) == before


def test_the_packages_are_what_the_node_program_imports_and_what_those_need() -> None:
    needed = {"grpcio", "grpcio-reflection", "msgspec", "protobuf", "typing-extensions"}
    assert set(content.pins(content.root())) == needed


def test_of_packages_with_one_name_that_with_the_module_goes_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shared = {**packages_distributions(), "google": ["numpy", "protobuf"]}
    monkeypatch.setattr(content, "packages_distributions", lambda: shared)
    pins = content.pins(content.root())
    assert "protobuf" in pins
    assert "numpy" not in pins


def test_a_package_that_is_newly_imported_goes_in(copied: Path) -> None:
    (copied / "kv.py").write_text("import numpy\n")
    assert "numpy" in content.pins(copied)


def test_the_packages_versions_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = content.key()
    monkeypatch.setattr(content, "version", lambda name: "9.9")
    assert content.key() != before
    assert '"grpcio==9.9"' in content.project(content.pins(content.root()))


def test_the_recipe_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before, base = content.key(), content.base_name()
    monkeypatch.setattr(recipe, "dockerfile", lambda: "FROM scratch")
    assert content.key() != before
    assert content.base_name() == base
    monkeypatch.setattr(recipe, "BASE_PACKAGES", ("python3",))
    assert content.base_name() != base


def test_the_dockerfile_in_images_is_the_one_that_is_used() -> None:
    assert (ROOT / "images" / "Dockerfile").read_text() == recipe.dockerfile()
    assert f"ARG BASE={recipe.ONLINE_BASE}\n" in recipe.dockerfile()
    assert f"LABEL {recipe.LABEL}=1\n" in recipe.dockerfile()
