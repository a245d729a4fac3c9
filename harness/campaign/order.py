"""What a night does first: last night's failures, then known fingerprints, then the cells that were least
recently run; and which seeds are new.

Invariants: pure; a job is in the list once; every cell gets its first new seed before any gets its second;
the same file and the same past give the same list, so that shards agree about who does what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.campaign.jobs import Job, Why
from harness.campaign.matrix import Spec

KNOWN_PER_CELL = 5  # fingerprints that are looked for again: or they would fill every night


@dataclass(frozen=True, slots=True)
class Known:
    """A fingerprint that is not gone: where it was seen, smallest counter-example first."""

    fingerprint: str
    cell: str
    seed: int


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier nights of the campaign left. failed: cell and seed of the last night's failures; newest:
    the highest seed of a cell that was new; last_run: when a cell was last run, as text that sorts.
    """

    failed: Sequence[tuple[str, int]] = ()
    known: Sequence[Known] = ()
    newest: Mapping[str, int] = field(default_factory=dict)
    last_run: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def ordered(specs: Sequence[Spec], past: Past, *, first_seed: int | None = None) -> list[Job]:
    """The night's jobs. first_seed: of the new ones, instead of the first that was never used."""
    cells = {spec.cell.id for spec in specs}
    jobs: dict[tuple[str, int], Job] = {}
    for why, cell, seed, fingerprint in _again(past, specs, cells):
        if (cell, seed) not in jobs:
            jobs[cell, seed] = Job(len(jobs) + 1, cell, seed, why, fingerprint)
    for why, cell, seed in _fresh(specs, past, first_seed):
        if (cell, seed) not in jobs:
            jobs[cell, seed] = Job(len(jobs) + 1, cell, seed, why)
    return list(jobs.values())


def _again(past: Past, specs: Sequence[Spec], cells: set[str]) -> Iterator[tuple[Why, str, int, str]]:
    hunts = {spec.cell.id for spec in specs if spec.cell.tries > 1}
    fingerprints = {(known.cell, known.seed): known.fingerprint for known in reversed(past.known)}
    for cell, seed in past.failed:
        if cell in cells and cell not in hunts:
            yield "failed last night", cell, seed, fingerprints.get((cell, seed), "")
    counts: dict[str, int] = {}
    for known in past.known:
        if known.cell in cells and known.cell not in hunts:
            counts[known.cell] = counts.get(known.cell, 0) + 1
            if counts[known.cell] <= KNOWN_PER_CELL:
                yield "known", known.cell, known.seed, known.fingerprint


def _fresh(specs: Sequence[Spec], past: Past, first_seed: int | None) -> Iterator[tuple[Why, str, int]]:
    """Round by round, the cells that were run least recently first in each."""
    due = sorted(specs, key=lambda spec: past.last_run.get(spec.cell.id, ""))
    lists = [(spec, _seeds(spec, past, first_seed)) for spec in due]
    rounds = max((len(seeds) for _, seeds in lists), default=0)
    for number in range(rounds):
        for spec, seeds in lists:
            if number < len(seeds):
                yield _why(spec), spec.cell.id, seeds[number]


def _why(spec: Spec) -> Why:
    if spec.cell.tries > 1:
        return "hunt"
    return "new seed" if isinstance(spec.seeds, int) else "pinned"


def _seeds(spec: Spec, past: Past, first_seed: int | None) -> range:
    if isinstance(spec.seeds, range):
        return spec.seeds
    first = past.newest.get(spec.cell.id, 0) + 1 if first_seed is None else first_seed
    return range(first, first + spec.seeds)


def shard_of(jobs: Sequence[Job], number: int, of: int) -> list[Job]:
    """The jobs of shard `number` (from 1 on) of `of`: every `of`-th, so that all get of the first ones."""
    return [job for place, job in enumerate(jobs) if place % of == number - 1]


def estimate(seconds: Mapping[str, float], cell: str, values: Mapping[str, object], tries: int) -> float:
    """How long a run of the cell may take: as long as it did, or what its plan says."""
    if cell in seconds:
        return seconds[cell]
    if values.get("place") == "sim":
        return 1.0 if tries == 1 else 5.0
    length = values.get("time_s", 30.0)
    return 15.0 + (float(length) if isinstance(length, int | float) else 30.0)
