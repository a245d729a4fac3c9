"""Operations and disturbances, put together from the events of a history file.

Invariants: the lines of one process, and of one disturbance, come in order of time; a process has one
operation open at a time and none after one that ended info. Whatever breaks this raises `HistoryError` with
the line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from checkers.events import Complete, FaultEvent, Header, Invoke
from checkers.history import OPEN_NS, Disturbance, Op, Outcome

OUTCOMES = {"ok": Outcome.OK, "fail": Outcome.FAIL, "info": Outcome.INFO}


class HistoryError(ValueError):
    """Bytes that are no history: `source`:`line` (from 1), the `problem`, and the `fix`."""

    def __init__(self, source: str, line: int, problem: str, fix: str) -> None:
        super().__init__(f"{source}:{line}: {problem}\n  fix: {fix}")
        self.source = source
        self.line = line
        self.problem = problem
        self.fix = fix


class Assembly:
    """Operations and disturbances, put together from their events."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.open: dict[int, tuple[int, Invoke]] = {}  # process -> number in order of invocation, event
        self.last_ns: dict[int, int] = {}  # process -> when its last operation returned
        self.lost: dict[int, int] = {}  # process whose operation ended INFO -> that line
        self.done: list[tuple[int, Op]] = []
        self.begun = 0
        self.faults: dict[int, Disturbance] = {}
        self.undo_notes: list[str] = []

    def take(self, line: Header | Invoke | Complete | FaultEvent, number: int) -> None:
        """The event of the line `number`."""
        if isinstance(line, Header):
            self._refuse(number, "a second header", "one history per file: split it before this line")
        if not 0 <= line.time < OPEN_NS:
            self._refuse(
                number, f"time {line.time} is not in [0, 2^63-1)", "times are nanoseconds of one clock"
            )
        if isinstance(line, Invoke):
            self._invoke(line, number)
        elif isinstance(line, Complete):
            self._complete(line, number)
        else:
            self._fault(line, number)

    def _refuse(self, number: int, problem: str, fix: str) -> NoReturn:
        raise HistoryError(self.source, number, problem, fix)

    def _invoke(self, line: Invoke, number: int) -> None:
        process = line.process
        if not 0 <= process < OPEN_NS:
            self._refuse(number, f"process {process} is not in [0, 2^63-1)", "number processes from 0")
        if process in self.open:
            problem = f"process {process} invokes {line.f!r} while its {self.open[process][1].f!r} is open"
            self._refuse(number, problem, "a process has one operation at a time; complete the first")
        if process in self.lost:
            problem = (
                f"process {process} invokes again; its operation ended info in line {self.lost[process]}"
            )
            self._refuse(number, problem, "its successor needs a process number of its own")
        if line.time < self.last_ns.get(process, 0):
            problem = f"process {process} invokes at {line.time}, before its last operation ended"
            self._refuse(number, problem, f"the time must be at least {self.last_ns[process]}")
        self.open[process] = (self.begun, line)
        self.begun += 1

    def _complete(self, line: Complete, number: int) -> None:
        place, call = self.open.pop(line.process, (0, None))
        if call is None:
            problem = f"process {line.process} completes an operation that it never invoked"
            self._refuse(number, problem, 'a "complete" follows an "invoke" of the same process')
        if line.time < call.time:
            problem = f"process {line.process} completes at {line.time}, before its call at {call.time}"
            self._refuse(number, problem, "stamp both times from one monotonic clock")
        outcome = OUTCOMES[line.outcome]
        if outcome == Outcome.INFO:
            self.lost[line.process] = number
        self.last_ns[line.process] = line.time
        self.done.append((place, _operation(call, outcome, line)))

    def _fault(self, line: FaultEvent, number: int) -> None:
        known = self.faults.get(line.id)
        if line.event == "requested":
            if known is not None:
                self._refuse(number, f"fault {line.id} is requested twice", "number faults 1, 2, 3, ...")
            self.faults[line.id] = Disturbance(
                line.id, line.kind, line.targets, line.what, line.time, evidence=line.evidence
            )
            return
        if known is None or known.kind != line.kind:
            problem = f"fault {line.id} ({line.kind}) is {line.event} but was never requested"
            self._refuse(number, problem, 'a fault starts with an event "requested" of the same id and kind')
        before = max(known.requested_ns, known.begun_ns or 0)
        if (
            line.time < before
            or known.ended_ns is not None
            or (line.event == "begun" and known.begun_ns is not None)
        ):
            problem = f"fault {line.id} is {line.event} at {line.time}, out of order"
            self._refuse(
                number, problem, "a fault is requested, begun and ended, once each, in order of time"
            )
        known = replace(
            known,
            targets=line.targets or known.targets,
            what=line.what or known.what,
            evidence=known.evidence + line.evidence,
        )
        if line.event == "begun":
            known = replace(known, begun_ns=line.time, status=line.status)
        else:
            # A cut is only known to have bitten when its dropped packets are counted, at its end.
            seen = known.status if line.status != "indeterminate" else "indeterminate"
            known = replace(known, ended_ns=line.time, status=seen)
            if line.status not in (None, "installed"):
                self.undo_notes.append(f"the undo of fault {line.id} ({line.kind}) was {line.status}")
        self.faults[line.id] = known

    def ops(self) -> list[Op]:
        """All operations in order of invocation; those never completed are INFO and were never given up."""
        never = [(place, _operation(call, Outcome.INFO, None)) for place, call in self.open.values()]
        return [op for _, op in sorted([*self.done, *never], key=lambda pair: pair[0])]

    def disturbances(self) -> list[Disturbance]:
        """All disturbances in order of request."""
        return list(self.faults.values())

    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        if not self.open:
            return tuple(self.undo_notes)
        processes = ", ".join(str(p) for p in sorted(self.open)[:8]) + (", ..." if len(self.open) > 8 else "")
        never = f"{len(self.open)} operations were never completed (processes {processes}); they stay open"
        return (never, *self.undo_notes)


def _operation(call: Invoke, outcome: Outcome, end: Complete | None) -> Op:
    ended = None if end is None else end.time
    return Op(
        index=0,
        process=call.process,
        f=call.f,
        key=call.key,
        input=call.value,
        output=None if end is None else end.value,
        outcome=outcome,
        call_ns=call.time,
        return_ns=OPEN_NS if outcome == Outcome.INFO or ended is None else ended,
        given_up_ns=ended,
        node=call.node if end is None or end.node is None else end.node,
        error=None if end is None else end.error,
    )
