"""What a client of the file service asks, in order, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from systems import kv
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.file_service.logic import READINGS, FileLogic
from systems.file_service.messages import Append, Commit, List, Read, ReadPart, Remove, Rename, Stage, Write
from systems.logic import Ask, Expired, Lost, Steps, Unreached

OK, YES, NO = kv.Ok(), kv.Ok(True), kv.Ok(False)


def logic(bug: str = "", chunk: str = "4") -> FileLogic:
    return FileLogic(ClientContext(7, "n1", {"n1": ""}, {"bug": bug, "chunk": chunk}, 1.0))


def asked(client: FileLogic, f: str, value: Any, answers: Sequence[Any]) -> tuple[list[Any], Any]:
    """The commands that the operation asks for, given these answers, and its value."""
    steps: Steps = client.perform(Invocation(f, "t", value))
    commands: list[Any] = []
    waiting = list(answers)
    try:
        step = next(steps)
        while True:
            if isinstance(step, Ask):
                commands.append(step.command)
                step = steps.send(waiting.pop(0))
            else:
                step = steps.send(None if waiting else Expired())
    except StopIteration as end:
        assert not waiting, "it asked for less"
        return commands, end.value


@pytest.mark.parametrize(
    ("f", "value", "command", "answer", "result"),
    [
        ("write", ["a", "four"], Write("t/a", b"four"), OK, None),
        ("write", ("a", ""), Write("t/a", b""), OK, None),
        ("append", ["a", "longer"], Append("t/a", b"longer"), OK, None),
        ("rename", ["a", "b"], Rename("t/a", "t/b"), YES, True),
        ("remove", "a", Remove("t/a"), NO, False),
        ("read", "a", Read("t/a"), OK, None),
        ("read", "a", Read("t/a"), kv.Ok([3, 1, 4, b"four"]), "four"),
        ("list", None, List("t"), kv.Ok(["a", "b"]), ["a", "b"]),
    ],
)
def test_a_small_operation_is_one_command(
    f: str, value: Any, command: Any, answer: kv.Ok, result: Any
) -> None:
    assert asked(logic(), f, value, [answer]) == ([command], result)


def test_a_large_write_is_staged_and_committed_under_a_name_of_its_own() -> None:
    client = logic()
    for number in (1, 2):
        name = f"7/{number}"
        assert asked(client, "write", ["a", "more than four"], [YES] * 5) == (
            [
                Stage(name, "t/a", 0, b"more"),
                Stage(name, "t/a", 1, b" tha"),
                Stage(name, "t/a", 2, b"n fo"),
                Stage(name, "t/a", 3, b"ur"),
                Commit(name, 4),
            ],
            None,
        )


@pytest.mark.parametrize("answers", [[YES, NO], [YES, YES, NO]])
def test_a_forgotten_upload_changed_nothing(answers: list[kv.Ok]) -> None:
    with pytest.raises(Definite, match="forgotten"):
        asked(logic(), "write", ["a", "large"], answers)


def test_until_the_commit_is_sent_nothing_is_uncertain() -> None:
    with pytest.raises(Definite, match="not begun"):
        asked(logic(), "write", ["a", "large"], [YES, *[Lost("gone")] * 40])
    with pytest.raises(Indefinite):
        asked(logic(), "write", ["a", "large"], [YES, YES, Lost("gone")])


def test_a_large_write_and_a_large_read_outlast_an_election() -> None:
    nobody = [Unreached("down")] * 8
    commands, _ = asked(logic(), "write", ["a", "large"], [YES, *nobody, YES, *nobody, YES])
    assert [command for at, command in enumerate(commands) if command not in commands[:at]] == [
        Stage("7/1", "t/a", 0, b"larg"),
        Stage("7/1", "t/a", 1, b"e"),
        Commit("7/1", 2),
    ]
    assert asked(logic(), "read", "a", [kv.Ok([3, 2, 5, b"larg"]), *nobody, kv.Ok(b"e")])[1] == "large"


def test_a_read_begins_again_when_its_version_is_replaced() -> None:
    old, new = kv.Ok([3, 2, 8, b"1111"]), kv.Ok([5, 2, 6, b"3333"])
    commands, value = asked(logic(), "read", "a", [old, OK, new, kv.Ok(b"44")])
    assert value == "333344"
    assert commands == [Read("t/a"), ReadPart("t/a", 3, 1), Read("t/a"), ReadPart("t/a", 5, 1)]
    assert asked(logic(), "read", "a", [old, OK, OK])[1] is None
    with pytest.raises(Definite, match="replaced"):
        asked(logic(), "read", "a", [old, OK] * READINGS)


def test_what_it_does_not_know_is_definite() -> None:
    with pytest.raises(Definite, match="no operation 'cas'"):
        asked(logic(), "cas", (1, 2), [])


def test_the_planted_bugs_split_one_change_into_two() -> None:
    held = kv.Ok([3, 1, 2, b"ab"])
    assert asked(logic("append-read-write"), "append", ["a", "c"], [held, OK])[0] == [
        Read("t/a"),
        Write("t/a", b"abc"),
    ]
    assert asked(logic("rename-two-steps"), "rename", ["a", "b"], [held, YES, OK]) == (
        [Read("t/a"), Remove("t/a"), Write("t/b", b"ab")],
        True,
    )
