"""The six questions, as Porcupine answers them."""

from __future__ import annotations

import dataclasses
import itertools
import random
from typing import Any

import pytest

from checkers.lincheck import porcupine
from checkers.lincheck.limits import Limits
from checkers.lincheck.porcupine import (
    CheckResult,
    Event,
    EventKind,
    Model,
    ModelError,
    NondeterministicModel,
    Operation,
    Undecided,
    check_events,
    check_events_timeout,
    check_events_verbose,
    check_operations,
    check_operations_timeout,
    check_operations_verbose,
    deciding,
)
from checkers.lincheck.porcupine.reading import read
from checkers.verdict import Unknown
from tests.checkers.porcupine.samples import GET, REGISTER, Put, as_events, illegal, legal, random_register


def brute_force(model: Model, history: list[Operation]) -> bool:
    """Every order that respects real time, tried."""

    def go(left: frozenset[int], state: Any) -> bool:
        if not left:
            return True
        bound = min(history[i].return_ for i in left)
        for i in left:
            if history[i].call <= bound:
                ok, after = model.step(state, history[i].input, history[i].output)
                if ok and go(left - {i}, after):
                    return True
        return False

    return go(frozenset(range(len(history))), model.init())


def test_porcupines_two_examples_as_operations_and_as_events() -> None:
    assert check_operations(REGISTER, legal()) is True
    assert check_operations(REGISTER, illegal()) is False
    assert check_events(REGISTER, as_events(legal())) is True
    assert check_events(REGISTER, as_events(illegal())) is False
    assert check_operations_timeout(REGISTER, illegal(), 10) == CheckResult.ILLEGAL
    assert check_events_timeout(REGISTER, as_events(legal()), 0) == CheckResult.OK
    assert check_events_verbose(REGISTER, as_events(illegal()))[0] == CheckResult.ILLEGAL


def test_random_histories_get_the_verdict_of_brute_force() -> None:
    seen = set()
    for seed in range(150):
        history = random_register(seed, count=7, clients=3)
        expected = brute_force(REGISTER, history)
        seen.add(expected)
        assert check_operations(REGISTER, history) is expected, f"random_register({seed}, 7, 3)"
        assert check_events(REGISTER, as_events(history)) is expected, (
            f"as_events(random_register({seed}, 7, 3))"
        )
    assert seen == {True, False}


def test_intervals_are_closed_so_equal_times_are_concurrent() -> None:
    history = [Operation(0, Put(1), 0, None, 10), Operation(1, GET, 10, 0, 20)]
    assert check_operations(REGISTER, history)
    later = [history[0], dataclasses.replace(history[1], call=11)]
    assert not check_operations(REGISTER, later)


@pytest.mark.parametrize("scale", [1, 10**30, 0.001, -1e-9])
@pytest.mark.parametrize("shift", [0, -(10**40), 0.5])
def test_times_of_any_size_keep_their_order_and_ties(scale: float, shift: float) -> None:
    def moved(time: Any) -> Any:
        return time * scale + shift if scale > 0 else time

    for history, expected in ((legal(), True), (illegal(), False)):
        ops = [dataclasses.replace(o, call=moved(o.call), return_=moved(o.return_)) for o in history]
        if len({t for o in ops for t in (o.call, o.return_)}) == 6:  # rounding made no two times one
            assert check_operations(REGISTER, ops) is expected


def test_integers_that_a_float_cannot_tell_apart_stay_apart() -> None:
    big = 2**60
    history = [Operation(0, Put(1), big, None, big + 1), Operation(1, GET, big + 2, 0, big + 3)]
    assert not check_operations(REGISTER, history)


def test_an_empty_history_is_ok() -> None:
    assert check_operations(REGISTER, [])
    assert check_events(REGISTER, iter([]))
    result, info = check_operations_verbose(REGISTER, [])
    assert (result, info.partial_linearizations(), info.partitions) == (CheckResult.OK, [], ())
    assert check_operations(dataclasses.replace(REGISTER, partition=lambda h: [[], []]), [])


def test_an_operation_without_answer_gets_a_return_at_the_end() -> None:
    history = [Operation(0, Put(5), 0, "?", 1_000), Operation(1, GET, 1, 5, 2), Operation(1, GET, 3, 0, 4)]
    assert not check_operations(REGISTER, history)
    assert check_operations(REGISTER, history[:2])
    assert check_operations(REGISTER, [history[0], history[2]])


