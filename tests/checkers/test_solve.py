"""solve(): the searches agree, plain and compiled; limits end them honestly; more than one word of masks,
forgotten segments, twins that run short. The oracles prove the answers; this proves the machinery.
"""

from __future__ import annotations

import itertools
import random
import types
from typing import Any

import numpy as np
import pytest

from checkers.history import OPEN_NS
from checkers.lincheck import engine as engines
from checkers.lincheck import jit
from checkers.lincheck.limits import Algorithm
from checkers.lincheck.question import Question, guard_question
from checkers.lincheck.search import assign_twins
from checkers.lincheck.solve import Found, solve

NIL = 0
Row = tuple[int, int, int, int, int]  # call, return, expect, forbid, assign
ALGORITHMS: tuple[Algorithm, ...] = ("auto", "dfs", "bfs")


def question(rows: list[Row]) -> Question:
    columns = [np.array(column, np.int64) for column in zip(*sorted(rows), strict=True)]
    return guard_question(*columns, NIL)  # type: ignore[arg-type]


def write(call: int, end: int, value: int) -> Row:
    return (call, end, -1, -1, value)


def read(call: int, end: int, value: int) -> Row:
    return (call, end, value, -1, -1)


def cas(call: int, end: int, old: int, new: int) -> Row:
    return (call, end, old, -1, new)


def simulated(seed: int, count: int, clients: int, values: int, *, crashed: int = 0) -> list[Row]:
    """Legal by construction: each operation acts at a point within its interval."""
    dice = random.Random(f"simulated {seed}")
    free = [0] * clients
    plans = []
    for number in range(count):
        client = min(range(clients), key=lambda c: free[c])
        call = free[client] + dice.randint(1, 3)
        end = call + dice.randint(0, 3 * clients)
        free[client] = end
        plans.append((dice.randint(call, end), number, call, end))
    lost = set(dice.sample(range(count), crashed))
    state, rows = NIL, []
    for _, number, call, end in sorted(plans):
        f = dice.choice(["write", "cas"] if number in lost else ["read", "write", "cas"])
        value = dice.randrange(1, values)
        back = OPEN_NS if number in lost else end
        happens = number not in lost or dice.random() < 0.5
        row = {"read": read(call, end, state), "write": write(call, back, value)}.get(
            f, cas(call, back, state, value)
        )
        rows.append(row)
        state = row[4] if happens and row[4] >= 0 else state
    return rows


def replay(found: Found, rows: list[Row]) -> str | None:
    """What is wrong with the order, None if nothing."""
    rows = sorted(rows)
    assert found.order is not None
    order = found.order.tolist()
    if len(set(order)) < len(order) or {i for i, r in enumerate(rows) if r[1] != OPEN_NS} - set(order):
        return "not every operation once"
    state, latest = NIL, -1
    for i in order:
        call, end, expect, forbid, assign = rows[i]
        if end < latest or expect not in (-1, state) or forbid == state:
            return f"operation {i} cannot stand there"
        latest, state = max(latest, call), state if assign < 0 else assign
    return None


