"""Clients of a simulated cluster: drivers that perform operations and write down what they saw.

Laws (those of every harness client):
- A driver follows `NotLeader` and `Unreachable`, which say that the command was not taken. What may have
  happened is asked for again only if the dialect makes that safe (sessions); otherwise it ends INFO.
- A process whose operation ended INFO never acts again; the driver goes on under a new process number.
- Once one attempt of an operation was uncertain, no later refusal makes the operation FAIL. A read changes
  nothing, so a read without an answer is always a FAIL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from checkers.history import OPEN_NS, History, Op, Outcome
from systems import kv
from systems.core import MILLISECOND_NS
from systems.shells.sim import Simulation


class Dialect(Protocol):
    """How a system's commands wrap those of `systems.kv`; one object per process.

    resends: whether a command may be sent again when its fate is unknown. reads_anywhere: whether reads go to
    the client's home.
    """

    resends: bool
    reads_anywhere: bool

    def opening(self) -> Any | None:
        """The command that opens a session, None if there is (or needs to be) one."""

    def opened(self, value: Any) -> None:
        """The opening command was answered with `Ok(value)`."""

    def wrap(self, command: kv.Command) -> Any:
        """The system's command for a new operation."""


class Plain:
    """The commands of `systems.kv` as they are."""

    resends = False
    reads_anywhere = True

    def opening(self) -> Any | None:
        """No session."""
        return None

    def opened(self, value: Any) -> None:
        """Never called, since `opening` asks for nothing."""
        raise AssertionError(f"no session was asked for, yet one was opened: {value!r}")

    def wrap(self, command: kv.Command) -> Any:
        """Itself."""
        return command


class MakeDialect(Protocol):
    """Makes a process's dialect."""

    def __call__(self) -> Dialect: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a driver waits, in ns.

    attempt_ns: for one answer. operation_ns: for the whole operation, from when on it asks nobody else.
    think_ns: at most between two operations. retry_ns: at most before it asks another node.
    """

    attempt_ns: int = 150 * MILLISECOND_NS
    operation_ns: int = 500 * MILLISECOND_NS
    think_ns: int = 30 * MILLISECOND_NS
    retry_ns: int = 25 * MILLISECOND_NS


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


def operation_of(command: kv.Command) -> tuple[str, str, Any]:
    """(f, key, input) as histories write them."""
    match command:
        case kv.Read(key):
            return "read", key, None
        case kv.Write(key, value):
            return "write", key, value
        case kv.Cas(key, old, new):
            return "cas", key, [old, new]


class Driver:
    """One client, performing `commands` one after the other."""

    def __init__(
        self,
        cluster: Simulation,
        recorder: Recorder,
        commands: Iterator[kv.Command],
        dialect: MakeDialect,
        home: str,
        stream: Random,
        patience: Patience,
    ) -> None:
        self.is_busy = False
        self._cluster = cluster
        self._recorder = recorder
        self._commands = commands
        self._make_dialect = dialect
        self._home = home
        self._stream = stream
        self._patience = patience
        self._target = home
        self._attempt = 0
        self._command: kv.Command = kv.Read("")
        self._wrapped: Any = None
        self._call_ns = 0
        self._uncertain = False
        self._become_new_process()
        self._pause()

    def open_op(self) -> Op:
        """The operation under way, as one that nobody saw the end of."""
        return self._op(Outcome.INFO, None, OPEN_NS, None, "still open at the end")

    def _become_new_process(self) -> None:
        self._process = self._recorder.new_process()
        self._dialect = self._make_dialect()

    def _pause(self) -> None:
        self._cluster.after(self._stream.randint(0, self._patience.think_ns), self._begin)

    def _begin(self) -> None:
        """Next command, or first a session for it."""
        opening = self._dialect.opening()
        if opening is not None:
            self._wrapped = opening
        else:
            command = next(self._commands, None)
            if command is None:
                return
            self._command, self._wrapped = command, self._dialect.wrap(command)
            self.is_busy = True
            if isinstance(command, kv.Read) and self._dialect.reads_anywhere:
                self._target = self._home
        self._uncertain = False
        self._call_ns = self._cluster.now
        self._try()

    def _try(self) -> None:
        self._attempt += 1
        attempt = self._attempt
        self._cluster.request(self._target, self._wrapped, lambda result: self._result(attempt, result))
        timed_out = kv.Uncertain("timed out")
        self._cluster.after(self._patience.attempt_ns, lambda: self._result(attempt, timed_out))

    def _result(self, attempt: int, result: Any) -> None:
        if attempt != self._attempt:
            return  # answered or given up already
        self._attempt += 1
        match result:
            case kv.Ok(value):
                self._done(value)
            case kv.Uncertain(reason):
                self._uncertain = True
                self._go_on(None, reason)
            case kv.Refused(reason):
                self._end_badly(reason, retire=True)
            case kv.NotLeader(hint):
                self._go_on(hint, "no leader")
            case _:
                self._go_on(None, "unreachable")

    def _done(self, value: Any) -> None:
        if self.is_busy:
            self._finish(self._op(Outcome.OK, value, self._cluster.now, self._cluster.now, None))
        else:
            self._dialect.opened(value)
        self._pause()

    def _go_on(self, hint: str | None, reason: str) -> None:
        """Ask someone else, if that is safe and there is time."""
        members = self._cluster.members
        known = hint is not None and hint != self._target
        asked = self._target
        self._target = hint if known and hint else members[(members.index(asked) + 1) % len(members)]
        late = self._cluster.now - self._call_ns > self._patience.operation_ns
        is_read = self.is_busy and isinstance(self._command, kv.Read)
        if (late and self.is_busy) or (self._uncertain and not self._dialect.resends and not is_read):
            self._end_badly(reason, retire=False)
        else:
            wait = 0 if known else self._stream.randint(0, self._patience.retry_ns)
            self._cluster.after(wait, self._try)

    def _end_badly(self, reason: str, *, retire: bool) -> None:
        """INFO if it may have happened, else FAIL. `retire`: the session is of no use any more."""
        if self.is_busy:
            info = self._uncertain and not isinstance(self._command, kv.Read)
            now = self._cluster.now
            outcome, end = (Outcome.INFO, OPEN_NS) if info else (Outcome.FAIL, now)
            self._finish(self._op(outcome, None, end, now, reason))
            retire = retire or info
        if retire:
            self._become_new_process()
        self._pause()

    def _finish(self, op: Op) -> None:
        self.is_busy = False
        self._recorder.add(op)

    def _op(self, outcome: Outcome, output: Any, end: int, given_up: int | None, error: str | None) -> Op:
        f, key, value = operation_of(self._command)
        return Op(
            0,
            self._process,
            f,
            key,
            value,
            output,
            outcome,
            self._call_ns,
            end,
            given_up,
            self._target,
            error,
        )
