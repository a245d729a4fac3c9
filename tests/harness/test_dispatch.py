"""The dispatcher against its laws, driven with a clock of our own."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from harness.run.dispatch import FAIL_REST_NS, SECOND_NS, Act, Dispatch, Done, Wait
from harness.workload import WORKLOADS, Generator


def make(clients: int, rate: float, seed: int = 1) -> Dispatch:
    generator = Generator(WORKLOADS["register"], random.Random(seed), keys=3, ops_per_key=10)
    return Dispatch(generator, [random.Random(seed + i) for i in range(clients)], rate=rate, start_ns=0)


def test_a_process_whose_operation_ended_info_never_acts_again() -> None:
    dispatch = make(clients=3, rate=0)
    seen = []
    for _ in range(5):
        decision = dispatch.next(1, 0)
        assert isinstance(decision, Act)
        seen.append(decision.process)
        dispatch.complete(1, "info", 0)
    assert seen == [1, 4, 7, 10, 13]


def test_ok_and_fail_keep_the_process() -> None:
    dispatch = make(clients=2, rate=0)
    for outcome in ("ok", "fail"):
        dispatch.complete(0, outcome, 0)  # type: ignore[arg-type]
        assert dispatch.process_of(0) == 0


def test_nothing_begins_at_or_after_the_stop() -> None:
    dispatch = make(clients=1, rate=0)
    dispatch.stop_at(100)
    assert isinstance(dispatch.next(0, 99), Act)
    assert isinstance(dispatch.next(0, 100), Done)
    assert isinstance(dispatch.next(0, 101), Done)


def test_a_refused_unthrottled_client_rests() -> None:
    dispatch = make(clients=1, rate=0)
    dispatch.next(0, 0)
    dispatch.complete(0, "fail", 1000)
    assert dispatch.next(0, 1001) == Wait(1000 + FAIL_REST_NS)


@given(st.integers(1, 20), st.integers(1, 500), st.integers(0, 2**32))
def test_the_rate_is_kept_over_all_clients(clients: int, rate: int, seed: int) -> None:
    dispatch = make(clients, rate, seed)
    seconds, acts = 20, 0
    for slot in range(clients):
        now = 0
        while now < seconds * SECOND_NS:
            match dispatch.next(slot, now):
                case Act():
                    acts += 1
                    dispatch.complete(slot, "ok", now)
                case Wait(until):
                    now = until
    expected = rate * seconds
    assert abs(acts - expected) <= 6 * expected**0.5 + 1


def test_a_late_slot_does_not_catch_up() -> None:
    dispatch = make(clients=1, rate=10)
    late = 100 * SECOND_NS
    assert isinstance(dispatch.next(0, late), Act)
    dispatch.complete(0, "ok", late)
    assert isinstance(dispatch.next(0, late), Wait)


def test_a_tree_is_left_after_some_operations_of_unknown_outcome() -> None:
    generator = Generator(WORKLOADS["files"], random.Random(1), keys=1, ops_per_key=40)
    dispatch = Dispatch(generator, [random.Random(1)], rate=0, start_ns=0)
    keys = []
    for second, outcome in enumerate(("info", "ok", "fail", "info", "info", "ok")):
        decision = dispatch.next(0, SECOND_NS * second)
        assert isinstance(decision, Act)
        keys.append(decision.op.key)
        dispatch.complete(0, outcome, SECOND_NS * second)  # type: ignore[arg-type]
    assert len(set(keys[:5])) == 1
    assert keys[5] != keys[0]
