"""EDN histories: what they mean, that writing and reading gives the same, that damage is one clear error."""

from __future__ import annotations

import random
from typing import Any

import pytest

from checkers.codec import HistoryError
from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.identity import identity
from checkers.interop.edn import parse_edn, write_edn
from checkers.interop.edn_reader import Atom, Map, Members, Reader, Tagged

LINES = """; a register
{:process 0, :type :invoke, :f :write, :value 3, :time 10, :index 0}
{:process :nemesis, :type :info, :f :kill, :value ["n1" :all], :time 11, :index 1}
{:process 1 :type :invoke :f :read :value nil :time 12 :index 2 :node "n2"}
{:process 1 :type :ok :f :read :value 3 :time 15 :index 3}
{:process 0, :type :info, :f :write, :value 3, :time 20, :index 4, :error [:timeout "5 s"]}
{:process 2, :type :invoke, :f :cas, :value [3 4], :time 21, :index 5}
{:process 2, :type :fail, :f :cas, :value [3 4], :time 22, :index 6}
{:process 1, :type :invoke, :f :cas, :value [3 5], :time 23, :index 7}
{:process 1, :type :ok, :f :cas, :value [3 5], :time 24, :index 8} #_{:not here}
{:process 3, :type :invoke, :f :read, :value nil, :time 25, :index 9}
"""


def forms(text: str) -> list[Any]:
    return Reader(text, "text").forms()


def short(op: Op) -> tuple[Any, ...]:
    return op.process, op.f, op.input, op.output, op.outcome.name, op.call_ns, op.given_up_ns


def test_a_history() -> None:
    history = parse_edn(LINES, "h")
    assert [short(op) for op in history] == [
        (0, "write", 3, None, "INFO", 10, 20),
        (1, "read", None, 3, "OK", 12, 15),
        (2, "cas", [3, 4], None, "FAIL", 21, 22),
        (1, "cas", [3, 5], True, "OK", 23, 24),
        (3, "read", None, None, "INFO", 25, None),
    ]
    assert [op.return_ns == OPEN_NS for op in history] == [True, False, False, False, True]
    assert (history[0].error, history[1].node) == ('[:timeout "5 s"]', "n2")


@pytest.mark.parametrize("form", ["[{}]", "({})", "  \n,[{}] ; end"])
def test_one_vector_of_operations(form: str) -> None:
    assert parse_edn(form.replace("{}", LINES), "h") == parse_edn(LINES, "h")
    records = LINES.replace("{:process", "#jepsen.history.Op{:process")
    assert parse_edn(form.replace("{}", records), "h") == parse_edn(LINES, "h")


def test_the_order_counts_where_times_are_missing() -> None:
    bare = "\n".join(line.split(", :time")[0].split(" :time")[0] + "}" for line in LINES.splitlines()[1:])
    assert [op.call_ns for op in parse_edn(bare, "h")] == [0, 1, 4, 6, 8]
    one_without = LINES.replace(", :time 25", "")
    assert [op.call_ns for op in parse_edn(one_without, "h")] == [0, 1, 4, 6, 8]
    lines = one_without.splitlines(keepends=True)[1:]
    random.Random(3).shuffle(lines)
    assert [short(op) for op in parse_edn("".join(lines), "h")] == [short(op) for op in parse_edn(bare, "h")]
    none = LINES.replace(":index", ":index -1 :was")
    assert parse_edn(none, "h") == parse_edn(LINES, "h")
    assert len(parse_edn("[]", "h")) == 0


