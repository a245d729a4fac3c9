"""The histories of the benchmarks have the verdict that is claimed for them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lincheck.columns import NIL, NONE, Columns, Registers, columns_of, joined, registers
from benchmarks.lincheck.long import searched
from benchmarks.lincheck.material import GENERATOR, NEW_SEED, REFERENCE, Shape, generated, reference
from benchmarks.lincheck.process import history_of, lines
from checkers.codec import decode
from checkers.history import OPEN_NS
from checkers.lincheck.check import check
from checkers.lincheck.lanes import zones
from checkers.lincheck.models import CasRegister
from checkers.lincheck.question import guard_question
from checkers.lincheck.solve import solve
from checkers.verdict import Valid

needs_generator = pytest.mark.skipif(not GENERATOR.exists(), reason=f"{GENERATOR} is not there")
SHAPES = [
    Shape(60, 3, 5, 0, False),
    Shape(60, 3, 5, 0, True),
    Shape(80, 3, 0, 4, False),
    Shape(80, 3, 0, 4, True),
]


def legal(c: Columns) -> bool | None:
    """By the search."""
    question = guard_question(c.call, c.ret, c.expect.copy(), c.forbid.copy(), c.assign.copy(), NIL)
    return solve(question, want_order=False).legal


def as_columns(made: Registers) -> Columns:
    """Reads and writes as guards."""
    none = np.full(len(made.call), NONE)
    return Columns(
        made.call,
        made.ret,
        np.where(made.writes, NONE, made.value),
        none,
        np.where(made.writes, made.value, NONE),
    )


@pytest.mark.parametrize("bad", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_registers_have_their_verdict_by_the_search_and_by_the_lane(seed: int, bad: bool) -> None:
    made = registers(120, 4, bad, seed)
    decided = zones.registers(made.call, made.ret, made.writes, made.value, NIL)
    assert decided is not None
    assert (decided.legal, legal(as_columns(made))) == (not bad, not bad)


def test_registers_are_a_history_of_clients_with_distinct_values() -> None:
    made = registers(3_000, 10, False, 1)
    assert np.all(np.diff(made.call) > 0)
    assert np.all(made.ret > made.call)
    assert sorted([*made.call.tolist(), *made.ret.tolist()]) == list(range(6_000))
    assert len(np.unique(made.value[made.writes])) == np.count_nonzero(made.writes)
    assert 1_400 < np.count_nonzero(made.writes) < 1_600
    ends = np.sort(made.ret)
    busy = np.arange(1, 3_001) - np.searchsorted(ends, made.call)  # how many are open at each call
    assert busy.max() <= 10
    assert 6 < busy[100:-100].mean() < 10


def test_registers_differ_by_seed_and_not_otherwise() -> None:
    one, again, other = registers(500, 5, True, 1), registers(500, 5, True, 1), registers(500, 5, True, 2)
    assert np.array_equal(one.value, again.value)
    assert np.array_equal(one.call, again.call)
    assert not np.array_equal(one.call, other.call)


@pytest.mark.parametrize("seed", range(30))
def test_registers_plant_exactly_one_read_of_a_value_overwritten_before_it_began(seed: int) -> None:
    good, bad = registers(1_000, 5, False, seed), registers(1_000, 5, True, seed)
    changed = np.flatnonzero(good.value != bad.value)
    assert len(changed) == 1
    read = int(changed[0])
    assert not good.writes[read]
    assert read > 900
    (first,) = np.flatnonzero(bad.writes & (bad.value == bad.value[read]))
    between = bad.writes & (bad.call > bad.ret[first]) & (bad.ret < bad.call[read])
    assert np.any(between)


def test_registers_take_effect_anywhere_between_call_and_return() -> None:
    """Some read has the value of a write that was called after it."""
    made = registers(1_000, 10, False, 1)
    writes = np.flatnonzero(made.writes)
    call_of = dict(zip(made.value[writes].tolist(), made.call[writes].tolist(), strict=True))
    reads = np.flatnonzero(~made.writes)
    later = [call_of.get(int(made.value[read]), -1) > made.call[read] for read in reads]
    assert 10 < sum(later) < len(later) / 2


def test_a_history_too_short_for_a_stale_read_is_refused() -> None:
    with pytest.raises(ValueError, match="no write returned"):
        registers(3, 3, True, 0)


def column(*values: int) -> np.ndarray:
    """Integers."""
    return np.array(values, np.int64)


def test_joined_blocks_each_start_from_nil() -> None:
    """One reads nil, then writes 1: legal alone and repeated, since nil is written in between."""
    block = Columns(column(0, 2), column(1, 3), column(NIL, NONE), column(NONE, NONE), column(NONE, 2))
    thrice = joined([block] * 3)
    assert len(thrice.call) == 8
    assert np.all(np.diff(thrice.call) > 0)
    assert np.all(thrice.call[1:] > thrice.ret[:-1])
    assert legal(thrice) is True
    stale = Columns(column(0, 2), column(1, 3), column(2, NONE), column(NONE, NONE), column(NONE, 2))
    assert legal(joined([block, stale])) is False


def test_an_operation_that_never_returns_cannot_be_joined_to_a_second_block() -> None:
    block = Columns(column(0), column(OPEN_NS), column(NONE), column(NONE), column(2))
    with pytest.raises(ValueError, match="never returns"):
        joined([block, block])


@needs_generator
@pytest.mark.parametrize("shape", SHAPES, ids=Shape.words)
@pytest.mark.parametrize("k", range(5))
def test_columns_and_histories_of_the_generator_have_the_verdict_it_claims(shape: Shape, k: int) -> None:
    rows, seed = generated(shape, shape.seed + NEW_SEED + 1_000 * k)
    assert legal(columns_of(rows)) is not shape.bad, f"seed {seed}"
    decoded = decode(lines(history_of(rows)), "generated")
    assert decoded.complete
    verdict = check(decoded.history, CasRegister(failed_cas="observation"), explain=False)
    assert isinstance(verdict, Valid) is not shape.bad, f"seed {seed}"


@needs_generator
def test_columns_keep_a_failed_cas_and_a_crash() -> None:
    rows = np.array(
        [[0, 2, 1, 2, -1, 0, 3, 4], [1, 1, 4, -1, -1, 2, 0, -1], [2, 0, -1, -1, -1, 1, 1, 2]], np.int64
    )
    made = columns_of(rows)
    assert made.call.tolist() == [0, 1, 3]
    assert made.ret.tolist() == [OPEN_NS, 2, 4]
    assert made.expect.tolist() == [NONE, NIL, NONE]
    assert made.forbid.tolist() == [NONE, NONE, 2]
    assert made.assign.tolist() == [5, NONE, NONE]


@needs_generator
@pytest.mark.parametrize("bad", [False, True])
def test_a_long_history_of_blocks_has_the_verdict_of_its_last(bad: bool) -> None:
    made = searched(Shape(300, 3, 5, 0, bad), block=100)
    assert len(made.call) == 302
    assert legal(made) is not bad


@pytest.mark.skipif(not REFERENCE.exists(), reason=f"{REFERENCE} is not there")
def test_the_reference_is_read_as_it_is_meant() -> None:
    peers = reference()
    easy, open_end, dead = (
        peers[Shape(1000, 5, 5, 0, False)],
        peers[Shape(1000, 20, 5, 0, True)],
        peers[Shape(100_000, 10, 0, 0, False)],
    )
    assert (easy.decided, easy.ms, easy.peak_mb) == (True, 1.4894, 4)
    assert (open_end.decided, open_end.ms) == (False, 60003.6331)
    assert (dead.decided, dead.ms) == (False, None)