def _two_keys() -> tuple[Model, list[Operation]]:
    def step(state: int, input: Any, output: Any) -> tuple[bool, int]:
        _, value = input
        return (True, value) if value is not None else (output == state, state)

    def partition(history: Any) -> list[list[Operation]]:
        return [
            list(g)
            for _, g in itertools.groupby(sorted(history, key=lambda o: o.input[0]), lambda o: o.input[0])
        ]

    def partition_event(history: Any) -> list[list[Event]]:
        keys = {e.id: e.value[0] for e in history if e.kind is EventKind.CALL}
        return [[e for e in history if keys[e.id] == key] for key in sorted(set(keys.values()))]

    history = [
        Operation(0, ("a", 1), 0, None, 1),
        Operation(0, ("b", 2), 2, None, 3),
        Operation(0, ("a", None), 4, 0, 5),
        Operation(0, ("b", None), 6, 2, 7),
    ]
    return Model(init=lambda: 0, step=step, partition=partition, partition_event=partition_event), history


def test_partitions_are_judged_each_and_one_illegal_one_is_enough() -> None:
    model, history = _two_keys()
    result, info = check_operations_verbose(model, history)
    assert result == CheckResult.ILLEGAL
    assert [p.result for p in info.partitions] == [CheckResult.ILLEGAL, CheckResult.OK]
    assert info.partial_linearizations() == [[[0]], [[0, 1]]]
    assert info.partial_linearizations_operations()[1] == [[history[1], history[3]]]
    assert check_operations(model, history[1::2])
    only_events = dataclasses.replace(model, partition=None)
    assert check_events_verbose(only_events, as_events(history))[1].partial_linearizations() == [
        [[0]],
        [[0, 1]],
    ]
    only_operations = dataclasses.replace(model, partition_event=None)
    assert check_events_verbose(only_operations, as_events(history))[0] == CheckResult.ILLEGAL
    assert check_events(only_operations, as_events(history[1::2]))


def test_a_partition_function_that_loses_operations_is_refused() -> None:
    model, history = _two_keys()
    lossy = dataclasses.replace(model, partition=lambda h: [h[:1]], partition_event=lambda h: [h[:2]])
    with pytest.raises(ValueError, match="partition gives 1 operations of 4"):
        check_operations(lossy, history)
    with pytest.raises(ValueError, match="partition_event gives 2 events of 8"):
        check_events(lossy, as_events(history))


CALL, RETURN = EventKind.CALL, EventKind.RETURN


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            [(CALL, 7), (RETURN, 7), (CALL, 7)],
            "event 2: id 7 is called twice .first by event 0.*id of its own",
        ),
        ([(CALL, 7), (RETURN, 7), (RETURN, 7)], "event 2: id 7 is returned twice"),
        ([(RETURN, 7), (CALL, 7)], "event 0: id 7 returns before it is called"),
        ([(CALL, 7), (CALL, 8), (RETURN, 8)], "event 0: id 7 is called and never returns"),
    ],
)
def test_events_that_do_not_pair_are_refused_by_name(events: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_events(REGISTER, [Event(0, kind, GET, name) for kind, name in events])


@pytest.mark.parametrize(
    ("call", "end", "message"),
    [
        (5, 4, "operation 1 .client 3. returns at 4, before its call at 5"),
        (float("nan"), 4, "operation 1 .client 3.: call is nan; times are integers or finite floats"),
        (0, float("inf"), "return_ is inf.*a time after all others"),
        ("0", 4, "call is '0'; times are"),
        (0, True, "return_ is True"),
    ],
)
def test_times_that_are_none_are_refused_by_name(call: Any, end: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_operations(REGISTER, [*illegal()[:1], Operation(3, GET, call, 0, end)])


def test_what_is_no_operation_and_no_event_is_refused() -> None:
    wrong: Any = [(0, GET, 0, 0, 1)]
    with pytest.raises(ValueError, match="item 0 of the history is no Operation"):
        check_operations(REGISTER, wrong)
    with pytest.raises(ValueError, match="item 0 of the history is no Event"):
        check_events(REGISTER, wrong)


def test_a_timeout_gives_unknown_and_never_a_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Limits] = []

    def undecided(history: Any, model: Any, *, limits: Limits, **rest: Any) -> Unknown:
        asked.append(limits)
        return Unknown("time ran out", len(history))

    monkeypatch.setattr(deciding, "check", undecided)
    assert check_operations_timeout(REGISTER, legal(), 2.5) == CheckResult.UNKNOWN
    assert check_events_timeout(REGISTER, as_events(illegal()), 0) == CheckResult.UNKNOWN
    assert [limits.time_s for limits in asked] == [2.5, None]
    with pytest.raises(Undecided, match="time ran out"):
        check_operations(REGISTER, legal())
    assert check_operations_verbose(REGISTER, illegal(), 1)[0] == CheckResult.UNKNOWN
    assert (
        check_operations_verbose(REGISTER, legal(), 1)[0] == CheckResult.OK
    )  # an order was found all the same


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match="a timeout is a number of seconds, 0 for none"):
        check_operations_timeout(REGISTER, legal(), timeout)


