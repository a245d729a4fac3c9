"""What a verbose check found, to be drawn or looked through.

Invariants: every partial linearization is legal and respects real time; `complete` is True exactly where the
longest one is known for every operation; orders are stored once, as a tree (`checkers.lincheck.partials`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from checkers.lincheck.partials import Partials
from checkers.lincheck.porcupine.histories import Annotation, CheckResult, Operation
from checkers.lincheck.porcupine.model import Model
from checkers.lincheck.porcupine.moves import Moves


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """One partition: its operations as given (from events: in order of call), its result, and its orders.

    Positions in `partials` point into `operations`, states into those of `LinearizationInfo.moves`.
    """

    operations: tuple[Operation, ...]
    result: CheckResult
    partials: Partials


@dataclass(slots=True)
class LinearizationInfo:
    """All partitions in the order of the model's partition function, and the annotations added so far."""

    model: Model
    moves: Moves
    partitions: tuple[PartitionInfo, ...]
    result: CheckResult
    annotations: list[Annotation] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the search for partial linearizations came to its end in every partition."""
        return all(partition.partials.complete for partition in self.partitions)

    def partial_linearizations(self) -> list[list[list[int]]]:
        """By partition, the different orders, longest first, as positions in the partition's operations: one
        complete linearization if there is one, else for every operation the longest found that contains it.

        They are unfolded here and may take much more memory than the tree they come from.
        """
        return [[p.partials.path(leaf) for leaf in p.partials.leaves()] for p in self.partitions]

    def partial_linearizations_operations(self) -> list[list[list[Operation]]]:
        """The same as operations. Those of a history of events have the numbers of their events as times."""
        return [
            [[p.operations[i] for i in p.partials.path(leaf)] for leaf in p.partials.leaves()]
            for p in self.partitions
        ]

    def add_annotations(self, annotations: Iterable[Annotation]) -> None:
        """Draw these too, after those added before."""
        self.annotations.extend(annotations)
