"""The history file: round trip, every kind of damage, and the example of docs/history-format.md."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkers.codec import (
    Complete,
    FaultEvent,
    Footer,
    Header,
    HistoryError,
    Invoke,
    Line,
    decode,
    encode,
    footer_for,
    lines_of,
)
from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome

TIMES = st.integers(0, 60)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(SCALARS | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3), max_leaves=4)
TEXT = st.text(max_size=4)
TEXTS = st.none() | TEXT


@st.composite
def operations(draw: st.DrawFn) -> list[Op]:
    """Operations of processes that do one thing at a time, and nothing after an INFO."""
    ops = []
    for process in range(draw(st.integers(0, 4))):
        now = 0
        for _ in range(draw(st.integers(0, 4))):
            call = now + draw(TIMES)
            now = call + draw(TIMES)
            outcome = draw(st.sampled_from(Outcome))
            ended = draw(st.none() | st.just(now)) if outcome == Outcome.INFO else now
            answer = {"output": draw(VALUES), "error": draw(TEXTS)} if ended is not None else {"output": None}
            back = OPEN_NS if outcome == Outcome.INFO else now
            base: dict[str, Any] = {
                "f": draw(st.text(max_size=4)),
                "key": draw(VALUES),
                "input": draw(VALUES),
            }
            ops.append(
                Op(0, process, outcome=outcome, call_ns=call, return_ns=back, given_up_ns=ended,
                   node=draw(TEXTS), **base, **answer)
            )  # fmt: skip
            if outcome == Outcome.INFO:
                break
    return ops


@st.composite
def disturbances(draw: st.DrawFn) -> list[Disturbance]:
    """Disturbances in every stage of their lives."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        requested = draw(TIMES)
        begun = draw(st.none() | st.integers(requested, 99))
        ended = draw(st.none() | st.integers(begun or requested, 200))
        status = (
            draw(st.sampled_from(["installed", "skipped", "indeterminate"])) if begun is not None else None
        )
        words = st.lists(st.text(max_size=4), max_size=2).map(tuple)
        found.append(
            Disturbance(number, "kill", draw(words), draw(TEXT), requested, begun, ended, status, draw(words))
        )
    return found


def as_bytes(history: History, footer: bool = True) -> bytes:
    """The file of `history`."""
    lines = [encode(line) for line in lines_of(history)]
    body = b"".join(lines)
    return body + encode(footer_for(body, len(lines) - 1)) if footer else body


@settings(deadline=None, max_examples=300, print_blob=True)
@given(operations(), disturbances(), st.dictionaries(st.text(max_size=4), VALUES, max_size=3))
def test_round_trip(ops: list[Op], faults: list[Disturbance], meta: dict[str, Any]) -> None:
    history = History.of(ops, faults, meta)
    decoded = decode(as_bytes(history), "test")
    assert decoded.history == history
    assert list(decoded.history) == list(history)
    assert decoded.complete
    assert decoded.torn is None
    assert as_bytes(decoded.history) == as_bytes(history)


SMALL: list[Line] = [
    Header(1, meta={"seed": 7}),
    Invoke(0, 10, "write", "x", 1, "n1"),
    FaultEvent(1, "requested", 11, "kill", ("n1",), "kill n1"),
    Invoke(1, 12, "read", "x"),
    FaultEvent(1, "begun", 13, "kill", status="installed", evidence=("n1: gone",)),
    Complete(1, 15, "ok", 1, node="n2"),
    Complete(0, 16, "info", error="timeout"),
    FaultEvent(1, "ended", 18, "kill", evidence=("n1: back",)),
    Invoke(2, 20, "cas", "x", [1, 2]),
]


def test_a_file_cut_at_any_byte_is_a_history_or_an_error() -> None:
    body = b"".join(map(encode, SMALL))
    whole = body + encode(footer_for([body], len(SMALL) - 1))
    lengths = set()
    for cut in range(len(whole)):
        try:
            decoded = decode(whole[:cut], "cut")
        except HistoryError:
            continue
        assert not decoded.complete
        assert (decoded.torn is None) == (whole[:cut].endswith(b"\n"))
        lengths.add(len(decoded.history))
    assert lengths == {0, 1, 2, 3}
    assert decode(whole, "whole").complete


