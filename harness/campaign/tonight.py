"""A night with what came of its runs, weighed.

Invariant: the same database gives the same words and the same exit code.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.campaign.jobs import Result
from harness.campaign.night import Night
from harness.campaign.store.database import Store
from harness.campaign.store.past import results_of
from harness.campaign.weighing import CellWord, cell_word, exit_code_of


@dataclass(frozen=True, slots=True)
class Tonight:
    """A night with what came of it. folders: of the runs, relative to the folder of runs."""

    night: Night
    results: Sequence[tuple[str, Result]]
    words: Mapping[str, CellWord]
    exit_code: int


def weighed(store: Store, night: Night, interrupted: int | None = None) -> Tonight:
    """What the runs of the night come to."""
    results = results_of(store, night.plan.id)
    by_cell: dict[str, list[Result]] = defaultdict(list)
    for _, result in results:
        by_cell[result.cell].append(result)
    planned = Counter(job.cell for job in night.plan.jobs)
    words = {
        cell.id: cell_word(cell, by_cell[cell.id], planned[cell.id], night.plan.thresholds)
        for cell in night.plan.cells
    }
    return Tonight(night, results, words, exit_code_of(list(words.values()), interrupted=interrupted))
