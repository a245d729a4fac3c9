"""A user's model as a machine over small integers: states and operations interned, each question asked once.

Invariants: state 0 is the initial one; `step` of the model is called at most once for each state and pair of
input and output; it gets a copy of a state that could be changed in place, and what changes it is found out;
whatever a model does wrong is a ModelError that names the operation.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any

import numpy as np

from checkers.lincheck.model import ModelError
from checkers.lincheck.porcupine.histories import Operation
from checkers.lincheck.porcupine.model import Model
from checkers.lincheck.porcupine.pool import Nameless, Pool, stand_in

ILLEGAL = -1


class Moves:
    """Transitions (see `checkers.lincheck.states.Transitions`) of `model`. Raises ModelError if init
    fails.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.states = Pool(model.equal, model.hash)
        self.ops: list[Operation] = []  # one of each kind, to name it
        self.reads_only: list[bool] = []
        self.inputs: list[int] = []  # of each kind, the number of its input
        self._where: list[str] = []
        self._numbers: dict[Hashable, int] = {}
        self._inputs: dict[Hashable, int] = {}
        self._next: dict[tuple[int, int], int] = {}
        try:
            start = model.init()
        except Exception as error:
            raise ModelError(f"init of the model failed: {error!r}") from error
        self.initial = self.states.number(start)

    def op(self, operation: Operation, where: str) -> int:
        """The number of an operation; the same input and output share it. `where` names it in messages."""
        try:
            given: Hashable = stand_in(operation.input)
            name: Hashable = (given, stand_in(operation.output))
        except Nameless:
            given = name = object()  # nothing is known of it, so it is one of its kind
        number = self._numbers.setdefault(name, len(self.ops))
        if number == len(self.ops):
            self.ops.append(operation)
            self._where.append(where)
            self.inputs.append(self._inputs.setdefault(given, len(self._inputs)))
            self.reads_only.append(self._promise(number))
        return number

    def step(self, at: int, op: int) -> int:
        """The state after `op` in the state `at`, or ILLEGAL."""
        found = self._next.get((at, op))
        if found is None:
            found = self._ask(at, op)
            if self.reads_only[op] and found not in (at, ILLEGAL):
                raise self._error(
                    op, "changes the state, although the model's reads_only says that it does not"
                )
            self._next[at, op] = found
        return found

    def _promise(self, op: int) -> bool:
        if self.model.reads_only is None:
            return False
        operation = self.ops[op]
        try:
            return bool(self.model.reads_only(operation.input, operation.output))
        except Exception as error:
            raise self._error(op, f"reads_only raised {error!r}") from error

    def _ask(self, at: int, op: int) -> int:
        operation, state = self.ops[op], self.states.values[at]
        lent, watched = self._lend(state)
        try:
            answer = self.model.step(lent, operation.input, operation.output)
        except Exception as error:
            raise self._error(op, f"step raised {error!r} in the state {state!r:.80}") from error
        if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], bool | np.bool_):
            raise self._error(op, f"step gives a pair (is it legal, the next state), not {answer!r:.80}")
        if watched and not self.states.same(lent, state):
            problem = f"step changed the state it was given, {state!r:.80}, into {lent!r:.80}"
            raise self._error(op, f"{problem}; it must leave it alone and give a new one")
        return self.states.number(answer[1]) if answer[0] else ILLEGAL

    def _lend(self, state: Any) -> tuple[Any, bool]:
        """What `step` may hold in its hands: hashable states themselves, of others a copy that is compared
        afterwards (unless they cannot be copied, or a copy does not equal them).
        """
        try:
            hash(state)
        except TypeError:
            pass
        else:
            return state, False
        try:
            lent = copy.deepcopy(state)
        except Exception:
            return state, False
        return (lent, True) if self.states.same(lent, state) else (state, False)

    def _error(self, op: int, problem: str) -> ModelError:
        operation = self.ops[op]
        return ModelError(
            f"{self._where[op]}, {operation.input!r:.60} -> {operation.output!r:.60}: {problem}"
        )
