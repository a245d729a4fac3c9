"""What systems may say of their nodes, and how they are told what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.deploy.specs import node_spec
from harness.errors import ConfigError
from systems.api import NodeContext, NodeSpec


class Saying:
    """A system whose node() gives what it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def node(self, ctx: NodeContext) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def client(self, ctx: Any) -> Any:
        raise NotImplementedError


def spec_of(answer: Any, folder: Path) -> NodeSpec:
    context = NodeContext("n1", {"n1": "10.77.0.10"}, str(folder), str(folder), {}, 1, "python")
    return node_spec(Saying(answer), context)


def test_a_proper_spec_is_passed_on(tmp_path: Path) -> None:
    spec = NodeSpec(("a", "b"), (1, 65535), {"A": "b"}, {"x/y": "", f"{tmp_path}/z": ""}, ("log",))
    assert spec_of(spec, tmp_path) is spec


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "returned None, not a NodeSpec"),
        (["server"], "returned ['server'], not a NodeSpec"),
        (ZeroDivisionError("oh"), "raised ZeroDivisionError: oh"),
        (NodeSpec(()), "argv (): a tuple of at least one string"),
        (NodeSpec("server --port"), "argv 'server --port'"),  # type: ignore[arg-type]
        (NodeSpec(("server", 7000)), "argv ('server', 7000)"),  # type: ignore[arg-type]
        (NodeSpec(("a\0b",)), "argv"),
        (NodeSpec(("a",), 7000), "ports 7000"),  # type: ignore[arg-type]
        (NodeSpec(("a",), (0,)), "ports (0,)"),
        (NodeSpec(("a",), (True,)), "ports (True,)"),
        (NodeSpec(("a",), env={"A": 1}), "env {'A': 1}"),  # type: ignore[dict-item]
        (NodeSpec(("a",), files={"../x": ""}), "files outside of its data_dir: ../x"),
        (NodeSpec(("a",), files={"/etc/x": ""}), "files outside of its data_dir: /etc/x"),
        (NodeSpec(("a",), log_files="log"), "log_files 'log'"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_is_told_with_the_class_and_its_line(answer: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        spec_of(answer, tmp_path)
    message = str(caught.value)
    assert told in message
    line = next(
        n for n, text in enumerate(Path(__file__).read_text().splitlines(), 1) if text == "class Saying:"
    )
    assert f"Saying ({__file__}:{line}): node('n1')" in message
    assert "fix: " in message


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"argv .*; ports .*; files outside"):
        spec_of(NodeSpec((), (0,), files={"/x": ""}), tmp_path)
