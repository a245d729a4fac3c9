"""Knossos' interface: its own example, its rules for nil, and op against a brute force over all prefixes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any, cast

import pytest

from checkers.codec import HistoryError
from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.interop.edn import parse_edn
from checkers.lincheck import UNKNOWN, Model, ModelError, check, knossos
from checkers.lincheck.knossos import Inconsistent, analysis
from checkers.lincheck.knossos.bisection import bisected, config_of
from checkers.lincheck.knossos.events import Recorded, of_maps
from checkers.lincheck.knossos.forensics import Config, replay
from checkers.lincheck.limits import Limits
from checkers.verdict import Invalid, Unknown, Valid

OpMap = dict[str, Any]


def op(process: Any, kind: str, f: str, value: Any = None, **more: Any) -> OpMap:
    return {"process": process, "type": kind, "f": f, "value": value, **more}


def done(process: int, f: str, value: Any = None, given: Any = None) -> list[OpMap]:
    """An operation and its end."""
    return [
        op(process, "invoke", f, given if f in ("read", "dequeue", "txn") else value),
        op(process, "ok", f, value),
    ]


PHANTOM = [
    *done(0, "write", 0),
    op(1, "invoke", "read"),
    op(2, "invoke", "write", 4),
    op(1, "ok", "read", 3),
    op(2, "ok", "write", 4),
    *done(3, "read", 4),
]


def test_a_read_of_what_was_never_written_as_knossos_shows_it() -> None:
    """Its README has this history and this answer."""
    a = analysis(knossos.cas_register(), PHANTOM)
    wrote = op(0, "ok", "write", 0, index=1)
    read = op(1, "ok", "read", 3, index=4)
    pending = [op(1, "invoke", "read", 3, index=2), op(2, "invoke", "write", 4, index=3)]
    assert (a.valid, a.op, a.previous_ok, a.last_op) == (False, read, wrote, wrote)
    assert a.configs == ({"model": "0", "last-op": wrote, "pending": pending},)
    begin = {"op": wrote, "model": "0"}
    assert a.final_paths == (
        [begin, {"op": read, "model": Inconsistent("reads 3, but the state is 0")}],
        [begin, {"op": pending[1], "model": "4"},
         {"op": read, "model": Inconsistent("reads 3, but the state is 4")}],
    )  # fmt: skip
    assert (a["valid?"], a[":op"], a["final-paths"]) == (False, read, a.final_paths)
    assert list(a) == ["valid?", "op", "previous-ok", "last-op", "configs", "final-paths", "analyzer"]
    assert isinstance(a.verdict, Invalid)
    assert "read → 3 by process 1" in a.verdict.sentence or "no operation ever wrote 3" in a.verdict.sentence


def test_a_crashed_write_that_was_read() -> None:
    crashed = [
        op(0, "invoke", "read"),
        op(1, "invoke", "write", 3),
        op(1, "info", "write", 3),
        op(0, "ok", "read", 3),
    ]
    a = analysis(knossos.cas_register(0), crashed)
    assert (a.valid, a.op, dict(a).get("op")) == (True, None, None)
    assert a.configs == ({"model": "3", "last-op": op(0, "ok", "read", 3, index=3), "pending": []},)
    b = analysis(knossos.cas_register(0), [*crashed[:3], op(0, "ok", "read", 0)])
    assert b.configs[0]["model"] == "0"
    assert [p["value"] for p in b.configs[0]["pending"]] == [3]
    assert analysis(knossos.register(), []).valid is True


def cas(process: int, old: Any, new: Any) -> list[OpMap]:
    return done(process, "cas", [old, new])


SOME = [["read", "x", None], ["write", "y", 2], ["read", "z", None]]


@pytest.mark.parametrize(
    ("model", "history", "valid"),
    [
        (knossos.register(), [*done(0, "write", 1), *done(0, "read", None)], True),
        (knossos.register(5), done(0, "read", 5), True),
        (knossos.register(5), done(0, "read", 4), False),
        (knossos.cas_register(), [*done(0, "write", 1), *done(0, "read", None), *cas(0, 1, 2)], True),
        (knossos.cas_register(), [*done(0, "write", 1), *cas(0, 2, 3)], False),
        (knossos.cas_register(1), [op(0, "invoke", "cas", [1, 2]), op(0, "fail", "cas", [1, 2])], True),
        (knossos.mutex(), [*done(0, "acquire"), *done(1, "release")], True),
        (knossos.mutex(), [*done(0, "acquire"), *done(1, "acquire")], False),
        (
            knossos.fifo_queue(),
            [*done(0, "enqueue", 1), *done(0, "enqueue", 2), *done(0, "dequeue", 1)],
            True,
        ),
        (
            knossos.fifo_queue(),
            [*done(0, "enqueue", 1), *done(0, "enqueue", 2), *done(0, "dequeue", 2)],
            False,
        ),
        (knossos.fifo_queue(), done(0, "dequeue", None), False),
        (
            knossos.unordered_queue(),
            [*done(0, "enqueue", 1), *done(0, "enqueue", 2), *done(0, "dequeue", 2)],
            True,
        ),
        (knossos.unordered_queue(), done(0, "dequeue", None), False),
        (knossos.set(), [*done(0, "add", 1), *done(0, "read", {1})], True),
        (knossos.set(), [*done(0, "add", 1), *done(0, "read", [])], False),
        (knossos.counter(), [*done(0, "add", 3), *done(0, "read", 3)], True),
        (knossos.noop, done(0, "anything", [1]), True),
        (knossos.multi_register({"x": 1}), done(0, "txn", [["read", "x", 1], *SOME[1:]], SOME), True),
        (knossos.multi_register({"x": 1}), done(0, "txn", SOME, SOME), True),
        (knossos.multi_register({"x": 1}), done(0, "txn", [["read", "x", 2], *SOME[1:]], SOME), False),
    ],
)
def test_models_mean_what_they_mean_in_knossos(model: Model, history: list[OpMap], valid: bool) -> None:
    a = analysis(model, history)
    assert a.valid is valid
    if not valid:
        assert a.op is not None
        assert a.op["index"] == len(history) - 1
        assert all(isinstance(path[-1]["model"], Inconsistent) for path in a.final_paths)
        assert a.final_paths


def answer_of(o: Op) -> Any:
    return o.output if o.outcome == Outcome.OK else UNKNOWN


def legal(model: Model, ops: Sequence[tuple[Op, int, int | None]]) -> bool:
    """Whether the ended operations (call, end), with any of the open ones, have a legal order: tries all."""
    needed = [i for i, (_, _, end) in enumerate(ops) if end is not None]
    optional = [i for i, (_, _, end) in enumerate(ops) if end is None]
    for size in range(len(optional) + 1):
        for extra in itertools.combinations(optional, size):
            for order in itertools.permutations([*needed, *extra]):
                if any(
                    (end := ops[b][2]) is not None and end < ops[a][1]
                    for a, b in itertools.combinations(order, 2)
                ):
                    continue
                states = {model.initial()}
                for i in order:
                    o = ops[i][0]
                    states = {after for s in states for after in model.step(s, o.f, o.input, answer_of(o))}
                if states:
                    return True
    return False


def wild(rng: random.Random) -> list[OpMap]:
    """A list of maps by some processes, with any answers; some crash, some fail, some never end."""
    maps: list[OpMap] = []
    busy: dict[int, OpMap] = {}
    free = 3
    names = [0, 1, 2]
    while len(maps) < rng.randint(4, 12):
        p = rng.choice(names)
        if p not in busy:
            f = rng.choice(["read", "write", "cas"])
            busy[p] = op(p, "invoke", f, {"read": None, "write": rng.randint(1, 2), "cas": [1, 2]}[f])
            maps.append(busy[p])
            continue
        call = busy.pop(p)
        kind = rng.choice(["ok", "ok", "ok", "ok", "fail", "info"])
        value = rng.choice([None, 0, 1, 2]) if call["f"] == "read" else call["value"]
        maps.append(op(p, kind, call["f"], value))
        if kind == "info":
            names[names.index(p)] = free
            free += 1
    if rng.random() < 0.3:
        maps.insert(rng.randint(0, len(maps)), op("nemesis", "info", "kill"))
    return maps


def leads(model: Model, recorded: Recorded, early: Config, late: Config) -> bool:
    """Whether the operations that are pending in `early` only lead from there to `late`, in some order."""
    if not late.pending <= early.pending:
        return False
    for order in itertools.permutations(early.pending - late.pending):
        states = {early.state}
        for row in order:
            o = recorded.ops[row]
            states = {after for s in states for after in model.step(s, o.f, o.input, answer_of(o))}
        if late.state in states:
            return True
    return False


def first_illegal(model: Model, maps: list[OpMap]) -> int | None:
    """The place of the first :ok that no order of what came before allows."""
    recorded = of_maps(maps)
    index = {
        row: [event["index"] for r, _, event in recorded.events if r == row]
        for row in range(len(recorded.ops))
    }
    for _, invoked, event in recorded.events:
        if invoked:
            continue
        now = event["index"]
        seen = []
        for row, o in enumerate(recorded.ops):
            places = index[row]
            if places[0] < now:
                ended = places[1] if len(places) > 1 and places[1] <= now else None
                seen.append((o, places[0], ended))
        if not legal(model, seen):
            return cast(int, now)
    return None


def test_op_is_the_first_end_that_cannot_be() -> None:
    model = knossos.cas_register(0)
    kinds = {True: 0, False: 0}
    for seed in range(500):
        maps = wild(random.Random(seed))
        recorded = of_maps(maps)
        if len(recorded.ops) > 6:
            continue
        expected = first_illegal(model, maps)
        a = analysis(model, maps)
        assert a.valid is (expected is None), f"seed {seed}: {maps}"
        kinds[expected is None] += 1
        if expected is None:
            continue
        assert a.op is not None
        assert a.op["index"] == expected, f"seed {seed}: {maps}"
        exact = replay(model, recorded, 10**6)
        halved, _ = bisected(model, recorded, Limits())
        assert exact is not None
        assert exact.event == halved.event, f"seed {seed}: {maps}"
        (one,) = halved.configs
        assert any(leads(model, recorded, config, one) for config in exact.configs), f"seed {seed}: {maps}"
        assert a.final_paths
        for path in a.final_paths:
            assert [isinstance(step["model"], Inconsistent) for step in path].index(True) == len(path) - 1
        ends = [m["index"] for _, invoked, m in recorded.events if not invoked]
        before = [i for i in ends if i < expected]
        assert (a.previous_ok or {}).get("index") == (before[-1] if before else None)
    assert min(kinds.values()) > 80, kinds


def test_where_its_own_search_takes_too_long_bisection_finds_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(1)
    maps, state = [], 0
    for i in range(300):
        f = rng.choice(["read", "write"])
        state = rng.randint(1, 3) if f == "write" else state
        maps += done(i % 5, f, state)
    bad = [*maps, *done(0, "read", 9), *maps]
    full = analysis(knossos.register(0), bad)
    monkeypatch.setattr("checkers.lincheck.knossos.answer.BUDGET", 100)
    halved = analysis(knossos.register(0), bad)
    assert full.op == halved.op == op(0, "ok", "read", 9, index=601)
    assert (full.previous_ok, full.last_op, full.configs) == (
        halved.previous_ok,
        halved.last_op,
        halved.configs,
    )
    assert (full.notes, halved.notes) == ((), ("only one of the configurations before op is shown",))


def test_a_configuration_has_no_open_operation_that_nobody_needed() -> None:
    crashed = [op(0, "invoke", "write", 5), op(1, "invoke", "write", 3), *done(2, "read", 3)]
    recorded = of_maps(crashed)
    config = config_of(knossos.register(), recorded, [1, 2, 0], frozenset({0, 1, 2}))
    assert (config.state, config.pending, config.last) == (3, frozenset({0}), 3)


def test_events_at_one_time_are_concurrent() -> None:
    ops = [
        Op(0, 0, "write", None, 1, None, Outcome.OK, 0, 10),
        Op(0, 1, "read", None, None, 0, Outcome.OK, 10, 11),
        Op(0, 2, "read", None, None, 9, Outcome.OK, 20, 21),
    ]
    a = analysis(knossos.register(0), History.of(ops))
    assert a.op == op(2, "ok", "read", 9, index=5, time=21)
    assert a.previous_ok == op(1, "ok", "read", 0, index=3, time=11)


def test_no_more_than_ten_configurations_and_paths() -> None:
    many = [op(p, "invoke", "write", p) for p in range(7)]
    a = analysis(knossos.register(), [*many, *done(8, "read", 3), *done(9, "read", 99)])
    assert (len(a.configs), len(a.final_paths)) == (10, 10)


def test_a_history_of_ours_and_of_several_keys() -> None:
    ops = [
        Op(0, 0, "write", "a", 1, None, Outcome.OK, 0, 10),
        Op(0, 1, "read", "a", None, 1, Outcome.OK, 10, 11),
        Op(0, 2, "read", "b", None, 7, Outcome.OK, 20, 30),
        Op(0, 3, "write", "b", 7, None, Outcome.OK, 31, 32),
        Op(0, 4, "write", "a", 2, None, Outcome.INFO, 5, OPEN_NS),
    ]
    a = analysis(knossos.register(), History.of(ops))
    assert (a.valid, a.key) == (False, "b")
    assert a.op == op(2, "ok", "read", 7, index=1, time=30)
    more = [Op(0, 5 + i, "read", "A", None, 8, Outcome.OK, 40, 41) for i in range(3)]
    assert analysis(knossos.register(), History.of([*more, *ops])).key == "b"
    b = analysis(knossos.register(), History.of([o for o in ops if o.key == "a"]))
    assert b.valid is True
    text = "{:process 0 :type :invoke :f :read}{:process 0 :type :ok :f :read :value 5}"
    assert analysis(knossos.register(), parse_edn(text, "h")).valid is False
    assert type(check(parse_edn(text, "h"), knossos.register(5))) is Valid


def test_names_with_colons_and_a_nemesis() -> None:
    colons = [{f":{k}": f":{v}" if k in ("type", "f") else v for k, v in m.items()} for m in PHANTOM]
    killed = op("nemesis", "info", "kill", time=3)
    a = analysis(knossos.cas_register(), [killed, *colons])
    assert a.op is not None
    assert (a.valid, a.op["index"], a.op["value"]) == (False, 5, 3)


@pytest.mark.parametrize("algorithm", ["competition", "linear", "wgl"])
def test_every_algorithm(algorithm: Any) -> None:
    assert analysis(knossos.cas_register(), PHANTOM, algorithm=algorithm, time_limit=60).valid is False
    assert analysis(knossos.cas_register(), PHANTOM[:2], algorithm=algorithm).valid is True


@pytest.mark.parametrize(
    ("maps", "line", "message"),
    [
        ([5], 1, "no operation but 5"),
        ([{"proces": 1, "type": "ok", "f": "read"}], 1, "without process .is proces meant"),
        ([op(0, "invok", "read")], 1, "unknown type 'invok'\n.*did you mean invoke"),
        ([op(-1, "invoke", "read")], 1, "process -1"),
        ([op(0, "invoke", cast(Any, 5))], 1, "f 5"),
        ([op(0, "invoke", "write", object())], 1, "values are JSON values"),
        ([*PHANTOM, op(7, "ok", "read")], 9, "no operation open"),
        ([PHANTOM[0], PHANTOM[0]], 2, "invokes while its operation of line 1 is open"),
        ([PHANTOM[0], op(0, "info", "write"), PHANTOM[0]], 3, "goes on after its :info of line 2"),
        ([op(0, "invoke", "read", index=4), op(0, "ok", "read", index=4)], 2, "index 4 is that of place 1"),
    ],
)
def test_wrong_maps_are_one_clear_error(maps: list[Any], line: int, message: str) -> None:
    with pytest.raises(HistoryError, match=message) as caught:
        analysis(knossos.register(), maps)
    assert caught.value.line == line


def test_what_is_not_known_is_neither_true_nor_false(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checkers.lincheck.knossos.answer.check", lambda *a, **k: Unknown("out of time"))
    a = analysis(knossos.register(), PHANTOM, time_limit=1)
    assert dict(a) == {"valid?": "unknown", "analyzer": "competition", "cause": "out of time"}
    with pytest.raises(TypeError, match=r"ask `\.valid`"):
        bool(a)
    with pytest.raises(KeyError):
        a["final-paths"]
    with pytest.raises(ValueError, match="algorithm is one of"):
        analysis(knossos.register(), [], algorithm=cast(Any, "fast"))
    monkeypatch.undo()
    with pytest.raises(ModelError, match="knows no operation 'cas'"):
        analysis(knossos.register(), cas(0, 1, 2))
