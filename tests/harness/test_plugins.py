"""Strangers at the door: every mistake in a user's class is named with file and line, before anything
starts.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from harness.errors import EXIT_USAGE, ConfigError
from harness.plugins import checked_client, checked_options, load_system, reference_for, wrong_answer
from systems.api import ClientContext, Invocation

CONTEXT = ClientContext(0, "n1", {"n1": "127.0.0.1"}, {}, 1.0)

GOOD = """
    class Mine:
        options = {"colour": "red"}
        def node(self, ctx): ...
        def client(self, ctx): return Client()

    class Client:
        async def open(self): ...
        async def invoke(self, op): return 1
        async def close(self): ...
"""


def write(folder: Path, source: str) -> Path:
    path = folder / "mine.py"
    path.write_text(dedent(source))
    return path


def refusal(reference: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_system(reference)
    assert caught.value.exit_code == EXIT_USAGE
    assert caught.value.fix
    return str(caught.value)


def test_a_good_class_is_loaded(tmp_path: Path) -> None:
    system = load_system(f"{write(tmp_path, GOOD)}:Mine")
    assert checked_options(system, {"colour": "blue"}, ["n1"]) == {"colour": "blue"}
    assert checked_options(system, {}, ["n1"]) == {"colour": "red"}
    assert checked_client(system, CONTEXT)


def test_installed_names_are_systems() -> None:
    for name in ("raft", "primary-backup"):
        assert load_system(name)


def test_an_unknown_name_gets_a_suggestion() -> None:
    assert "did you mean 'raft'" in refusal("rfat")


def test_an_unknown_option_gets_a_suggestion(tmp_path: Path) -> None:
    system = load_system(f"{write(tmp_path, GOOD)}:Mine")
    with pytest.raises(ConfigError, match="did you mean 'colour'"):
        checked_options(system, {"color": "blue"}, ["n1"])


def test_all_missing_methods_are_named_at_once(tmp_path: Path) -> None:
    text = refusal(f"{write(tmp_path, 'class Mine: ...')}:Mine")
    assert "mine.py:1" in text
    assert "node(ctx)" in text
    assert "client(ctx)" in text


def test_a_wrong_signature_is_named_with_its_line(tmp_path: Path) -> None:
    source = """
    class Mine:
        def node(self): ...
        def client(self, ctx): ...
    """
    assert "mine.py:3: node must take (self, ctx)" in refusal(f"{write(tmp_path, source)}:Mine")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("class Mine:\n  def node(self ctx): ...", "mine.py:2"),
        ("import nothing_of_this_name", "mine.py:1: importing it raised ModuleNotFoundError"),
        ("x = 1 / 0", "mine.py:1: importing it raised ZeroDivisionError"),
        (GOOD.replace("class Mine", "class Mein"), "did you mean 'Mein'"),
        (GOOD.replace('{"colour": "red"}', "[1]"), "`options` must map"),
        (
            GOOD.replace('options = {"colour": "red"}', "def __init__(self): raise OSError('no')"),
            "mine.py:3: Mine()",
        ),
    ],
)
def test_other_mistakes(tmp_path: Path, source: str, says: str) -> None:
    assert says in refusal(f"{write(tmp_path, source)}:Mine")


def test_a_file_that_is_not_there_or_no_class(tmp_path: Path) -> None:
    assert "no such file" in refusal(f"{tmp_path}/none.py:Mine")
    assert "write path/to/file.py:Class" in refusal(f"{tmp_path}/none.py")


@pytest.mark.parametrize(
    ("replaced", "by", "says"),
    [
        ("return Client()", "return 5", "mine.py:5: client(ctx) returned a int"),
        ("async def invoke", "def invoke", "`invoke` is not an async method"),
        ("async def close(self): ...", "", "it has no method `close`"),
        ("return Client()", "return Cleint()", "mine.py:5: client(ctx) raised NameError"),
    ],
)
def test_a_wrong_client_is_named_with_its_line(tmp_path: Path, replaced: str, by: str, says: str) -> None:
    system = load_system(f"{write(tmp_path, GOOD.replace(replaced, by))}:Mine")
    with pytest.raises(ConfigError) as caught:
        checked_client(system, CONTEXT)
    assert says in str(caught.value)


def test_a_wrong_answer_is_named_with_its_line(tmp_path: Path) -> None:
    client = checked_client(load_system(f"{write(tmp_path, GOOD)}:Mine"), CONTEXT)
    assert wrong_answer(client, Invocation("read", "k"), 4) is None
    assert wrong_answer(client, Invocation("write", "k", 4), None) is None
    assert wrong_answer(client, Invocation("cas", "k", (1, 2)), True) is None
    assert "mine.py:9" in str(wrong_answer(client, Invocation("read", "k"), {"a": 1}))
    assert "True or False" in str(wrong_answer(client, Invocation("cas", "k", (1, 2)), None))


def test_a_reference_works_from_any_folder() -> None:
    assert reference_for("raft") == "raft"
    assert Path(reference_for("x/y.py:Z").rpartition(":")[0]).is_absolute()