def test_independent_keys() -> None:
    tag = "#jepsen.independent/tuple"
    text = (
        f"{{:process 0 :type :invoke :f :cas :value {tag} [:x [1 2]]}}\n"
        f"{{:process 0 :type :ok :f :cas :value {tag} [:x [1 2]]}}\n"
        "{:process 1 :type :invoke :f :read :value #clojure.lang.MapEntry [7 nil]}"
        "{:process 1 :type :info :f :read :value nil}"
    )
    plain = text.replace(tag, "").replace("#clojure.lang.MapEntry", "")
    for history in (parse_edn(text, "h"), parse_edn(plain, "h", independent=True)):
        assert [(op.key, op.input, op.output) for op in history] == [("x", [1, 2], True), (7, None, None)]
    assert [op.key for op in parse_edn(plain, "h")] == [None, None]
    for wrong, message in (
        (text.replace("[:x [1 2]]", "[:x]", 1), "no pair of key and value but"),
        (text.replace(":ok :f :cas :value #jepsen.independent/tuple [:x", ":ok :f :cas :value #t/tuple [:y"),
         "an end for key \"y\", but its :invoke is for \"x\""),
        (text.replace(":info", ":ok"), "an end for key nil, but its :invoke is for 7"),
    ):  # fmt: skip
        with pytest.raises(HistoryError, match=message):
            parse_edn(wrong, "h")


def test_every_form_of_edn() -> None:
    text = r"""nil true, -3 +4 5N 0x1F 1.5 1e3 2.50M 0.1M 1.00000000000000000001M 2/3 :a/b :c.d-e? foo a/b
    "x\n\"\\\u00e9\ud83d\ude00" \a \newline \u0041 \; (1 [2]) #{1 #{}} {} {:a 1, "a" 2 [1] 3}
    #inst "2020" #a #b x #_ignored #_ #_ 1 2 #c #_[no] 3 ##Inf ; the end"""
    assert forms(text) == [
        None, True, -3, 4, 5, 31, 1.5, 1000.0, 2.5, 0.1, Atom("decimal", "1.00000000000000000001M"),
        Atom("ratio", "2/3"), ":a/b", ":c.d-e?", Atom("symbol", "foo"), Atom("symbol", "a/b"),
        Atom("string", 'x\n"\\é😀'), Atom("character", "a"), Atom("character", "\n"), Atom("character", "A"),
        Atom("character", ";"), [1, [2]], Members([1, Members([])]), Map(),
        Map({":a": 1, Atom("string", "a"): 2, Atom("key", "[1]"): 3}),
        Tagged("inst", Atom("string", "2020")), Tagged("a", Tagged("b", Atom("symbol", "x"))),
        Tagged("c", 3), Atom("number", "##Inf"),
    ]  # fmt: skip


def value_of(text: str) -> Any:
    """`text` as the value of a write."""
    return parse_edn(f"{{:process 0 :type :invoke :f :write :value {text}}}", "h")[0].input


def test_values_become_json() -> None:
    assert value_of('[:w "x" #{3 1 2} {:k nil, 1 \\a} 2/3 #uuid "u"]') == [
        "w", "x", [1, 2, 3], {"k": None, "1": "a"}, "2/3", {"#uuid": "u"},
    ]  # fmt: skip
    assert value_of('[[:r "r" 1] {:r "k"} {:k 1}]') == [["r", "r", 1], {"r": "k"}, {"k": 1}]
    for text, message in (
        ('[:a "a"]', "'a' is a string here and a keyword before"),
        ('[[:r 1 2] ["r" 1 2]]', "'r' is a string here and a keyword before"),
        ('[{"k" 1} {:k 1}]', "'k' is a keyword here and a string before"),
        ('[{"1" 1} {1 1}]', "'1' is a whole number here"),
        ("[##NaN]", "the value ##NaN"),
        ("{nil 1}", "a map with the key nil"),
        ("{[1] 1}", r"a map with the key \[1\]"),
        ("#{1 1}", "a set that has a member twice"),
    ):
        with pytest.raises(HistoryError, match=message):
            value_of(text)


def ends(f: str, given: str, said: str) -> Any:
    """The output of an operation, and its outcome."""
    head = f"{{:process 0 :f {f}"
    history = parse_edn(f"{head} :type :invoke :value {given}}}{head} :value {said}}}", "h")
    return history[0].output


