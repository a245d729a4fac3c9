"""The client of peers: whom it asks, and what it makes of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from systems import kv
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.logic import Ask, Expired, Lost, Unreached, steps_of
from systems.p2p.logic import P2pLogic
from systems.p2p.messages import Delete

READ, WRITE, DELETE = Invocation("read", "k"), Invocation("write", "k", 1), Invocation("delete", "k")


def client(home: str = "n2") -> P2pLogic:
    return P2pLogic(ClientContext(0, home, dict.fromkeys(("n1", "n2", "n3"), ""), {}, 1.0))


def played(logic: P2pLogic, op: Invocation, *told: Any) -> tuple[list[str], Any]:
    """The nodes asked, one for each answer, and the value."""
    steps, asked = steps_of(logic, op), []
    step: Any = next(steps)
    for answer in told:
        assert isinstance(step, Ask)
        asked.append(step.node)
        try:
            step = steps.send(answer)
        except StopIteration as end:
            return asked, end.value
    raise AssertionError(f"it wants more: {step}")


@pytest.mark.parametrize(
    ("op", "command"), [(READ, kv.Read("k")), (WRITE, kv.Write("k", 1)), (DELETE, Delete("k"))]
)
def test_each_operation_is_one_command_at_home(op: Invocation, command: Any) -> None:
    step = next(client().perform(op))
    assert isinstance(step, Ask)
    assert (step.node, step.command) == ("n2", command)


def test_a_home_that_is_not_reached_or_refuses_is_left_for_one_operation() -> None:
    logic = client()
    assert played(logic, WRITE, Unreached("down"), kv.Refused("no majority"), kv.Ok()) == (
        ["n2", "n3", "n1"],
        None,
    )
    assert logic.served_by == "n1"
    assert played(logic, READ, kv.Ok(7)) == (["n2"], 7)
    assert logic.served_by == "n2"


@pytest.mark.parametrize("op", [WRITE, DELETE])
@pytest.mark.parametrize("answer", [Lost("silence"), kv.Uncertain("no majority")])
def test_what_may_have_been_done_is_not_sent_again(op: Invocation, answer: Any) -> None:
    with pytest.raises(Indefinite):
        played(client(), op, answer)


def test_a_read_is_asked_elsewhere_before_its_time_is_over() -> None:
    step = next(client().perform(READ))
    assert isinstance(step, Ask)
    assert step.limit_ns == 400_000_000
    assert played(client(), READ, Lost("silence"), kv.Ok(7)) == (["n2", "n3"], 7)


@pytest.mark.parametrize("op", [READ, WRITE, DELETE])
@pytest.mark.parametrize(
    "told", [(Unreached("down"),) * 3, (kv.Refused("no majority"),) * 3, (Unreached("down"), Expired())]
)
def test_what_nobody_took_did_not_happen(op: Invocation, told: tuple[Any, ...]) -> None:
    with pytest.raises(Definite, match="no peer answered: n"):
        played(client(), op, *told)


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(Definite, match="read, write and delete"):
        played(client(), Invocation("cas", "k", (1, 2)))
