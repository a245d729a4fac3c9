"""Clients of a simulated cluster: the shell that carries out the steps of a `systems.logic.Logic` there, and
drivers that perform operations and write down what they saw.

Law (that of every harness client): a process whose operation ended INFO never acts again; the driver goes on
under a new process number, as a new client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal

from checkers.history import OPEN_NS, History, Op, Outcome
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.core import MILLISECOND_NS
from systems.logic import Answer, Ask, Expired, Logic, Lost, Pause, Step, steps_of
from systems.shells.sim import Simulation

OutcomeWord = Literal["ok", "fail", "info"]
MakeLogic = Callable[[ClientContext], Logic]
_OUTCOMES = {"ok": Outcome.OK, "fail": Outcome.FAIL, "info": Outcome.INFO}


class Call:
    """One operation under way; `done(outcome, value, error)` is called once, not later than `timeout_ns`
    after now.
    """

    def __init__(
        self,
        cluster: Simulation,
        logic: Logic,
        op: Invocation,
        timeout_ns: int,
        done: Callable[[OutcomeWord, Any, str | None], None],
    ) -> None:
        self._cluster = cluster
        self._steps = steps_of(logic, op)
        self._end_ns = cluster.now + timeout_ns
        self._done = done
        self._step = 0
        self._go_on(0, None)

    def _go_on(self, step: int, answer: Answer) -> None:
        if step != self._step:
            return  # answered already, or given up
        self._step += 1
        try:
            todo = self._steps.send(answer)
        except StopIteration as end:
            self._done("ok", end.value, None)
        except Definite as error:
            self._done("fail", None, str(error))
        except Indefinite as error:
            self._done("info", None, str(error))
        else:
            self._carry_out(todo, self._step)

    def _carry_out(self, todo: Step, step: int) -> None:
        left_ns = self._end_ns - self._cluster.now
        match todo:
            case Pause(ns) if ns < left_ns:
                self._cluster.after(ns, self._go_on, step, None)
            case Ask(node, command, limit_ns) if left_ns > 0:
                self._cluster.request(node, command, lambda answer: self._go_on(step, answer))
                limit_ns = left_ns if limit_ns is None else min(limit_ns, left_ns)
                silence = Lost(f"no answer from {node} in time")
                self._cluster.after(limit_ns, self._go_on, step, silence)
            case _:
                self._go_on(step, Expired())


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a driver waits, in ns. operation_ns: for an operation. think_ns: at most between two."""

    operation_ns: int = 500 * MILLISECOND_NS
    think_ns: int = 30 * MILLISECOND_NS


class Recorder:
    """The operations of all drivers, and the process numbers."""

    def __init__(self) -> None:
        self._ops: list[Op] = []
        self._processes = 0

    def new_process(self) -> int:
        """A number never used before."""
        self._processes += 1
        return self._processes - 1

    def add(self, op: Op) -> None:
        """Keep an operation that ended."""
        self._ops.append(op)

    def history(self, drivers: Iterable[Driver]) -> History:
        """All operations; those still under way are INFO."""
        return History.of([*self._ops, *(d.open_op() for d in drivers if d.is_busy)])


class Driver:
    """One client after another, performing `operations` in turn; `home` is the node they prefer."""

    def __init__(
        self,
        cluster: Simulation,
        recorder: Recorder,
        operations: Iterator[Invocation],
        make_logic: MakeLogic,
        home: str,
        stream: Random,
        patience: Patience,
    ) -> None:
        self.is_busy = False
        self._cluster = cluster
        self._recorder = recorder
        self._operations = operations
        self._make_logic = make_logic
        self._stream = stream
        self._patience = patience
        addresses = dict.fromkeys(cluster.members, "")
        timeout_s = patience.operation_ns / 1e9
        self._ctx = ClientContext(0, home, addresses, cluster.options, timeout_s)
        self._op = Invocation("read", "")
        self._call_ns = 0
        self._become_new_process()
        self._pause()

    def open_op(self) -> Op:
        """The operation under way, as one that nobody saw the end of."""
        return self._row("info", None, "still open at the end", None)

    def _become_new_process(self) -> None:
        self._ctx = replace(self._ctx, process=self._recorder.new_process())
        self._logic = self._make_logic(self._ctx)

    def _pause(self) -> None:
        self._cluster.after(self._stream.randint(0, self._patience.think_ns), self._begin)

    def _begin(self) -> None:
        op = next(self._operations, None)
        if op is not None:
            self._op, self._call_ns, self.is_busy = op, self._cluster.now, True
            Call(self._cluster, self._logic, op, self._patience.operation_ns, self._end)

    def _end(self, outcome: OutcomeWord, value: Any, error: str | None) -> None:
        self.is_busy = False
        self._recorder.add(self._row(outcome, value, error, self._cluster.now))
        if outcome == "info":
            self._become_new_process()
        self._pause()

    def _row(self, outcome: OutcomeWord, value: Any, error: str | None, now: int | None) -> Op:
        f, key, given = self._op
        given = list(given) if isinstance(given, tuple) else given
        end = OPEN_NS if outcome == "info" or now is None else now
        node, process = self._logic.served_by, self._ctx.process
        kind = _OUTCOMES[outcome]
        return Op(0, process, f, key, given, value, kind, self._call_ns, end, now, node, error)