@pytest.mark.parametrize(
    ("f", "given", "said", "output"),
    [
        (":write", "3", "3 :type :ok", None),
        (":write", "3", "nil :type :ok", None),
        (":read", "3", "3 :type :ok", 3),
        (":read", "nil", "nil :type :ok", None),
        (":cas", "[1 2]", "nil :type :ok", True),
        (":cas", "[1 2]", "true :type :ok", True),
        (":cas", "[1 2]", "false :type :ok", False),
        (":add", "3", "7 :type :ok", 7),
        (":add", "3", "3 :type :ok", None),
        (":dequeue", "nil", '"a" :type :ok', "a"),
        (":contains", "true", "true :type :ok", True),
        (":txn", "[[:r 1 nil]]", "[[:r 1 4]] :type :ok", [["r", 1, 4]]),
        (":write", "3", "3 :type :ok :output 4", 4),
        (":cas", "[1 2]", "[1 2] :type :fail :observed true", False),
        (":read", "nil", "7 :type :info", None),
        (":read", "nil", "7 :type :fail", None),
    ],
)
def test_what_an_end_answers(f: str, given: str, said: str, output: Any) -> None:
    assert identity(ends(f, given, said)) == identity(output)


def wild(rng: random.Random) -> History:
    """Any operations of well-behaved processes."""
    texts = ["", "x", ":x", '"\\\n\t', "é😀", "nil", "\x00\x7f", "#_", ";"]
    values = [None, True, False, 0, -7, 2**70, 1.5, -0.0, 1e300, *texts, [], [1, [None]], {"a": [1], "": {}}]
    names = ["read", "write", "cas", "txn", "add", "odd name", "x/y", "true"]
    ops, now, free = [], dict.fromkeys(range(4), 0), 4
    for _ in range(rng.randint(0, 30)):
        process = rng.choice(list(now))
        call = now[process] + rng.randint(0, 3)
        end = call + rng.randint(0, 5)
        outcome = rng.choice([Outcome.OK, Outcome.OK, Outcome.FAIL, Outcome.INFO])
        lost = outcome == Outcome.INFO and rng.random() < 0.3
        given, answer = rng.choice(values), None if lost else rng.choice([*values, None, None])
        ops.append(Op(
            0, process, rng.choice(names), rng.choice([None, "k", 3, [True]]), given,
            given if rng.random() < 0.2 and not lost else answer, outcome, call,
            OPEN_NS if outcome == Outcome.INFO else end, None if lost else end,
            rng.choice([None, "n1"]), None if lost else rng.choice([None, "time out"]),
        ))  # fmt: skip
        now[process] = end
        if outcome == Outcome.INFO:
            del now[process]
            now[free] = end
            free += 1
    return History.of(ops)


def test_writing_and_reading_gives_the_same() -> None:
    sizes = 0
    for seed in range(400):
        history = wild(random.Random(seed))
        sizes += len(history)
        text = write_edn(history)
        if len(history):
            assert parse_edn(text, "h") == history, f"seed {seed}:\n{text}"
            assert parse_edn(f"[{text}]", "h") == history, f"seed {seed}"
    assert sizes > 4000
    observed = Op(0, 0, "cas", None, [1, 2], False, Outcome.OK, 0, 1)
    assert ":type :fail, :f :cas, :value [1 2], :output false, :observed true" in write_edn(
        History.of([observed])
    )


def test_what_cannot_be_written() -> None:
    for op, message in (
        (Op(0, -1, "read", None, None, 1, Outcome.OK, 0, 1), "a number from 0"),
        (Op(0, 0, "read", None, None, [float("nan")], Outcome.OK, 0, 1), "JSON values only, not nan"),
    ):
        with pytest.raises(ValueError, match=message):
            write_edn(History.of([op]))


