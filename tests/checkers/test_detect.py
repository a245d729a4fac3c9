"""Formats told by content; files cut, bent and mixed up: a history or one error, never another history."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkers.codec import HistoryError, decode
from checkers.history import Outcome
from checkers.interop.detect import FORMATS, Format, detect, read
from checkers.interop.porcupine import parse_etcd, parse_kv

JSONL = b"""{"type":"history","version":1,"clock":"monotonic-ns","meta":{"workload":"cas-register"}}
{"type":"invoke","process":0,"time":10,"f":"write","key":"x","value":12}
{"type":"invoke","process":1,"time":12,"f":"read","key":"x"}
{"type":"complete","process":1,"time":15,"outcome":"ok","value":12}
{"type":"complete","process":0,"time":16,"outcome":"ok"}
{"type":"invoke","process":2,"time":20,"f":"cas","key":"x","value":[12,2]}
"""
ETCD = b"""INFO  jepsen.util - 0\t:invoke\t:write\t12
INFO  jepsen.util - 1\t:invoke\t:cas\t[12 34]
INFO  jepsen.util - 0\t:ok\t:write\t12
INFO  jepsen.util - 1\t:fail\t:cas\t[12 34]
INFO  jepsen.util - 2\t:invoke\t:read\tnil
INFO  jepsen.util - 2\t:ok\t:read\t12
INFO  jepsen.util - 3\t:invoke\t:write\t15
INFO  jepsen.util - 3\t:info\t:write\t:timed-out
"""
KV = b"""{:process 0, :type :invoke, :f :put, :key "a", :value "x y"}
{:process 1, :type :invoke, :f :get, :key "a", :value nil}
{:process 0, :type :ok, :f :put, :key "a", :value "x y"}
{:process 1, :type :ok, :f :get, :key "a", :value "x y"}
{:process 0, :type :invoke, :f :append, :key "a", :value "z"}
"""
EDN = b"""{:process 0, :type :invoke, :f :write, :value 12}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 0, :type :ok, :f :write, :value 12}
{:process 1, :type :ok, :f :read, :value 12}
{:process 2, :type :invoke, :f :cas, :value [12 34]}
"""
EXAMPLES: dict[Format, bytes] = {"jsonl": JSONL, "edn": EDN, "porcupine-etcd": ETCD, "porcupine-kv": KV}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("before", [b"", b"\n \t\r\n"])
def test_each_format_is_told_by_how_it_starts(format: Format, before: bytes) -> None:
    assert detect(before + EXAMPLES[format], "f") == format
    assert detect(before + EXAMPLES[format].replace(b"\n", b"\r\n"), "f") == format


@pytest.mark.parametrize(
    "text",
    [
        "; a comment\n{:type :invoke}",
        "[{:type :invoke}]",
        "[\n {:type :invoke}]",
        "({:type :invoke})",
        "#jepsen.history.Op{:index 0, :type :invoke}",
        "[ #jepsen.history.Op{:index 0}]",
        "[]",
        "( )",
    ],
)
def test_the_shapes_of_edn(text: str) -> None:
    assert detect(text.encode(), "f") == "edn"


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "{",
        "[",
        "[1 2]",
        "[" * 1_000_000,
        "{:process 0, :type :invoke, :f :read, :key 1, :value nil}",
        '{:process 0, :type :invoke, :f :put, :key "a"',
        "#_{:type :invoke}",
        "INFO  jepsen.core - running",
        "0\t:invoke\t:read\tnil",
        "\x00\x00",
        "valid",
    ],
)
def test_what_could_be_anything_is_refused_with_the_way_to_say_it(text: str) -> None:
    with pytest.raises(HistoryError, match="--format"):
        detect(f"\n{text}\n".encode(), "f")


@pytest.mark.parametrize("format", [None, *FORMATS])
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\n \n", "blank"),
        (b"\xef\xbb\xbf" + ETCD, "byte order mark"),
        (ETCD.decode().encode("utf-16"), "UTF-16"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"PK\x03\x04", "zip"),
    ],
)
def test_what_is_no_text_is_named(format: Format | None, data: bytes, says: str) -> None:
    with pytest.raises(HistoryError, match=says):
        read(data, "f", format)


@pytest.mark.parametrize("format", FORMATS)
def test_crlf_is_read_as_the_same_history(format: Format) -> None:
    data = EXAMPLES[format]
    assert read(data.replace(b"\n", b"\r\n"), "f").history == read(data, "f").history


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_is_cut_at_any_byte_is_what_its_whole_lines_say_or_an_error(format: Format) -> None:
    data = EXAMPLES[format]
    whole = list(read(data, "f").history)
    refused = 0
    for cut in range(len(data)):
        part = data[:cut]
        lines = part.count(b"\n")
        if format == "edn" and part.endswith(b"}"):
            lines += 1  # a form that is closed needs no newline
        try:
            reading = read(part, "f", format)
        except HistoryError:
            refused += 1
            continue
        called = sum(b"invoke" in line for line in data.split(b"\n")[:lines])
        assert [(op.f, op.key, op.input) for op in reading.history] == [
            (op.f, op.key, op.input) for op in whole[:called]
        ], cut
        ended = sum(b"invoke" not in line for line in data.split(b"\n")[:lines])
        answered = [op for op in reading.history if op.given_up_ns is not None]
        assert len(answered) == ended - (1 if format == "jsonl" and lines else 0), cut
        assert all(op in whole or op.outcome == Outcome.INFO for op in answered), cut
        if len(answered) < called or format == "jsonl":
            assert reading.notes, f"cut at {cut}: nobody is told"
    assert refused > (60 if format == "jsonl" else len(data) * 0.9)


def test_a_torn_line_of_json_is_told() -> None:
    reading = read(JSONL[:-1], "f")
    assert [note for note in reading.notes if "line 6" in note and "dropped" in note]
    assert [note for note in reading.notes if "no footer" in note]
    assert reading.history == decode(JSONL[:-1], "f").history


ETCD_WRONG = [
    ("INFO  jepsen.util - 0\t:invoke\t:write\t:timed-out", "write is invoked"),
    ("INFO  jepsen.util - 9\t:invoke\t:write\tnil", "write is invoked"),
    ("INFO  jepsen.util - 9\t:invoke\t:write\t[1 2]", "write is invoked"),
    ("INFO  jepsen.util - 9\t:invoke\t:read\t5", "read is invoked"),
    ("INFO  jepsen.util - 9\t:invoke\t:cas\t5", "cas is invoked"),
    ("INFO  jepsen.util - 9\t:invoke\t:cas\t[1 2 3]", "no event"),
    ("INFO  jepsen.util - 9\t:invoke\t:cas\t[1 2", "no event"),
    ("INFO  jepsen.util - 9\t:invoke\t:write\t٣", "no event"),
    ("INFO  jepsen.util - 9\t:invoke\t:write\t1.5", "no event"),
    ("INFO  jepsen.util - 9\t:invoke\t:write\tNaN", "no event"),
    ("INFO  jepsen.util - 9\t:invoke\t:write\t" + "9" * 5000, "no event"),
    ("INFO  jepsen.util - " + "9" * 30 + "\t:invoke\t:write\t1", "no event"),
    ("INFO  jepsen.util - 9\t:ok\t:write\t1", "never invoked"),
    ("INFO  jepsen.util - 3\t:ok\t:read\t1", "never invoked"),
    ("INFO  jepsen.util - 3\t:ok\t:write\t16", "another value"),
    ("INFO  jepsen.util - 3\t:fail\t:write\t:timed-out", "timed out"),
    ("INFO  jepsen.util - 3\t:info\t:write\t16", "another value"),
    ("INFO  jepsen.util - 2\t:ok\t:read\t:timed-out", "ends :ok"),
    ("INFO  jepsen.util - 2\t:ok\t:read\t[1 2]", "ends :ok"),
    ("INFO  jepsen.util - 2\t:fail\t:read\t4", "ends :ok"),
    ("INFO  jepsen.util - 1\t:ok\t:cas\t[12 35]", "another value"),
    ("INFO  jepsen.util - 1\t:fail\t:cas\t:timed-out", "timed out"),
    ("INFO  jepsen.util - 1\t:invoke\t:read\tnil", "while its operation is open"),
    ("[" * 1_000_000, "no event"),
]
ETCD_CALLS = """INFO  jepsen.util - 3\t:invoke\t:write\t15
INFO  jepsen.util - 2\t:invoke\t:read\tnil
INFO  jepsen.util - 1\t:invoke\t:cas\t[12 34]
"""


@pytest.mark.parametrize(("line", "says"), ETCD_WRONG)
def test_an_etcd_line_that_contradicts_itself(line: str, says: str) -> None:
    with pytest.raises(HistoryError, match=says) as caught:
        parse_etcd(ETCD_CALLS + line + "\n", "f")
    assert caught.value.line == 4
    assert len(str(caught.value)) < 400


def test_ends_of_an_etcd_log_that_say_the_operation_failed_or_is_unknown() -> None:
    ends = ":fail\t:read\t:timed-out", ":info\t:write\t:timed-out", ":info\t:cas\t[12 34]"
    lines = [f"INFO  jepsen.util - {process}\t{end}" for process, end in zip((2, 3, 1), ends, strict=True)]
    write, read_, cas = parse_etcd(ETCD_CALLS + "\n".join(lines) + "\n", "f")
    assert (read_.outcome, write.outcome, cas.outcome) == (Outcome.FAIL, Outcome.INFO, Outcome.INFO)
    [write, _, _] = parse_etcd(ETCD_CALLS + "INFO  jepsen.util - 3\t:fail\t:write\t15\n", "f")
    assert write.outcome == Outcome.FAIL


KV_WRONG = [
    ('{:process 9, :type :invoke, :f :get, :key "a", :value "x"}', "get is invoked"),
    ('{:process 9, :type :invoke, :f :put, :key "a", :value nil}', "put is invoked"),
    ('{:process 9, :type :invoke, :f :cas, :key "a", :value "x"}', "no event"),
    ('{:process 9, :type :invoke, :f :put, :key a, :value "x"}', "no event"),
    ('{:process 9, :type :invoke, :f :put, :key "a", :value "x", :value "y"}', "no event"),
    ('{:process 9, :type :invoke, :f :put, :key "a", :value "\\ud800"}', "no string"),
    ('{:process 9, :type :invoke, :f :put, :key "a", :value "\\q"}', "no string"),
    ('{:process 9, :type :ok, :f :put, :key "a", :value "x"}', "never invoked"),
    ('{:process 0, :type :ok, :f :append, :key "a", :value "x"}', "never invoked"),
    ('{:process 0, :type :ok, :f :put, :key "b", :value "x"}', "never invoked"),
    ('{:process 0, :type :ok, :f :put, :key "a", :value "y"}', "another value"),
    ('{:process 1, :type :ok, :f :get, :key "a", :value nil}', "with a string"),
    ('{:process 0, :type :invoke, :f :get, :key "a", :value nil}', "while its operation is open"),
]
KV_CALLS = """{:process 0, :type :invoke, :f :put, :key "a", :value "x"}
{:process 1, :type :invoke, :f :get, :key "a", :value nil}
"""


@pytest.mark.parametrize(("line", "says"), KV_WRONG)
def test_a_kv_line_that_contradicts_itself(line: str, says: str) -> None:
    with pytest.raises(HistoryError, match=says) as caught:
        parse_kv(KV_CALLS + line + "\n", "f")
    assert caught.value.line == 3


def test_strings_of_a_kv_log_may_hold_quotes_and_odd_characters() -> None:
    told = '{:process 0, :type :invoke, :f :put, :key "a\\"b", :value "\\\\ \\n \u2028\x85 }"}\n'
    [op] = parse_kv(told, "f")
    assert (op.key, op.input) == ('a"b', "\\ \n \u2028\x85 }")


@pytest.mark.parametrize("data", [ETCD, KV])
def test_a_last_line_without_a_newline_may_be_cut(data: bytes) -> None:
    with pytest.raises(HistoryError, match="no newline") as caught:
        read(data[:-1], "f")
    assert caught.value.line == data.count(b"\n")


@pytest.mark.parametrize("format", ["edn", "porcupine-etcd", "porcupine-kv"])
@pytest.mark.parametrize(("byte", "says"), [(b"\x00", "NUL"), (b"\xff", "UTF-8")])
def test_damaged_bytes_are_named_with_their_line(format: Format, byte: bytes, says: str) -> None:
    data = EXAMPLES[format]
    at = data.index(b"\n") + 20
    with pytest.raises(HistoryError, match=says) as caught:
        read(data[:at] + byte + data[at + 1 :], "f", format)
    assert caught.value.line == 2


@settings(deadline=None, max_examples=300, print_blob=True)
@given(st.sampled_from(FORMATS), st.data())
def test_whatever_the_bytes_a_history_or_one_error(format: Format, draw: st.DataObject) -> None:
    data = bytearray(EXAMPLES[format])
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(data) - 1))
        data[at : at + draw.draw(st.integers(0, 3))] = draw.draw(st.binary(max_size=3))
    try:
        reading = read(bytes(data), "f", draw.draw(st.sampled_from([None, format])))
    except HistoryError:
        return
    assert len(reading.history) <= 8


def test_a_long_string_costs_no_more_than_itself() -> None:
    line = f'{{:process 0, :type :invoke, :f :put, :key "a", :value "{"x" * 1_000_000}"}}\n'
    tracemalloc.start()
    try:
        [op] = parse_kv(line, "f")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(op.input) == 1_000_000
    assert peak < 10_000_000, "the expression keeps a place to go back to for every character"


def test_pairs_as_values_are_of_edn_only() -> None:
    data = b"{:process 0, :type :invoke, :f :write, :value [x 12]}\n"
    [op] = read(data, "f", independent=True).history
    assert op.input == 12
    assert op.key is not None
    assert next(iter(read(data, "f").history)).key is None
    for other in (JSONL, ETCD, KV):
        with pytest.raises(HistoryError, match="--independent"):
            read(other, "f", independent=True)