@pytest.mark.parametrize("setting", ["off", "always"])
def test_plain_and_compiled_give_the_same_answers(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLITBRAIN_LINCHECK_JIT", setting)
    monkeypatch.setattr(jit, "is_compiled", lambda: False)
    seen = []
    for seed in range(40):
        rows = simulated(seed, 40, 6, 4, crashed=seed % 4)
        if seed % 2:
            i = next(i for i, row in enumerate(rows) if row[4] < 0)
            rows[i] = read(rows[i][0], rows[i][1], 7)
        for algorithm in ALGORITHMS:
            found = solve(question(rows), algorithm=algorithm)
            assert found.legal is (seed % 2 == 0), (seed, algorithm, found)
            if found.legal:
                assert replay(found, rows) is None, (seed, algorithm)
            seen.append((found.legal, found.events, found.algorithm))
    for one, other in zip(seen, EXPECTED.setdefault("answers", seen), strict=True):
        assert one == other, "plain and compiled differ"


EXPECTED: dict[str, list[Any]] = {}


def test_more_than_two_words_of_operations_open_at_once() -> None:
    together = [write(i, 1_000, i) for i in range(1, 151)]
    tail = [read(2_000 + i, 2_000 + i, 77) for i in range(3)]
    for algorithm in ALGORITHMS:
        found = solve(question(together + tail), algorithm=algorithm)
        assert found.legal
        assert replay(found, together + tail) is None
        bad = [*together, *tail, read(3_000, 3_000, 78)]
        assert solve(question(bad), algorithm=algorithm).legal is False


def test_one_slow_operation_over_thousands() -> None:
    rows = [
        write(0, 100_000, 5),
        *itertools.chain(
            *[(write(10 * i, 10 * i + 1, 6), read(10 * i + 2, 10 * i + 3, 6)) for i in range(1, 3_000)]
        ),
    ]
    found = solve(question([*rows, read(100_001, 100_002, 5)]))
    assert found.legal
    late = [*rows, read(100_001, 100_002, 5), read(100_003, 100_004, 6)]
    assert solve(question(late)).legal is False


def test_layers_that_were_forgotten_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "SEGMENT", 1 << 10)
    monkeypatch.setattr("checkers.lincheck.solve._POOL", [])
    made: list[int] = []
    restore = engines.Engine.restore

    def counted(self: Any, segment: int) -> None:
        made.append(segment)
        restore(self, segment)

    monkeypatch.setattr(engines.Engine, "restore", counted)
    rows = simulated(3, 4_000, 8, 5)
    found = solve(question(rows), algorithm="bfs")
    assert found.legal
    assert replay(found, rows) is None
    assert len(made) > 3


def test_crashed_twins_that_run_short_are_counted() -> None:
    """Two reads of 1 with a 2 between them need two writes of 1; only one was ever called."""
    rows = [write(0, OPEN_NS, 1), read(1, 2, 1), write(3, 4, 2), read(5, 6, 2), read(7, 8, 1)]
    assert solve(question(rows), algorithm="bfs").legal is False
    more = [*rows, write(0, OPEN_NS, 1)]
    found = solve(question(more), algorithm="bfs")
    assert found.legal
    assert replay(found, more) is None
    too_late = [*rows, write(9, OPEN_NS, 1)]
    assert solve(question(too_late), algorithm="bfs").legal is False


def test_twins_are_given_out_in_order_of_call() -> None:
    asked = question([write(0, OPEN_NS, 1), write(5, OPEN_NS, 1), read(6, 7, 1), write(1, 2, 3)])
    endless = np.zeros(asked.alphabet.guards.shape[1], np.int64)
    endless[asked.types[0]] = 1
    order, short = assign_twins(asked, np.array([0, 1, 0, 3]), endless)
    assert order.tolist() == [0, 1, 2, 3]
    assert not short.any()
    _, short = assign_twins(asked, np.array([0, 0, 1, 3]), endless)
    assert short.any(), "the second of them is called after the write of 3 had returned"


def test_limits_end_it_honestly() -> None:
    rows = simulated(1, 3_000, 20, 5, crashed=20)
    steps = solve(question(rows), algorithm="bfs", max_steps=500)
    assert (steps.legal, steps.why) == (None, "steps")
    assert 0 < steps.events < 3_000
    stopped = solve(question(rows), algorithm="bfs", tick=lambda _steps, events: events < 100)
    assert (stopped.legal, stopped.why) == (None, "stopped")
    small = solve(question(rows), algorithm="bfs", memory=10_000)
    assert (small.legal, small.why) == (None, "memory")


def test_what_is_kept_is_named_by_every_file_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """numba looks only at the file of the function that is called: a changed callee needs another folder."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    names = {jit._folder("1")}
    sources = {module.__name__: jit.inspect.getsource(module) for module in jit.MODULES}
    for changed in jit.MODULES:

        def source(module: types.ModuleType, changed: types.ModuleType = changed) -> str:
            return sources[module.__name__] + (" " if module is changed else "")

        monkeypatch.setattr(jit.inspect, "getsource", source)
        names.add(jit._folder("1"))
    assert len(names) == 1 + len(jit.MODULES)