ONE = "{:process 0, :type :invoke, :f :write, :value 3}\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "nothing but space and comments"),
        (" ; hello\n", 1, "nothing but space and comments"),
        (ONE + "{:process 0", 2, "is never closed"),
        ("[" + ONE, 1, r"\[ is never closed: the text ends before its \]"),
        (ONE + "\n}", 3, "closes nothing"),
        ("[\n{:a 1]", 2, r"\] closes the \{ of line 2"),
        (ONE + '{:f "abc}', 2, "a string is never closed"),
        (ONE + '{:f "abc\\"', 2, "a string is never closed"),
        (ONE + "#_", 2, "nothing follows #_"),
        (ONE + "[#a]", 2, "nothing follows #a"),
        (ONE + "{:a}", 2, "a map with 1 forms"),
        (ONE + "{:a 1 :a 2}", 2, "a key twice"),
        (ONE + "{:a 012}", 2, "'012' is no number"),
        (ONE + "{:a 1x}", 2, "'1x' is no number"),
        (ONE + "{:a 1e999}", 2, "is no number: beyond"),
        (ONE + "{:a \x00}", 2, "is no EDN"),
        (ONE + "{:a @b}", 2, "is no EDN"),
        (ONE + "{: 1}", 2, "is no keyword"),
        (ONE + "{::a 1}", 2, "is no keyword"),
        (ONE + '{:a #"x"}', 2, "is no tag"),
        (ONE + "{:a \\foo}", 2, "is no character"),
        (ONE + "{:a \\ud800}", 2, "is no character"),
        (ONE + '{:a "\\q"}', 2, "unknown escape"),
        (ONE + '{:a "\\ud800"}', 2, "half a character"),
        (ONE + "5", 2, "no operation but 5"),
        (ONE + "[]", 2, r"no operation but \[\]"),
        (ONE + "{}", 2, "an operation without :process"),
        (ONE + '{"process" 1 :type :invoke :f :read}', 2, "an operation without :process .is process meant"),
        (ONE + "{:process 1 :typ :invoke :f :read}", 2, "an operation without :type .is :typ meant"),
        (ONE + "{:process 1 :type :invok :f :read}", 2, "unknown :type :invok\n.*did you mean :invoke"),
        (ONE + '{:process 1 :type "Invoke" :f :read}', 2, 'unknown :type "Invoke"'),
        (ONE + "{:process 1 :type [1] :f :read}", 2, r"unknown :type \[1\]"),
        (ONE + "{:process 1 :type nil :f :read}", 2, "unknown :type nil"),
        (ONE + "{:process -1 :type :invoke :f :read}", 2, ":process -1"),
        (ONE + "{:process 1.0 :type :invoke :f :read}", 2, r":process 1\.0"),
        (ONE + "{:process true :type :invoke :f :read}", 2, ":process true"),
        (ONE + '{:process "nemesis" :type :info :f :read}', 2, ':process "nemesis"'),
        (ONE + "{:process 99999999999999999999 :type :invoke :f :read}", 2, ":process 9"),
        (ONE + "{:process 1 :type :invoke :f nil}", 2, ":f nil"),
        (ONE + "{:process 1 :type :invoke :f 5}", 2, ":f 5"),
        (ONE + "{:process 1 :type :invoke :f :read :time ##NaN}", 2, ":time ##NaN"),
        (ONE + "{:process 1 :type :invoke :f :read :time -1}", 2, ":time -1"),
        (ONE + "{:process 1 :type :invoke :f :read :time 1.5}", 2, r":time 1\.5"),
        (ONE + "{:process 1 :type :invoke :f :read :time 9223372036854775807}", 2, ":time 9"),
        (ONE + "{:process 1 :type :invoke :f :read :index -2}", 2, ":index -2"),
        (ONE + "{:process 1 :type :invoke :f :read :index :a}", 2, ":index :a"),
        (ONE + "{:process 1 :type :ok :f :read}", 2, ":ok of process 1, which has no operation open"),
        (ONE + "{:process 1 :type :info :f :read}", 2, ":info of process 1, which has no operation open"),
        (ONE + "{:process 1 :type :fail :f :read}", 2, ":fail of process 1, which has no operation open"),
        (ONE + ONE, 2, "process 0 invokes while its operation of line 1 is open"),
        (ONE + ONE.replace("invoke", "info") + ONE, 3, "process 0 goes on after its :info of line 2"),
        (
            ONE + ONE.replace("invoke", "ok").replace("write", "read"),
            2,
            "ends a read, but it invoked a write",
        ),
        (ONE + ONE.replace("invoke", "ok").replace("3", "4"), 2, "has the value 4, its :invoke 3"),
        (LINES.replace(":index 3", ":index 0"), 5, ":index 0 is that of line 2 too"),
        (LINES.replace(":index 1}", ":index 0}"), 3, ":index 0 is that of line 2 too"),
        (LINES.replace(":time 24", ":time 22"), 10, "process 1 goes back in time, from 23 to 22"),
        (LINES.replace(":time 23", ":time 14"), 9, "process 1 goes back in time, from 15 to 14"),
    ],
)
def test_what_is_wrong_is_one_clear_error(text: str, line: int, message: str) -> None:
    with pytest.raises(HistoryError, match=message) as caught:
        parse_edn(text, "file")
    assert (caught.value.source, caught.value.line) == ("file", line)


