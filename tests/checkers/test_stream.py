"""The stream against the checker of finished histories: after every event, the prefix decides.

    python -c "from tests.checkers.test_stream import replay; replay('cas', 17)"

Invariants: every history and every order of feeding comes from a name and a seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from checkers.events import Complete, Invoke
from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck import CasRegister, Model, Register, check
from checkers.lincheck.model import ModelError
from checkers.lincheck.stream import Stream, StreamError, Violation
from checkers.lincheck.streamed import Bounds
from checkers.verdict import Invalid, Unknown, Valid, Verdict
from tests.oracles import midsize, small
from tests.oracles.adapters import model_of
from tests.oracles.shapes import Slot, clients
from tests.oracles.specs import BY_NAME

Event = tuple[int, int, int]  # time, 0 call or 1 end, operation
REGISTERS = ("register", "cas", "weak-cas", "guards", "mutex")
CAS = CasRegister(failed_cas="observation")


def events_of(dice: random.Random, ops: Sequence[Op]) -> list[Event]:
    """In order of time, calls first; a crash is noticed some time after the call."""
    found = []
    for i, op in enumerate(ops):
        end = op.call_ns + dice.randint(0, 15) if op.outcome == Outcome.INFO else op.return_ns
        found += [(op.call_ns, 0, i), (end, 1, i)]
    return sorted(found, key=lambda event: (*event[:2], dice.random()))


def prefix(ops: Sequence[Op], events: Sequence[Event]) -> History:
    """What is known after some events: open operations may have happened or not."""
    known = {}
    for _, is_end, i in events:
        op = ops[i]
        if not is_end:
            known[i] = replace(op, outcome=Outcome.INFO, output=None, return_ns=OPEN_NS, given_up_ns=None)
        elif op.outcome == Outcome.FAIL:
            del known[i]
        elif op.outcome == Outcome.OK:
            known[i] = op
    return History.of(known.values())


def is_illegal(history: History, model: Model) -> bool:
    """According to the checker of finished histories."""
    verdict = check(history, model, explain=False, witness=False)
    assert not isinstance(verdict, Unknown)
    return isinstance(verdict, Invalid)


def first_illegal(ops: Sequence[Op], events: Sequence[Event], model: Model) -> int | None:
    """How many events make the first prefix that is illegal (all longer ones are)."""
    if not is_illegal(prefix(ops, events), model):
        return None
    low, high = 0, len(events)
    while high - low > 1:
        middle = (low + high) // 2
        if is_illegal(prefix(ops, events[:middle]), model):
            high = middle
        else:
            low = middle
    return high


def fed(stream: Stream, ops: Sequence[Op], events: Sequence[Event]) -> Iterator[int]:
    """Feed the events; yields how many were fed after each."""
    for count, (time_ns, is_end, i) in enumerate(events, 1):
        op = ops[i]
        if is_end:
            stream.complete(i, op.outcome.name.lower(), op.output, time_ns)  # type: ignore[arg-type]
        else:
            stream.invoke(i, op.f, op.key, op.input, time_ns)
        yield count


def reported(
    stream: Stream, ops: Sequence[Op], events: Sequence[Event]
) -> tuple[int | None, Violation | None]:
    """After which event the stream, asked after each, reported a violation; and which."""
    for count in fed(stream, ops, events):
        found = stream.violation()
        if found is not None:
            return count, found
    return None, None


def history_of(name: str, seed: int) -> tuple[list[Op], Model]:
    """One to seven operations; of registers, in every other, 8 to 24 by few clients."""
    dice = random.Random(f"stream history {name} {seed}")
    if seed % 2 or name not in REGISTERS:
        one = small.case(name, seed)
        return one.ops, one.model
    spec = BY_NAME[name](dice, dice.choice([2, 3, 4]))
    spans = clients(dice, dice.randint(8, 24))
    slots = [Slot(i, call, end, dice.random() < 0.05, None) for i, (call, end) in enumerate(spans)]
    ops = midsize.simulated(dice, spec, slots)
    for _ in range(dice.choice([0, 1, 1, 2])):
        ops = midsize.nudged(dice, spec, ops)
    return ops, model_of(spec, dice)


def fault_of(name: str, seed: int, counts: Counter[str]) -> str | None:
    """What the stream says wrongly of one history, fed in several ways; None if nothing."""
    ops, model = history_of(name, seed)
    dice = random.Random(f"stream {name} {seed}")
    events = events_of(dice, ops)
    want = first_illegal(ops, events, model)
    counts["illegal" if want else "legal"] += 1
    counts["failed"] += want is not None and ops[events[want - 1][2]].outcome == Outcome.FAIL
    at_once, violation = reported(Stream(model, batch=1), ops, events)
    if at_once != want or (violation and violation.event != want):
        return f"asked after every event, it reports at {at_once} ({violation}), not at {want}"
    batched = Stream(model, batch=dice.choice([2, 5, 64]))
    last = sum(1 for _ in fed(batched, ops, events))
    found = batched.violation()
    if (found.event if found else None) != want:
        return f"asked after {last} events, it blames {found}, not event {want}"
    if isinstance(batched.finish(), Invalid) != (want is not None):
        return f"the verdict is {batched.finish()}, although the first illegal prefix is {want}"
    return _bounded(dice, ops, events, model, want)


def _bounded(
    dice: random.Random, ops: Sequence[Op], events: Sequence[Event], model: Model, want: int | None
) -> str | None:
    """With hardly any memory it may know less, but says nothing wrong."""
    bounds = Bounds(window=dice.choice([1, 3]), exact=dice.choice([0, 1]), steps=dice.choice([5, 50, 5_000]))
    tight = Stream(model, batch=dice.choice([1, 3]), bounds=bounds)
    count, _ = reported(tight, ops, events)
    verdict = tight.finish()
    if (count is not None and (want is None or count < want)) or (
        want is None and isinstance(verdict, Invalid)
    ):
        return f"within {bounds} it reports at {count}, {verdict}, not at {want}"
    if isinstance(verdict, Valid) and want is not None:
        return f"within {bounds} it finds {verdict}, although prefix {want} is illegal"
    return None


def replay(name: str, seed: int) -> None:
    """Say again what is wrong with one history."""
    print(fault_of(name, seed, Counter()) or "nothing")


def _sweep(seeds: range) -> Counter[str]:
    counts: Counter[str] = Counter()
    faults = []
    for name in BY_NAME:
        for seed in seeds:
            fault = fault_of(name, seed, counts)
            if fault:
                faults.append(f"replay({name!r}, {seed}): {fault}")
    assert faults == []
    return counts


def test_a_violation_is_reported_at_the_first_illegal_prefix() -> None:
    counts = _sweep(range(60))
    assert counts["illegal"] > 100
    assert counts["legal"] > 100
    assert counts["failed"] > 0, "no history became illegal by a failure"


@pytest.mark.slow
def test_a_violation_is_reported_at_the_first_illegal_prefix_of_thousands() -> None:
    assert sum(_sweep(range(60, 260)).values()) > 2_000


def late(dice: random.Random, events: list[Event], lag: int) -> list[Event]:
    """Every event up to `lag` late, those of one operation in order."""
    due = {event: event[0] + dice.randint(0, lag) for event in events}
    for event in events:
        if event[1]:
            due[event] = max(due[event], *[due[e] for e in events if e[2] == event[2]])
    return sorted(events, key=lambda event: (due[event], event[1]))


@pytest.mark.parametrize("lag", [1, 4, 12])
def test_events_may_be_late_within_the_lag(lag: int) -> None:
    verdicts: Counter[str] = Counter()
    for name in ("cas", "fifo-queue", "register", "set"):
        for seed in range(60):
            one = small.case(name, seed)
            dice = random.Random(f"late {lag} {name} {seed}")
            events = late(dice, events_of(dice, one.ops), lag)
            stream = Stream(one.model, batch=dice.choice([1, 2]), lag_ns=lag + 1)
            count, violation = reported(stream, one.ops, events)
            if violation is not None:
                assert is_illegal(prefix(one.ops, events[: violation.event]), one.model), (name, seed, count)
            if count is None:
                verdict = stream.finish()
                assert isinstance(verdict, Valid) == one.legal, (name, seed, verdict)
            verdicts["in time" if count else "legal" if one.legal else "at the end"] += 1
    assert verdicts["in time"] > 10
    assert verdicts["legal"] > 10


def test_a_call_that_comes_too_late_is_refused() -> None:
    stream = Stream(Register(), batch=1)
    stream.invoke(1, "write", "x", 1, 10)
    stream.complete(1, "ok", None, 20)
    with pytest.raises(StreamError, match="process 2 begins read at 20, but returns until 20 are judged"):
        stream.invoke(2, "read", "x", None, 20)
    stream.invoke(2, "read", "y", None, 15)  # nothing was judged of that key


def test_events_that_cannot_come_next_are_refused() -> None:
    stream = Stream(Register())
    with pytest.raises(StreamError, match="has none open"):
        stream.complete(1, "ok", None, 5)
    stream.invoke(1, "read", None, None, 5)
    with pytest.raises(StreamError, match="while it has an operation open"):
        stream.invoke(1, "read", None, None, 6)
    with pytest.raises(StreamError, match="what it began at 5"):
        stream.complete(1, "ok", None, 4)
    with pytest.raises(ModelError, match="knows no operation"):
        stream.invoke(2, "dequeue", None, None, 6)


def test_the_violation_names_the_completion_that_made_it_certain() -> None:
    stream = Stream(CAS)
    events: list[Invoke | Complete] = [
        Invoke(1, 10, "write", "x", 7),
        Invoke(2, 11, "write", "y", 1),
        Invoke(3, 12, "read", "x"),
        Complete(3, 13, "ok", 7),  # the write may have happened,
        Complete(2, 14, "ok"),
        Complete(1, 15, "fail"),  # but it did not
        Invoke(4, 16, "read", "x"),
        Complete(4, 17, "ok", 9),
    ]
    for event in events:
        stream.feed(event)
    found = stream.violation()
    assert found is not None
    assert (found.key, found.event, found.process, found.f, found.call_ns, found.time_ns) == (
        "x",
        6,
        1,
        "write",
        10,
        15,
    )
    text = "key x: no order of the operations so far is legal once write 7 by process 1 had failed"
    assert found.sentence == f"{text}: read → 7 by process 3 finds no place"
    verdict = stream.finish()
    assert isinstance(verdict, Invalid)
    assert (verdict.bad_keys, verdict.sentence, verdict.algorithm) == (("x",), found.sentence, "stream")


def test_a_crashed_operation_may_happen_much_later() -> None:
    stream = Stream(CAS, batch=1)
    stream.feed(Invoke(1, 1, "write", "x", 7))
    stream.feed(Complete(1, 2, "info"))
    for i in range(100):
        stream.feed(Invoke(2, 10 * i + 10, "read", "x"))
        stream.feed(Complete(2, 10 * i + 15, "ok", None if i < 50 else 7))
    assert stream.violation() is None
    stream.feed(Invoke(2, 2_000, "read", "x"))
    found = stream.feed(Complete(2, 2_001, "ok", None))
    assert found is not None, "it cannot be undone"


def test_finish_judges_what_was_kept_exactly() -> None:
    for output, verdict in ((7, Valid), (8, Invalid)):
        stream = Stream(CAS, keep=True)
        stream.feed(Invoke(1, 1, "write", "x", 7))
        stream.feed(Invoke(2, 3, "read", "x"))
        stream.feed(Complete(2, 4, "ok", output))
        found = stream.finish()
        assert isinstance(found, verdict)
        assert found.algorithm != "stream"
        assert not isinstance(found, Invalid) or found.counter_example is not None


def simulated(stream: Stream, dice: random.Random, count: int, crashed: float = 0.0) -> Iterator[int]:
    """Feed `count` legal operations of up to 8 clients on three registers; yields what is held."""
    values: dict[int, int | None] = {}
    still_open: list[tuple[int, int | None]] = []
    now = process = ended = 0
    while ended < count:
        now += 1
        if len(still_open) < 8 and dice.random() < 0.5:
            process, key = process + 1, dice.randrange(3)
            f = dice.choice(["read", "write"])
            given = None if f == "read" else process
            values[key] = values.get(key) if f == "read" else given
            stream.invoke(process, f, key, given, now)
            still_open.append((process, values[key] if f == "read" else None))
        elif still_open:
            who, output = still_open.pop(dice.randrange(len(still_open)))
            stream.complete(who, "info" if dice.random() < crashed else "ok", output, now)
            ended += 1
            if ended % 500 == 0:
                yield sum(stream.held())


def _assert_bounded(count: int) -> Verdict:
    stream = Stream(Register())
    held = list(simulated(stream, random.Random("bounded"), count))
    assert max(held[len(held) // 2 :]) <= 2 * max(held[: len(held) // 4])
    assert max(held) < 4_000_000
    assert stream.held()[0] < 1_000
    return stream.finish()


def test_memory_does_not_grow_with_the_stream() -> None:
    assert isinstance(_assert_bounded(10_000), Valid)


@pytest.mark.slow
def test_memory_does_not_grow_with_two_hundred_thousand_operations() -> None:
    assert isinstance(_assert_bounded(200_000), Valid)


def test_an_operation_that_never_ends_does_not_hold_up_forgetting() -> None:
    stream = Stream(CAS, bounds=Bounds(window=200))
    stream.invoke(-1, "write", 0, 99, 0)
    assert max(stream.held()[0] for _ in simulated(stream, random.Random("stuck"), 5_000)) < 1_000
    stream.complete(-1, "ok", None, 1_000_000)
    verdict = stream.finish()
    assert isinstance(verdict, Unknown)
    assert "1 operations took too long" in verdict.reason


def test_many_crashed_operations_are_relaxed_and_said_so() -> None:
    stream = Stream(Register(), bounds=Bounds(exact=8))
    for _ in simulated(stream, random.Random("crashed"), 2_000, crashed=0.05):
        assert stream.violation() is None
    verdict = stream.finish()
    assert isinstance(verdict, Unknown)
    assert "keys operations that never returned" in verdict.reason
