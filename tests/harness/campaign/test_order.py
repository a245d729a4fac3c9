"""What a night does first: laws that hold for any cells and any past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, groupby, zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.campaign.jobs import Cell, Job, Limits
from harness.campaign.matrix import Spec
from harness.campaign.order import KNOWN_PER_CELL, Known, Past, estimate, ordered, shard_of

CELLS = "abcdef"
RANK = {"failed last night": 0, "known": 1, "new seed": 2, "pinned": 2, "hunt": 2}


def spec(name: str, seeds: int | range = 1, tries: int = 1) -> Spec:
    limits = Limits(1.0, 100, 100)
    return Spec(Cell(name, "raft", "register", "kill", "sim", {}, limits, tries=tries), seeds)


@st.composite
def specs_of(draw: st.DrawFn) -> list[Spec]:
    names = draw(st.lists(st.sampled_from(CELLS), unique=True, max_size=5))
    ranges = st.builds(lambda first, count: range(first, first + count), st.integers(0, 9), st.integers(1, 4))
    hunts = st.builds(lambda tries: (range(1, 2), tries), st.integers(2, 9))
    kinds = st.one_of(hunts, st.tuples(st.one_of(st.integers(1, 4), ranges), st.just(1)))
    return [spec(name, *draw(kinds)) for name in names]


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    cells, seeds = st.sampled_from(CELLS), st.integers(0, 12)
    return Past(
        failed=draw(st.lists(st.tuples(cells, seeds), max_size=8)),
        known=draw(
            st.lists(st.builds(Known, st.sampled_from(["f1", "f2", "f3"]), cells, seeds), max_size=30)
        ),
        newest=draw(st.dictionaries(cells, seeds)),
        last_run=draw(st.dictionaries(cells, st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]))),
    )


def fresh(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if RANK[job.why] == 2]


@given(specs_of(), pasts())
def test_every_cell_and_seed_is_there_once_and_only_of_the_file(specs: list[Spec], past: Past) -> None:
    jobs = ordered(specs, past)
    assert Counter((job.cell, job.seed) for job in jobs) == {(job.cell, job.seed): 1 for job in jobs}
    assert [job.number for job in jobs] == list(range(1, len(jobs) + 1))
    there = {(job.cell, job.seed) for job in jobs}
    cells = {one.cell.id: one for one in specs}
    assert {cell for cell, _ in there} == set(cells)
    for name, one in cells.items():
        first = past.newest.get(name, 0) + 1
        wanted = range(first, first + one.seeds) if isinstance(one.seeds, int) else one.seeds
        assert {(name, seed) for seed in wanted} <= there
        again = {(name, seed) for cell, seed in past.failed if cell == name and one.cell.tries == 1}
        assert again <= there
        others = {seed for cell, seed in there if cell == name} - set(wanted) - {seed for _, seed in again}
        seen = [k.seed for k in past.known if k.cell == name] if one.cell.tries == 1 else []
        assert others <= set(seen[:KNOWN_PER_CELL])


@given(specs_of(), pasts())
def test_failed_before_known_before_the_rest(specs: list[Spec], past: Past) -> None:
    jobs = ordered(specs, past)
    ranks = [RANK[job.why] for job in jobs]
    assert ranks == sorted(ranks)
    hunts = {one.cell.id for one in specs if one.cell.tries > 1}
    mine = {one.cell.id for one in specs} - hunts
    wanted = dict.fromkeys(where for where in past.failed if where[0] in mine)
    assert [(job.cell, job.seed) for job in jobs if job.why == "failed last night"] == list(wanted)
    again = [(job.cell, job.seed) for job in jobs if job.why == "known"]
    places = [(k.cell, k.seed) for k in past.known if k.cell in mine]
    assert again == sorted(again, key=places.index)
    kept = [(c, s) for c in mine for _, s in [p for p in places if p[0] == c][:KNOWN_PER_CELL]]
    assert set(again) == set(kept) - set(wanted)


@given(specs_of(), pasts())
def test_hunts_are_not_repeated_and_each_has_its_reason(specs: list[Spec], past: Past) -> None:
    cells = {one.cell.id: one for one in specs}
    for job in ordered(specs, past):
        one = cells[job.cell]
        if one.cell.tries > 1:
            assert job.why == "hunt"
        elif RANK[job.why] == 2:
            assert job.why == ("new seed" if isinstance(one.seeds, int) else "pinned")


@given(specs_of(), pasts())
def test_a_job_that_is_done_again_tells_what_it_looks_for(specs: list[Spec], past: Past) -> None:
    first: dict[tuple[str, int], str] = {}
    for known in past.known:
        first.setdefault((known.cell, known.seed), known.fingerprint)
    for job in ordered(specs, past):
        wanted = first.get((job.cell, job.seed), "") if RANK[job.why] < 2 else ""
        assert job.fingerprint == wanted
        assert job.why != "known" or job.fingerprint


@given(specs_of(), pasts())
def test_first_seeds_of_all_cells_before_second_ones(specs: list[Spec], past: Past) -> None:
    """And those of the cells that were run least recently first, in each round."""
    past = replace(past, failed=(), known=())
    by_cell: dict[str, list[Job]] = {}
    for job in ordered(specs, past):
        by_cell.setdefault(job.cell, []).append(job)
    due = sorted((one.cell.id for one in specs), key=lambda name: past.last_run.get(name, "0"))
    rounds = zip_longest(*(by_cell[name] for name in due))
    assert ordered(specs, past) == [job for job in chain.from_iterable(rounds) if job is not None]
    for jobs in by_cell.values():
        assert [job.seed for job in jobs] == sorted(job.seed for job in jobs)


def test_a_cell_that_was_never_run_comes_first() -> None:
    past = Past(last_run={"a": "2026-01-03", "b": "2026-01-01"})
    jobs = ordered([spec("a", 2), spec("b", 1), spec("c", 2)], past)
    assert [job.id for job in jobs] == ["c#1", "b#1", "a#1", "c#2", "a#2"]


NIGHTS = st.lists(st.tuples(specs_of(), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30))), max_size=6)


@given(NIGHTS)
@settings(max_examples=60)
def test_new_seeds_never_repeat_over_successive_nights(
    nights: list[tuple[list[Spec], set[int], set[int]]],
) -> None:
    """Some runs of each night fail, some of these with a fingerprint; the cells may change in between."""
    past, used = Past(), set[tuple[str, int]]()
    for number, (specs, failing, telling) in enumerate(nights):
        jobs = ordered(specs, past)
        new = [(job.cell, job.seed) for job in jobs if job.why == "new seed"]
        assert used.isdisjoint(new)
        used |= set(new)
        failed = [(job.cell, job.seed) for job in jobs if job.number in failing]
        known = [Known(f"f{number}", *where) for n, where in enumerate(failed) if n in telling]
        newest = dict(past.newest)
        for cell, seed in new:
            newest[cell] = max(newest.get(cell, 0), seed)
        ran = {job.cell: f"{number:04d}" for job in jobs}
        past = Past(failed, [*past.known, *known], newest, {**past.last_run, **ran})


def test_every_cell_goes_on_from_its_own_newest_seed() -> None:
    jobs = ordered([spec("a", 2), spec("b", 1)], Past(newest={"a": 7}))
    assert [job.id for job in jobs] == ["a#8", "b#1", "a#9"]


def test_the_first_seed_may_be_said() -> None:
    specs = [spec("a", 2), spec("b", range(4, 6)), spec("c", range(1, 2), tries=9)]
    jobs = ordered(specs, Past(newest={"a": 7}), first_seed=100)
    assert [job.id for job in jobs] == ["a#100", "b#4", "c#1", "a#101", "b#5"]
    assert ordered([spec("a", 1)], Past(newest={"a": 7}), first_seed=0)[0].seed == 0


def test_no_more_known_fingerprints_of_a_cell_than_a_night_can_bear() -> None:
    known = [Known(f"f{n}", cell, n) for n in range(50, 50 + 3 * KNOWN_PER_CELL) for cell in "ab"]
    jobs = ordered([spec("a"), spec("b")], Past(known=known))
    assert Counter(job.cell for job in jobs if job.why == "known") == {
        "a": KNOWN_PER_CELL,
        "b": KNOWN_PER_CELL,
    }
    assert [job.fingerprint for job in jobs[: 2 * KNOWN_PER_CELL]] == [k.fingerprint for k in known[:10]]


def test_a_failure_that_is_also_known_and_new_is_one_job() -> None:
    past = Past(failed=[("a", 2), ("a", 2)], known=[Known("f", "a", 2), Known("g", "a", 2)], newest={"a": 1})
    assert ordered([spec("a", 2)], past) == [
        Job(1, "a", 2, "failed last night", "f"),
        Job(2, "a", 3, "new seed"),
    ]


@given(specs_of(), pasts(), st.integers(1, 12))
def test_shards_are_disjoint_and_are_all_together(specs: list[Spec], past: Past, of: int) -> None:
    jobs = ordered(specs, past)
    shards = [shard_of(jobs, number, of) for number in range(1, of + 1)]
    assert sorted(chain.from_iterable(shards), key=lambda job: job.number) == jobs
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    for shard in shards:
        assert [job.number for job in shard] == sorted(job.number for job in shard)
        assert not shard or shard[0].number <= of, "each gets of the first ones"


@given(specs_of(), pasts())
def test_the_same_file_and_past_give_the_same_list(specs: list[Spec], past: Past) -> None:
    copied = Past(list(past.failed), list(past.known), dict(past.newest), dict(past.last_run))
    assert ordered(specs, past) == ordered(list(specs), copied)
    turned = replace(
        past, newest=dict(reversed(past.newest.items())), last_run=dict(reversed(past.last_run.items()))
    )
    assert ordered(specs, turned) == ordered(specs, past)


@given(specs_of(), pasts())
def test_cells_that_are_due_alike_keep_the_order_of_the_file(specs: list[Spec], past: Past) -> None:
    past = replace(past, failed=(), known=())
    first = [job.cell for job in ordered(specs, past)][: len(specs)]
    places = [one.cell.id for one in specs]
    for _, alike in groupby(first, key=lambda name: past.last_run.get(name, "")):
        names = list(alike)
        assert names == sorted(names, key=places.index)


@pytest.mark.parametrize(
    ("values", "tries", "seconds"),
    [
        ({"place": "sim"}, 1, 1.0),
        ({"place": "sim", "time_s": 900.0}, 40, 5.0),
        ({"place": "local", "time_s": 20.0}, 1, 35.0),
        ({"place": "local"}, 1, 45.0),
        ({"place": "docker", "time_s": "soon"}, 1, 45.0),
    ],
)
def test_how_long_a_run_may_take(values: dict[str, object], tries: int, seconds: float) -> None:
    assert estimate({"other": 3.0}, "a", values, tries) == seconds
    assert estimate({"a": 0.25}, "a", values, tries) == 0.25
