"""A checker that takes operations as they happen, keeps bounded memory, and says at once when a completion
has made a violation certain.

    stream = Stream(CasRegister(failed_cas="observation"))
    for event in events:                       # checkers.events.Invoke | Complete, calls in order of time
        stream.feed(event)
    stream.violation()                         # None, or what is wrong and since when
    stream.finish()                            # a Verdict

What is judged. After each event stands a prefix: operations that returned, those that failed (which did
not happen), and those that are open, which may have happened with any answer or not. A violation is
certain when the prefix has no legal order. Once so it stays so, since linearizability is closed under
prefixes (Herlihy & Wing 1990): whatever an open operation turns out to be, and whatever comes later, an
order of the longer history cut behind the last operation that had returned is an order of the prefix.

What is remembered. Let T be before the call of every operation that may still return or fail, and so that
no call at or before T is still to be fed. Which operations were called by T, and what became of each, is
then known for ever: none of them can still fail or show an answer. So the configurations after all returns
up to T, found by the breadth-first kernel, sum up everything before; no open operation is in any of them,
so none has ever to be taken back. They are the `Base` of `checkers.lincheck.segment`. Returns after T are
judged from there with the open operations as optional, and judged again when more is known. A crashed
operation stays optional for ever.

Order. Calls must be fed in order of time up to `lag_ns`: a return is judged once `lag_ns` more have passed
on the stream's own clock, the latest time fed. With 0 a call at the time of a return is fed before it. A
call that comes too late raises `StreamError`. A completion may come as late as it likes: its operation
counts as open until then.

Bounds. An object's crashed operations cost a bit in each configuration; when they are many, or the search
gets large, the object goes on *relaxed* (those that never returned may have happened any number of times:
a contradiction is one all the same). When that does not help, it is undecided from there. An operation
that is open while more than `window` others return is given up: taken as crashed, whatever becomes of it
(also after it returned: as nothing is linearized before it must, it may be open in a configuration then).

Invariants: a violation is never reported unless the events fed contradict each other; deterministic;
memory is bounded by keys, open and crashed operations and `window`, not by how much was fed (unless
`keep`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from checkers.anomalies import NOT_LINEARIZABLE
from checkers.events import Complete, Invoke
from checkers.history import OPEN_NS, History, Op, Outcome
from checkers.identity import identity
from checkers.lincheck.check import NO_LIMITS, check
from checkers.lincheck.limits import Limits
from checkers.lincheck.model import Model
from checkers.lincheck.segment import Word
from checkers.lincheck.streamed import Bounds, Item, Judges, Object, called
from checkers.verdict import Invalid, Unknown, Valid, Verdict

Row = tuple[Any, Item, Any, Outcome]  # key, operation, output, what became of it
_OUTCOMES = {"ok": Outcome.OK, "fail": Outcome.FAIL, "info": Outcome.INFO}


class StreamError(ValueError):
    """An event that cannot come next: the caller's promise of order is broken."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One key is not linearizable. event: the number (from 1) of the event fed that made it certain (a later
    one if the bounds ended the search for it).

    process, f, call_ns, time_ns: the operation whose completion that was. sentence: the same in words.
    """

    key: Any
    event: int
    process: int
    f: str
    call_ns: int
    time_ns: int
    sentence: str


class Stream:
    """See above. batch: a key is judged when so many of its operations have ended (1: at once), and
    whenever `violation` is called. keep: keep every operation, so that `finish` can judge the whole
    history exactly, within `limits`.
    """

    def __init__(
        self,
        model: Model,
        *,
        lag_ns: int = 0,
        batch: int = 64,
        bounds: Bounds = Bounds(),  # noqa: B008
        keep: bool = False,
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.model = model
        self.batch = batch
        self.lag_ns = lag_ns
        self.count = 0
        self.events = 0
        self._lag_ns = lag_ns
        self._limits = limits
        self._now = -1
        self._judges = Judges(model, bounds)
        self._open: dict[int, tuple[Object, Item]] = {}
        self._objects: dict[Any, Object] = {}
        self._changed: dict[int, Object] = {}
        self._found: list[Violation] = []
        self._kept: list[Row] | None = [] if keep else None

    def feed(self, event: Invoke | Complete) -> Violation | None:
        """The next event; see `invoke` and `complete`."""
        if isinstance(event, Invoke):
            self.invoke(event.process, event.f, event.key, event.value, event.time)
            return None
        return self.complete(event.process, event.outcome, event.value, event.time)

    def invoke(self, process: int, f: str, key: Any, input: Any, time_ns: int) -> None:
        """`process` begins an operation. Raises StreamError if it has one open or the call comes too late,
        ModelError if the model does not know the operation.
        """
        if process in self._open:
            raise StreamError(f"process {process} begins {f} at {time_ns} while it has an operation open")
        name = identity(key)
        one = self._objects.get(name)
        if one is not None and time_ns <= one.judged_ns:
            raise StreamError(
                f"process {process} begins {f} at {time_ns}, but returns until {one.judged_ns} are judged; "
                f"calls come in order of time, or at most lag_ns={self.lag_ns} late"
            )
        item = called(self.model, process, f, input, time_ns)
        if one is None:
            one = self._objects[name] = Object(key, self._judges)
        self._open[process] = one, item
        one.call(item)
        self._note(time_ns)

    def complete(
        self, process: int, outcome: Literal["ok", "fail", "info"], output: Any, time_ns: int
    ) -> Violation | None:
        """The open operation of `process` ends; what is found wrong if this leads to a judgement.

        Raises StreamError if there is none or it ends before it began, ModelError if the model does not
        know the answer.
        """
        if process not in self._open:
            raise StreamError(f"process {process} ends an operation at {time_ns}, but has none open")
        one, item = self._open[process]
        if time_ns < item.call_ns:
            raise StreamError(f"process {process} ends at {time_ns} what it began at {item.call_ns}")
        word = item.asked
        if outcome == "ok":
            word = Word.of(self.model, word.f, word.input, output)
        del self._open[process]
        self._note(time_ns)
        one.end(item, outcome, word, time_ns, self.events)
        if outcome != "fail":
            self.count += 1
        if self._kept is not None:
            self._kept.append((one.key, item, output, _OUTCOMES[outcome]))
        self._changed[id(one)] = one
        return self._judge(one) if one.is_due(self.batch) else None

    def violation(self) -> Violation | None:
        """What is certainly wrong by now, the first if several keys are; None if nothing."""
        for one in list(self._changed.values()):
            self._judge(one)
        return min(self._found, key=lambda found: found.event, default=None)

    def finish(self) -> Verdict:
        """The verdict on everything fed; operations still open may have happened or not. No event may follow.

        Valid only if every key was judged exactly; it has no witness unless `keep`, with which an Invalid
        has a counter-example. What was relaxed or given up makes it Unknown, unless `keep`.
        """
        self._lag_ns = self._now - OPEN_NS + 1  # nothing comes any more: judge everything
        self.violation()
        count = self.count + len(self._open)
        if self._kept is not None:
            verdict = check(self._history(self._kept), self.model, limits=self._limits, everything=True)
            if isinstance(verdict, Invalid) or not self._found:
                return verdict
        if self._found:
            found = sorted(self._found, key=lambda one: one.event)
            keys = tuple(one.key for one in found)
            return Invalid(count, found[0].sentence, None, keys, (), "stream", NOT_LINEARIZABLE)
        unproven = [one for one in self._objects.values() if not one.proven]
        if unproven:
            return Unknown(_unproven(unproven), count, (), "stream")
        return Valid(count, (), ("judged as it happened; no order was kept",), "stream")

    def held(self) -> tuple[int, int]:
        """Operations and configurations remembered, and bytes of the search: what the bounds keep small."""
        objects = self._objects.values()
        items = sum(len(o.later) + len(o.base.carried) + len(o.base.configurations) for o in objects)
        return items, self._judges.held()

    def _note(self, time_ns: int) -> None:
        self.events += 1
        self._now = max(self._now, time_ns)

    def _judge(self, one: Object) -> Violation | None:
        until = self._now - self._lag_ns
        found = one.judge(until)
        if one.over or one.latest_ns <= until:
            self._changed.pop(id(one), None)
        if found is None:
            return None
        item, text = found
        word = item.word
        violation = Violation(one.key, item.event, item.process, word.f, item.call_ns, item.ended_ns, text)
        self._found.append(violation)
        return violation

    def _history(self, kept: Sequence[Row]) -> History:
        still_open = [(one.key, item, None, Outcome.INFO) for one, item in self._open.values()]
        return History.of(_op(*row) for row in [*kept, *still_open])


def _op(key: Any, item: Item, output: Any, outcome: Outcome) -> Op:
    word = item.asked
    end = OPEN_NS if outcome == Outcome.INFO else item.ended_ns
    return Op(0, item.process, word.f, key, word.input, output, outcome, item.call_ns, end)


def _unproven(objects: Sequence[Object]) -> str:
    """Why surviving is no proof."""
    undecided = [one.undecided for one in objects if one.undecided]
    relaxed = sum(one.relaxed for one in objects)
    given_up = sum(one.given_up for one in objects)
    parts = []
    if undecided:
        parts.append(f"{len(undecided)} keys were judged in part only ({undecided[0]})")
    if relaxed:
        parts.append(
            f"on {relaxed} keys operations that never returned were allowed to happen any number of times"
        )
    if given_up:
        parts.append(f"{given_up} operations took too long and were taken as crashed")
    return "no violation was found, but " + "; ".join(parts)