def test_a_text_cut_anywhere_is_a_shorter_history_or_an_error() -> None:
    """Never another value, never another error: what is read is a whole number of whole lines."""
    vector = f"[{LINES}]"
    for cut in range(len(vector)):
        with pytest.raises(HistoryError):
            parse_edn(vector[:cut], "h")
    wholes = 0
    for cut in range(len(LINES)):
        try:
            found = parse_edn(LINES[:cut], "h")
        except HistoryError:
            continue
        done = LINES[:cut].rpartition("}")[0] + "}"
        wholes += 1
        assert found == parse_edn("[" + done.replace("#_{:not here}", "") + "]", "h"), LINES[:cut]
    assert wholes > 10


@pytest.mark.parametrize("text", ["[", "{:a ", "#{", "#a ", "#_[", "]", ":", "1"])
def test_a_million_of_anything_is_one_clear_error(text: str) -> None:
    with pytest.raises(HistoryError):
        parse_edn(text * 10**6, "h")


@pytest.mark.parametrize("text", ["#_", '"', "\\", '\\"', ";", "a ", "{} "])
def test_a_hundred_thousand_of_what_needs_reading_is_one_clear_error(text: str) -> None:
    with pytest.raises(HistoryError):
        parse_edn(text * 10**5, "h")


def test_values_nest_as_deep_as_in_our_own_format_and_no_deeper() -> None:
    deep: Any = None
    for _ in range(64):
        deep = [deep]
    history = History.of([Op(0, 0, "write", "k", deep, None, Outcome.OK, 0, 1)])
    assert parse_edn(f"[{write_edn(history)}]", "h") == history
    for opening, closing in (("[", "]"), ("#a ", ""), ("#a[", "]"), ("{:a ", "}")):
        for times in (70, 10**5):
            with pytest.raises(HistoryError, match="nested too deeply"):
                value_of(opening * times + "nil" + closing * times)
    assert value_of("[" + "#a #b [1] " * 200 + "]") == [{"#a": {"#b": [1]}}] * 200


def test_random_damage_is_a_history_or_an_error() -> None:
    rng = random.Random(5)
    letters = [*'{}[]()#"\\:;_ \n', "#{", "##NaN", ":ok", "-1", "nil", "\x00", "\ud800"]
    accepted = 0
    for _ in range(3000):
        at = rng.randrange(len(LINES))
        text = LINES[:at] + rng.choice(letters) + LINES[at + rng.randint(0, 3) :]
        try:
            parse_edn(text, "h")
            accepted += 1
        except HistoryError:
            pass
    assert 100 < accepted < 2000
