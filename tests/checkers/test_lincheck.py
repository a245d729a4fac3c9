"""check(): verdicts, minimal counter-examples and sentences, on histories small enough to judge by eye."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import pytest

from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.lincheck import (
    UNKNOWN,
    CasRegister,
    KeyValue,
    Limits,
    Model,
    ModelError,
    Register,
    check,
    fault_of,
)
from checkers.linearizable import Linearizable
from checkers.verdict import Invalid, Unknown, Valid, Verdict

CAS = CasRegister(failed_cas="observation")
WEAK = CasRegister(failed_cas="did-not-happen")


def op(text: str, call: int, end: int | None, *, key: Any = "x", outcome: Outcome | None = None) -> Op:
    """E.g. "0 write 1", "1 read 4", "2 cas 1 2 true": process, function, then input and output."""
    process, f, *words = text.split()
    named = {"nil": None, "true": True, "false": False}
    values = [named[w] if w in named else int(w) if w.isdecimal() else w for w in words]
    given, output = {
        "read": lambda: (None, values[0]),
        "get": lambda: (None, values[0]),
        "cas": lambda: (values[:2], values[2]),
    }.get(f, lambda: (values[0], None))()
    if outcome is None:
        outcome = Outcome.INFO if end is None else Outcome.OK
    back = OPEN_NS if outcome == Outcome.INFO or end is None else end
    node = f"n{int(process) + 1}"
    shown = output if outcome == Outcome.OK else None
    return Op(0, int(process), f, key, given, shown, outcome, call, back, None, node)


def judge(*ops: Op, model: Model = CAS, **more: Any) -> Verdict:
    return check(History.of(ops), model, **more)


def bad(*ops: Op, model: Model = CAS) -> Invalid:
    verdict = judge(*ops, model=model)
    assert isinstance(verdict, Invalid), verdict
    assert verdict.counter_example is not None
    return verdict


def kept(verdict: Invalid) -> list[str]:
    assert verdict.counter_example is not None
    return [o.text for o in verdict.counter_example.ops]


STALE = [op("0 write 1", 0, 1), op("1 write 2", 2, 3), op("2 read 1", 4, 5)]


def test_the_minimal_example_is_exactly_the_two_operations() -> None:
    noise = [op(f"{3 + i} read 2", 10 + i, 12 + i) for i in range(20)]
    noise += [op(f"{30 + i} write {50 + i}", 40 + i, 60 + i) for i in range(20)]
    verdict = bad(*STALE, *noise)
    example = verdict.counter_example
    assert example is not None
    assert kept(verdict) == ["write 2", "read → 1"]
    assert [step.state for step in example.order] == ["2"]
    assert [(s.index, s.why.split(", and")[0]) for s in example.stuck] == [(2, "reads 1, but the state is 2")]
    assert (example.initial, example.left_out, verdict.notes) == ("nil", 41, ())


def test_a_write_that_is_left_out_is_a_ghost_and_not_gone() -> None:
    """read 3 needs no explanation here: the write of 3 is left out, and 1 after 3 is what cannot be: the
    write of
    1 had ended by then.
    """
    verdict = bad(op("0 write 1", 0, 1), op("1 write 3", 0, 9), op("2 read 3", 2, 3), op("3 read 1", 4, 5))
    assert kept(verdict) == ["read → 3", "read → 1"]
    assert verdict.counter_example is not None
    assert [step.state for step in verdict.counter_example.order] == ["3"]
    assert "no operation left out" in verdict.counter_example.stuck[0].why


@pytest.mark.parametrize(
    ("ops", "sentence"),
    [
        (
            STALE,
            "key x: read of 1 by process 2 (n3) began after the write of 2 by process 1 (n2) had returned, "
            "and every write of 1 had ended before that write began",
        ),
        (
            [op("0 write 1", 0, 1), op("1 read nil", 2, 3)],
            "key x: read of nil by process 1 (n2) began after the write of 1 by process 0 (n1) had returned, "
            "and no other operation wrote nil",
        ),
        (
            [*STALE, op("4 write 1", 6, 7)],
            "key x: read of 1 by process 2 (n3) began after the write of 2 by process 1 (n2) had returned, "
            "and every write of 1 had either ended before that write began, "
            "or only began after this read had returned",
        ),
        ([op("0 read 9", 0, 1)], "key x: read of 9 by process 0 (n1), but no operation ever wrote 9"),
        (
            [op("0 write 9", 0, 1, outcome=Outcome.FAIL), op("1 read 9", 2, 3)],
            "key x: read of 9 by process 1 (n2), but every write of 9 failed: none can have happened",
        ),
        (
            [op("0 read 4", 0, 1), op("1 write 4", 2, 3)],
            "key x: read of 4 by process 0 (n1) had returned before the write of 4 by process 1 (n2) began: "
            "a value from the future",
        ),
        (
            [op("0 write 1", 0, 1), op("1 cas 1 2 true", 2, 9), op("2 cas 1 3 true", 2, 9)],
            "key x: cas 1→2 → true by process 1 (n2) and cas 1→3 → true by process 2 (n3) both took effect, "
            "but 1 was written only once",
        ),
        (
            [op("0 cas nil 2 true", 2, 9), op("1 cas nil 3 true", 2, 9)],
            "key x: cas nil→2 → true by process 0 (n1) and "
            "cas nil→3 → true by process 1 (n2) both took effect, "
            "but no operation wrote nil again after the first",
        ),
        (
            [op("0 write 1", 0, 9), op("1 write 2", 0, 9), op("2 read 1", 10, 11), op("3 read 2", 10, 11)],
            "key x: no order of the writes agrees with these reads: read of 1 by process 2 (n3), "
            "read of 2 by process 3 (n4)",
        ),
        (
            [op("0 write 1", 0, 1), op("1 cas 1 2 false", 2, 3)],
            "key x: no order of these 2 operations is legal: write 1 by process 0 (n1); "
            "cas 1→2 → false by process 1 (n2)",
        ),
    ],
)
def test_sentences(ops: list[Op], sentence: str) -> None:
    assert bad(*ops).sentence == sentence


def test_any_model_gets_a_sentence() -> None:
    verdict = bad(op("0 append a", 0, 1), op("1 get b", 2, 3), model=KeyValue())
    assert 'get → "b" by process 1 (n2)' in verdict.sentence


def test_true_is_not_one() -> None:
    assert isinstance(judge(op("0 write 1", 0, 1), op("1 read true", 2, 3)), Invalid)
    assert isinstance(judge(op("0 write true", 0, 1), op("1 cas 1 2 true", 2, 3)), Invalid)
    assert isinstance(judge(op("0 write true", 0, 1), op("1 read true", 2, 3)), Valid)
    both = [op("0 write 1", 0, 1, key=1), op("1 read nil", 2, 3, key=True)]
    assert isinstance(judge(*both), Valid)


def test_equal_times_are_concurrent() -> None:
    assert isinstance(judge(op("0 write 1", 0, 5), op("1 read nil", 5, 6)), Valid)
    assert isinstance(judge(op("0 write 1", 0, 5), op("1 read nil", 6, 7)), Invalid)


def test_crashed_and_failed_operations() -> None:
    crashed = op("0 write 1", 0, None)
    for reads in (["nil", "nil"], ["nil", "1"], ["1", "1"]):
        rest = [op(f"1 read {value}", 2 + i, 2 + i) for i, value in enumerate(reads)]
        assert isinstance(judge(crashed, *rest), Valid)
    assert isinstance(judge(crashed, op("1 read 1", 2, 2), op("1 read nil", 3, 3)), Invalid)
    assert isinstance(judge(op("1 read 1", 0, 1), op("0 write 1", 2, None)), Invalid)


@pytest.mark.parametrize(("model", "verdict"), [(CAS, Invalid), (WEAK, Valid)])
def test_what_a_failed_cas_says(model: Model, verdict: type) -> None:
    assert type(judge(op("0 write 1", 0, 1), op("1 cas 1 2 false", 2, 3), model=model)) is verdict


def test_invalid_beats_unknown_and_the_smallest_bad_key_is_shown() -> None:
    ops = [op("0 write 1", 0, 0, key="hard")]
    ops += [op(f"{p} cas {p} {p + 1} true", p, p, key="hard") for p in range(1, 12)]
    ops += [op("20 read 99", 100, 101, key="hard")]
    long = [*[op(f"{30 + i} read 7", i, i, key="long") for i in range(5)]]
    verdict = judge(
        *ops, *long, op("50 read 7", 0, 1, key="short"), limits=Limits(max_steps=7), everything=True
    )
    assert isinstance(verdict, Invalid)
    assert verdict.bad_keys == ("long", "short")
    assert verdict.counter_example is not None
    assert verdict.counter_example.key == "short"
    assert "of 13 operations on key hard: 0 crashed operations open" in verdict.notes[0]
    unknown = judge(*ops, limits=Limits(max_steps=7))
    assert isinstance(unknown, Unknown)
    assert unknown.reason.startswith("undecided after ")
    plain = judge(op("50 read 7", 0, 1, key="short"), explain=False)
    assert isinstance(plain, Invalid)
    assert plain.counter_example is None


def test_a_witness_is_given_and_replays_only_if_right() -> None:
    ops = [op("0 write 1", 0, 9), op("1 write 2", 0, 3), op("2 read 1", 10, 11), op("3 write 5", 0, None)]
    history = History.of(ops)
    verdict = check(history, CAS)
    assert isinstance(verdict, Valid)
    ((key, order),) = verdict.witness
    assert (key, fault_of(order, history, CAS)) == ("x", None)
    right = [history[i].f + str(history[i].input or "") for i in order]
    assert right == ["write2", "write1", "read"]
    named = {str(o.process): o.index for o in history}
    for wrong in ("01", "0112", "102" + "0", "012", "210", "0213", "1032"):
        assert fault_of([named[p] for p in wrong], history, CAS), wrong
    assert fault_of([77], history, CAS) == "operation 77 is not in the history"


def test_what_a_model_does_not_know_is_one_clear_error() -> None:
    for text, model in (("0 append 1", CAS), ("0 cas 1 2 true", Register()), ("0 read 1", KeyValue())):
        with pytest.raises(
            ModelError, match=r"operation 0 .process 0, key 'x'.: the model .* knows no operation"
        ):
            judge(op(text, 0, 1), model=model)
    wrong = Op(0, 0, "cas", "x", 5, True, Outcome.OK, 0, 1)
    with pytest.raises(ModelError, match="pair"):
        judge(wrong)
    with pytest.raises(TypeError):
        CasRegister()  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="failed_cas is"):
        CasRegister(failed_cas="maybe")  # type: ignore[arg-type]


@pytest.mark.parametrize("model", [Register(), CAS, WEAK, KeyValue()])
def test_models_keep_their_laws(model: Model) -> None:
    """What only reads changes no state; an unknown answer allows all that the known ones allow."""
    values: list[Any] = [None, 0, 1, True, [1], [True], "a"]
    if isinstance(model, KeyValue):
        values = ["", "a", "ab"]
        inputs: dict[str, list[Any]] = {"get": [None], "put": values, "append": values}
    else:
        inputs = {"read": [None], "write": values}
        if isinstance(model, CasRegister):
            inputs["cas"] = [list(pair) for pair in itertools.product(values, values)]
    states = {after for f in ("put", "write") for v in values if f in inputs
              for after in model.step(model.initial(), f, v, None)} | {model.initial()}  # fmt: skip
    for state, (f, given) in itertools.product(states, inputs.items()):
        for value in given:
            unknown = set(model.step(state, f, value, UNKNOWN))
            for output in [True, False] if f == "cas" else values:
                after = set(model.step(state, f, value, output))
                assert after <= unknown, (state, f, value, output)
                if model.reads_only(f, value, output):
                    assert after <= {state}, (state, f, value, output)


def test_a_model_that_lies_about_reading_is_caught() -> None:
    class Liar(Register):
        def reads_only(self, f: str, input: Any, output: Any) -> bool:
            return True

        def guard(self, f: str, input: Any, output: Any) -> None:
            return None

    with pytest.raises(ModelError, match="only reads, but it changes"):
        judge(op("0 write 1", 0, 1), model=Liar())


@pytest.mark.parametrize("name", ["register", "cas-register"])
def test_the_claim(name: Literal["register", "cas-register"]) -> None:
    claim = Linearizable(name)
    assert claim.name == f"linearizable {name}"
    assert isinstance(claim(History.of(STALE)), Invalid)
    assert isinstance(claim(History.of(STALE[:2])), Valid)
    with pytest.raises(ValueError, match="the model is"):
        Linearizable("queue")  # type: ignore[arg-type]