def test_what_is_read() -> None:
    decoded = decode(b"".join(map(encode, SMALL)), "test")
    write, read, cas = decoded.history
    assert (write.outcome, write.return_ns, write.given_up_ns, write.error) == (
        Outcome.INFO,
        OPEN_NS,
        16,
        "timeout",
    )
    assert (read.output, read.node, write.node) == (1, "n2", "n1")
    assert (cas.outcome, cas.given_up_ns, cas.input) == (Outcome.INFO, None, [1, 2])
    (fault,) = decoded.history.disturbances
    assert fault == Disturbance(
        1, "kill", ("n1",), "kill n1", 11, 13, 18, "installed", ("n1: gone", "n1: back")
    )
    assert decoded.header.meta == {"seed": 7}
    assert any("never completed (processes 2)" in note for note in decoded.notes)


HEAD = encode(Header(1))
CALL = b'{"type":"invoke","process":0,"time":5,"f":"read"}\n'
DONE = b'{"type":"complete","process":0,"time":9,"outcome":"ok"}\n'
LOST = DONE.replace(b'"ok"', b'"info"')
FAULT = b'{"type":"fault","id":1,"event":"requested","time":5,"kind":"kill"}\n'


def footer(body: bytes, events: int) -> bytes:
    return encode(footer_for(body, events))


@pytest.mark.parametrize(
    ("data", "line", "problem", "fix"),
    [
        (b"", 1, "the file is empty", "starts with a line like"),
        (b'{"type":', 1, "no header", "starts with"),
        (CALL, 1, "the first line is no header", "starts with"),
        (b"hello\n", 1, "nor JSON", "starts with"),
        (b'{"type":"history","version":2,"new":1}\n', 1, "version 2 of the format; .* version 1", "release"),
        (b'{"type":"history","version":"1"}\n', 1, "Expected `int`", "docs"),
        (HEAD + b"{]\n", 2, "not JSON", "UTF-8"),
        (HEAD + b"\n", 2, "not JSON", "UTF-8"),
        (HEAD + b'{"type":"invoke","process":0,"time":5,"f":"\xff"}\n', 2, "not JSON", "UTF-8"),
        (HEAD + b'{"type":"invok","process":0}\n', 2, "unknown type 'invok'", 'did you mean "invoke"'),
        (HEAD + b'{"process":0}\n', 2, "missing required field `type`", "docs"),
        (HEAD + b"[1]\n", 2, "Expected `object`", "docs"),
        (HEAD + CALL.replace(b"process", b"proces"), 2, "unknown key 'proces'|missing", ""),
        (HEAD + CALL.replace(b'"f"', b'"valu":1,"f"'), 2, "unknown key 'valu'", 'did you mean "value"'),
        (HEAD + CALL.replace(b"5", b'"5"'), 2, "Expected `int`, got `str` - at `\\$.time`", "docs"),
        (HEAD + CALL.replace(b"5", b"-5"), 2, "time -5 is not in", "nanoseconds"),
        (HEAD + CALL.replace(b"5", b"9223372036854775807"), 2, "is not in", "nanoseconds"),
        (HEAD + CALL.replace(b":0", b":-1"), 2, "process -1", "number processes from 0"),
        (HEAD + DONE, 2, "completes an operation that it never invoked", "follows"),
        (HEAD + CALL + CALL, 3, "while its 'read' is open", "one operation at a time"),
        (HEAD + CALL + DONE.replace(b"9", b"4"), 3, "before its call", "one monotonic clock"),
        (HEAD + CALL + DONE + CALL, 4, "before its last operation ended", "at least 9"),
        (
            HEAD + CALL + LOST + CALL.replace(b"5", b"99"),
            4,
            "ended info in line 3",
            "process number of its own",
        ),
        (HEAD + CALL + HEAD, 3, "a second header", "one history per file"),
        (HEAD + footer(HEAD, 0) + CALL, 3, "an event after the footer", "split"),
        (HEAD + footer(HEAD, 0) + b"x", 3, "bytes after the footer", "cut"),
        (HEAD + footer(HEAD, 1), 2, "counts 1 events, the file has 0", "go back"),
        (HEAD + CALL + footer(HEAD, 1), 3, "digest", "go back"),
        (HEAD + FAULT + FAULT, 3, "requested twice", "number faults"),
        (HEAD + FAULT.replace(b"requested", b"begun"), 2, "never requested", "starts with"),
        (
            HEAD + FAULT + FAULT.replace(b"requested", b"ended").replace(b"5", b"4"),
            3,
            "out of order",
            "once each",
        ),
        (HEAD + b"[" * 100_000 + b"\n", 2, "Expected `object`", ""),
        (HEAD + CALL.replace(b"0", b"[" * 100_000), 2, "nested too deeply|Expected `int`", ""),
        (HEAD + CALL[:-2] + b',"value":' + b"[" * 100_000 + b"\n", 2, "nested too deeply", "levels"),
        (HEAD + CALL[:-2] + b',"value":' + b"[" * 90 + b"]" * 90 + b"}\n", 2, "nested too deeply", "levels"),
        (b"[" * 100_000 + b"\n", 1, "nor JSON", ""),
        (HEAD[:-2] + b',"metta":{}}\n', 1, "unknown key 'metta'", 'did you mean "meta"'),
    ],
)
def test_damage_is_one_clear_error(data: bytes, line: int, problem: str, fix: str) -> None:
    with pytest.raises(HistoryError) as caught:
        decode(data, "h.jsonl")
    error = caught.value
    assert error.line == line
    assert re.search(problem, error.problem), error
    assert fix in error.fix
    assert str(error) == f"h.jsonl:{line}: {error.problem}\n  fix: {error.fix}"


