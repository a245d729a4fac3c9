"""Queues: first in, first out; and one that gives any of its members.

Invariants: None is no member, as the answer None of a dequeue says that the queue was empty. The state of the
first is a tuple, the oldest member first; of the second a frozenset of (member, how often).
"""

from __future__ import annotations

from typing import Any

from checkers.lincheck.model import UNKNOWN, State
from checkers.lincheck.models.base import Base
from checkers.lincheck.models.values import canonical, in_order, listed, text, words


class _Queue(Base):
    """What both share: their operations."""

    functions = ("enqueue", "dequeue")

    def reads_only(self, f: str, input: Any, output: Any) -> bool:
        """A dequeue that found nothing."""
        self.check_form(f, input, output)
        if f == "enqueue" and input is None:
            raise self.wrong(f, "input", "a value (nil is the answer of an empty queue)", input)
        return f == "dequeue" and output is None

    def answers(self, f: str) -> bool:
        """Only a dequeue."""
        return f == "dequeue"


class FifoQueue(_Queue):
    """Empty at first. enqueue: adds the input at the end. dequeue: takes the oldest member and gives it, or
    None if there is none.
    """

    name = "fifo-queue"

    def initial(self) -> State:
        """No members."""
        return ()

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        assert isinstance(state, tuple)
        if f == "enqueue":
            return ((*state, canonical(input)),)
        if output is UNKNOWN:
            return (state[1:],)
        if output is None:
            return () if state else (state,)
        return (state[1:],) if state and state[0] == canonical(output) else ()

    def describe_state(self, state: State) -> str:
        """E.g. "1, 2 and 3 more", the oldest first; "empty"."""
        assert isinstance(state, tuple)
        return listed(map(text, state), len(state)) or "empty"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """E.g. "dequeues 2, but 1 is first"."""
        assert isinstance(state, tuple)
        if output is None:
            return f"finds nothing, but the queue holds {self.describe_state(state)}"
        where = f"{text(state[0])} is first" if state else "the queue is empty"
        return f"{f}s {words(output)}, but {where}"


class UnorderedQueue(_Queue):
    """Empty at first. enqueue: adds the input. dequeue: takes any one member and gives it, or None if there
    is none. A member that was added twice can be taken twice.
    """

    name = "unordered-queue"

    def initial(self) -> State:
        """No members."""
        return frozenset()

    def step(self, state: State, f: str, input: Any, output: Any) -> tuple[State, ...]:
        """See `Model.step`."""
        counts = self._counts(state)
        if f == "enqueue":
            return (self._changed(counts, canonical(input), 1),)
        if output is UNKNOWN:
            return tuple(self._changed(counts, member, -1) for member in counts) or (state,)
        if output is None:
            return () if counts else (state,)
        member = canonical(output)
        return (self._changed(counts, member, -1),) if member in counts else ()

    def describe_state(self, state: State) -> str:
        """E.g. "1, 2 (3 times)"; "empty"."""
        counts = self._counts(state)
        members = (text(m) if counts[m] == 1 else f"{text(m)} ({counts[m]} times)" for m in in_order(counts))
        return listed(members, len(counts)) or "empty"

    def why_not(self, state: State, f: str, input: Any, output: Any) -> str:  # noqa: ARG002
        """E.g. "dequeues 2, but the queue holds 1"."""
        held = self.describe_state(state)
        found = "finds nothing" if output is None else f"{f}s {words(output)}"
        return f"{found}, but the queue {'is empty' if held == 'empty' else f'holds {held}'}"

    @staticmethod
    def _counts(state: State) -> dict[State, int]:
        assert isinstance(state, frozenset)
        return dict(state)

    @staticmethod
    def _changed(counts: dict[State, int], member: State, by: int) -> State:
        after = {**counts, member: counts.get(member, 0) + by}
        return frozenset((member, count) for member, count in after.items() if count)