def test_a_result_is_compared_and_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match=r"result == CheckResult\.OK"):
        bool(check_operations_timeout(REGISTER, illegal(), 0))
    assert [r.value for r in CheckResult] == ["Ok", "Illegal", "Unknown"]


def test_a_contradiction_between_the_two_searches_is_never_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    real = deciding.check

    def lies(history: Any, model: Any, **rest: Any) -> Any:
        return real(history, _Never(model), **rest)

    class _Never:
        def __init__(self, model: Any) -> None:
            self.model = model

        def __getattr__(self, name: str) -> Any:
            return getattr(self.model, name)

        def step(self, *_: Any) -> tuple[Any, ...]:
            return ()

        def guard(self, *_: Any) -> None:
            return None

    monkeypatch.setattr(deciding, "check", lies)
    with pytest.raises(RuntimeError, match="this is a bug"):
        check_operations_verbose(REGISTER, legal())


def test_the_go_names_are_the_same_functions() -> None:
    assert porcupine.CheckOperations is check_operations
    assert porcupine.CheckEventsVerbose is check_events_verbose
    assert (porcupine.Ok, porcupine.Illegal, porcupine.Unknown) == tuple(CheckResult)
    assert (porcupine.CallEvent, porcupine.ReturnEvent) == tuple(EventKind)
    assert set(porcupine.__all__) <= set(dir(porcupine))


def test_several_next_states() -> None:
    """A write may get lost: a get sees either value, but the store makes up its mind."""
    model = NondeterministicModel(
        init=lambda: [[0]],
        step=lambda state, input, output: (
            [[input.value], state] if isinstance(input, Put) else [state] if output == state[0] else []
        ),
        describe_state=lambda state: str(state[0]),
    ).to_model()
    put, old, new = Operation(0, Put(1), 0, None, 1), Operation(0, GET, 2, 0, 3), Operation(0, GET, 4, 1, 5)
    assert check_operations(model, [put, old])
    assert check_operations(model, [put, new])
    assert not check_operations(model, [put, old, new])
    assert model.describe_state(model.init()) == "{0}"
    assert model.step(model.init(), Put(1), None) == (True, ([0], [1]))
    wrong: Any = NondeterministicModel(init=lambda: 0, step=lambda s, i, o: []).to_model()
    with pytest.raises(ModelError, match="give a list of states, not 0"):
        check_operations(wrong, [put])


def test_several_initial_states_and_equal_ones_merged() -> None:
    model = NondeterministicModel(
        init=lambda: ["a", "A", "b"],
        step=lambda state, input, output: [state] if output == state.lower() else [],
        equal=lambda one, other: one.lower() == other.lower(),
    ).to_model()
    assert model.init() == ("a", "b")
    reads = [Operation(0, GET, 0, "a", 1), Operation(0, GET, 2, "b", 3)]
    assert check_operations(model, reads[:1])
    assert check_operations(model, reads[1:])
    assert not check_operations(model, reads)


def test_each_question_is_asked_once() -> None:
    asked: list[tuple[Any, Any, Any]] = []

    def step(state: Any, input: Any, output: Any) -> tuple[bool, Any]:
        asked.append((state, input, output))
        return REGISTER.step(state, input, output)

    model = Model(init=REGISTER.init, step=step, partition=lambda h: [h[::2], h[1::2]])
    history = random_register(5, 200, 5, wrong=0)
    check_operations_verbose(model, history)
    assert len(asked) == len(set(asked)) > 10


def test_the_order_of_the_history_does_not_matter() -> None:
    for seed in range(20):
        history = random_register(seed, 30, 4, wrong=0.02)
        mixed = random.Random(seed).sample(history, len(history))
        assert check_operations(REGISTER, history) is check_operations(REGISTER, mixed), f"seed {seed}"


def test_metadata_of_a_return_goes_before_that_of_a_call() -> None:
    events = [Event(0, CALL, GET, "x", "first"), Event(0, RETURN, 0, "x", "last")]
    events += [Event(1, CALL, GET, "y", "only"), Event(1, RETURN, 0, "y")]
    _, info = check_events_verbose(REGISTER, events)
    assert info.partial_linearizations_operations()[0][0] == [
        Operation(0, GET, 0, 0, 1, "last"),
        Operation(1, GET, 2, 0, 3, "only"),
    ]


def test_the_history_holds_only_numbers() -> None:
    given = read(REGISTER, [legal()])
    assert [type(value) for value in given.history.inputs] == [int, int, int]
    assert [given.rows[i].position for i in range(3)] == [0, 1, 2]