def test_a_bracket_in_a_string_is_no_nesting() -> None:
    line = encode(Invoke(0, 1, "write", "x", "[" * 500))
    assert decode(HEAD + line, "test").history[0].input == "[" * 500


def test_only_the_last_line_may_be_torn() -> None:
    decoded = decode(HEAD + CALL + DONE[:-1], "test")
    assert decoded.torn is not None
    assert "line 3" in decoded.torn
    assert decoded.history[0].outcome == Outcome.INFO


def test_a_failed_undo_is_told() -> None:
    ended = FAULT.replace(b"requested", b"ended").replace(b'"kind"', b'"status":"indeterminate","kind"')
    assert "the undo of fault 1 (kill) was indeterminate" in decode(HEAD + FAULT + ended, "test").notes


def test_a_fault_whose_bite_was_not_seen_at_its_end_is_indeterminate() -> None:
    begun = FAULT.replace(b"requested", b"begun").replace(b'"kind"', b'"status":"installed","kind"')
    ended = begun.replace(b"begun", b"ended")
    assert decode(HEAD + FAULT + begun + ended, "test").history.disturbances[0].status == "installed"
    unseen = ended.replace(b"installed", b"indeterminate")
    assert decode(HEAD + FAULT + begun + unseen, "test").history.disturbances[0].status == "indeterminate"


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], object()])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON values only"):
        encode(Invoke(0, 1, "write", "x", value))


def test_what_the_format_cannot_carry_is_refused() -> None:
    lost = Op(0, 0, "read", "x", None, 3, Outcome.INFO, 5, OPEN_NS)
    with pytest.raises(ValueError, match="never given up"):
        list(lines_of(History.of([lost])))
    twice = [Op(0, 0, "read", "x", None, None, Outcome.OK, t, 9) for t in (5, 6)]
    with pytest.raises(ValueError, match="while its last one is open"):
        list(lines_of(History.of(twice)))


def test_100_000_operations_decode_in_seconds() -> None:
    ops = [Op(0, i % 10, "write", "x", i, None, Outcome.OK, 10 * i, 10 * i + 50) for i in range(100_000)]
    data = as_bytes(History.of(ops))
    begin = time.perf_counter()
    assert len(decode(data, "big").history) == len(ops)
    assert time.perf_counter() - begin < 10


def test_the_documented_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "history-format.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```jsonl\n(.*?)```", page, re.DOTALL)
    decoded = decode(example.encode(), "docs/history-format.md")
    assert decoded.complete
    assert len(decoded.history) == 4
    assert len(decoded.history.disturbances) == 1
    for kind in (Header, Invoke, Complete, FaultEvent, Footer):
        for field in kind.__struct_fields__:
            assert f"`{field}`" in page, f"{kind.__name__}.{field} is not described"
