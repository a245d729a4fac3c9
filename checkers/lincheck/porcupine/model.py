"""Models as Porcupine's users write them: `init` and `step`, and what is optional.

Invariants: a model is a value; its functions are pure (`step` gives a new state and leaves the old one
alone).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from checkers.lincheck.porcupine.histories import Event, Operation
from checkers.lincheck.porcupine.pool import Pool

Partition = Callable[[Sequence[Operation]], Iterable[Sequence[Operation]]]
PartitionEvent = Callable[[Sequence[Event]], Iterable[Sequence[Event]]]


def _operation(input: Any, output: Any) -> str:
    return f"{input} -> {output}"


def _state(state: Any) -> str:
    return f"{state}"


def _metadata(metadata: Any) -> str:
    return "" if metadata is None else f"{metadata}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A sequential specification. init() -> state; step(state, input, output) -> (is it legal, the next
    state).

    partition, partition_event: cut a history into parts that are linearizable on their own, if and only if
    the whole is; the state is then that of one part. equal, hash: when two states are one (equal states have
    equal hashes); by default states are one when they have the same types and the same content. The others
    are words for the picture.

    reads_only(input, output), which Porcupine does not have: True is a promise that such an operation never
    changes any state; the search then places it the moment it is legal, which saves a lot of branching. A
    broken promise is a ModelError where it is seen.
    """

    init: Callable[[], Any]
    step: Callable[[Any, Any, Any], tuple[bool, Any]]
    partition: Partition | None = None
    partition_event: PartitionEvent | None = None
    equal: Callable[[Any, Any], bool] | None = None
    hash: Callable[[Any], Any] | None = None
    describe_operation: Callable[[Any, Any], str] = _operation
    describe_state: Callable[[Any], str] = _state
    describe_operation_metadata: Callable[[Any], str] = _metadata
    reads_only: Callable[[Any, Any], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NondeterministicModel:
    """A specification in which an operation may lead to several states: `init` and `step` give all of them.

    init() -> states; step(state, input, output) -> every next state, none if the operation is illegal. The
    other fields are those of `Model`, and speak of single states.
    """

    init: Callable[[], Iterable[Any]]
    step: Callable[[Any, Any, Any], Iterable[Any]]
    partition: Partition | None = None
    partition_event: PartitionEvent | None = None
    equal: Callable[[Any, Any], bool] | None = None
    hash: Callable[[Any], Any] | None = None
    describe_operation: Callable[[Any, Any], str] = _operation
    describe_state: Callable[[Any], str] = _state
    describe_operation_metadata: Callable[[Any], str] = _metadata

    def to_model(self) -> Model:
        """The model whose states are the sets of states that the object may be in (power set construction).

        A set is a tuple of different states in the order in which this model first saw them, so that equal
        sets are equal tuples.
        """
        pool = Pool(self.equal, self.hash)

        def merged(states: Iterable[Any]) -> tuple[Any, ...]:
            if isinstance(states, str | bytes | dict):
                raise TypeError(f"a list of states is needed, not {states!r:.60}")
            return tuple(pool.values[n] for n in sorted({pool.number(state) for state in states}))

        def step(states: Any, input: Any, output: Any) -> tuple[bool, Any]:
            following = merged(
                after for state in states for after in _states(self.step(state, input, output))
            )
            return bool(following), following

        return Model(
            init=lambda: merged(_states(self.init())),
            step=step,
            partition=self.partition,
            partition_event=self.partition_event,
            describe_operation=self.describe_operation,
            describe_state=lambda states: "{" + ", ".join(map(self.describe_state, states)) + "}",
            describe_operation_metadata=self.describe_operation_metadata,
        )


def _states(given: Any) -> Iterable[Any]:
    """`given` if it is a collection of states. Raises TypeError for what a deterministic model would
    return.
    """
    if isinstance(given, list | tuple | set | frozenset) or hasattr(given, "__next__"):
        found: Iterable[Any] = given
        return found
    raise TypeError(f"init and step of a NondeterministicModel give a list of states, not {given!r:.60}")
