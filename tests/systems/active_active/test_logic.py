"""What an active-active client does, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from systems import kv
from systems.active_active.logic import HOME_AFTER, ActiveActiveLogic, kind_of
from systems.active_active.messages import CounterAdd, RegisterRead, RegisterWrite, SetRead
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.logic import Ask, Lost, Refusal, Unreached, steps_of

DOWN = Unreached("cannot connect")
SILENT = Lost("no answer in time")


def client(**options: str) -> ActiveActiveLogic:
    return ActiveActiveLogic(ClientContext(0, "n1", dict.fromkeys(("n1", "n2", "n3"), ""), options, 1.0))


def perform(logic: ActiveActiveLogic, op: Invocation, *told: Any) -> tuple[Any, list[Ask]]:
    """The value of `op` when its asks are answered by `told`, and the asks."""
    steps, asks, answer = steps_of(logic, op), [], None
    answers = iter(told)
    try:
        while True:
            step = steps.send(answer)
            answer = next(answers) if isinstance(step, Ask) else None
            asks += [step] if isinstance(step, Ask) else []
    except StopIteration as end:
        return end.value, asks


def read(logic: ActiveActiveLogic, value: Any, wall: int, node: str = "n1", *, first: Any = ()) -> Any:
    return perform(logic, Invocation("read", "r1"), *first, kv.Ok([value, wall, 0, node]))[0]


@pytest.mark.parametrize(
    ("key", "kind"), [("r1", "register"), ("k1", "register"), ("s1", "set"), ("c9", "counter")]
)
def test_the_first_letter_says_the_kind(key: str, kind: str) -> None:
    assert kind_of(key) == kind


def test_each_operation_is_one_command_to_the_home_node() -> None:
    asks = perform(client(), Invocation("increment", "c1", -2), kv.Ok())[1]
    assert asks == [Ask("n1", CounterAdd("c1", -2))]
    value, asks = perform(client(), Invocation("read", "s1"), kv.Ok([1, 2]))
    assert (value, asks[0].command) == ([1, 2], SetRead("s1"))


def test_an_operation_that_there_is_none_for_is_refused_in_words() -> None:
    with pytest.raises(Definite, match="no operation 'cas' on 'r1', a register"):
        perform(client(), Invocation("cas", "r1", (1, 2)))


def test_it_never_reads_older_than_it_has_read_or_written() -> None:
    """Terry et al. 1994: monotonic reads, read your writes; the node's copy may lag."""
    logic = client()
    assert read(logic, "new", 20) == "new"
    assert read(logic, "old", 10) == "new"
    assert read(logic, "older than new", 15) == "new"
    perform(logic, Invocation("write", "r1", "mine"), kv.Ok([30, 0, "n1"]))
    assert read(logic, "new", 20) == "mine"
    assert read(logic, "newest", 40) == "newest"


def test_with_session_dropped_it_does() -> None:
    logic = client(bug="session-dropped")
    read(logic, "new", 20)
    assert read(logic, "old", 10) == "old"


def test_a_write_tells_the_newest_timestamp_seen_of_any_register() -> None:
    logic = client()
    perform(logic, Invocation("read", "r2"), kv.Ok(["x", 50, 3, "n2"]))
    read(logic, "old", 10)
    _, asks = perform(logic, Invocation("write", "r1", "v"), kv.Ok([50, 4, "n1"]))
    assert asks[0].command == RegisterWrite("r1", "v", 50, 3)


def test_a_change_that_may_be_done_is_not_sent_again() -> None:
    logic = client()
    with pytest.raises(Indefinite):
        perform(logic, Invocation("add", "s1", 1), SILENT)
    with pytest.raises(Indefinite):
        perform(logic, Invocation("add", "s1", 1), DOWN, SILENT)


def test_a_read_may_be_and_a_node_that_is_down_did_nothing() -> None:
    logic = client()
    assert read(logic, 5, 1, first=(SILENT,)) == 5
    assert logic.served_by == "n2"
    _, asks = perform(client(), Invocation("increment", "c1", 1), DOWN, kv.Ok())
    assert [ask.node for ask in asks] == ["n1", "n2"]


def test_when_nobody_is_reached_the_operation_did_not_happen() -> None:
    with pytest.raises(Definite, match="no node was reached: cannot connect"):
        perform(client(), Invocation("add", "s1", 1), *[DOWN] * 8)
    with pytest.raises(Refusal, match="n1 refused: it cannot"):
        perform(client(), Invocation("add", "s1", 1), kv.Refused("it cannot read the command"))


def test_it_stays_where_it_went_and_comes_back_home_after_a_while() -> None:
    logic = client()
    read(logic, 1, 1, first=(DOWN,))
    for number in range(HOME_AFTER - 1):
        _, asks = perform(logic, Invocation("read", "r1"), kv.Ok([1, 1, 0, "n1"]))
        assert [ask.node for ask in asks] == ["n2"], number
    _, asks = perform(logic, Invocation("read", "r1"), DOWN, kv.Ok([1, 1, 0, "n1"]))
    assert [ask.node for ask in asks] == ["n1", "n2"], "home is still down, so it stays away"
    for _ in range(HOME_AFTER):
        _, asks = perform(logic, Invocation("read", "r1"), kv.Ok([1, 1, 0, "n1"]))
    assert [ask.node for ask in asks] == ["n1"], "home has come back"
    _, asks = perform(logic, Invocation("read", "r1"), kv.Ok([1, 1, 0, "n1"]))
    assert asks == [Ask("n1", RegisterRead("r1"), 400_000_000)]


def test_a_client_that_only_changes_things_comes_back_too_but_later() -> None:
    logic = client()
    perform(logic, Invocation("increment", "c1", 1), DOWN, kv.Ok())
    nodes = [
        perform(logic, Invocation("increment", "c1", 1), kv.Ok())[1][0].node for _ in range(4 * HOME_AFTER)
    ]
    assert nodes == ["n2"] * (4 * HOME_AFTER - 1) + ["n1"]
