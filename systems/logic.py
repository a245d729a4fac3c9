"""What a client of an in-repo system does, without I/O: a generator per operation, steps out, answers in.

`Logic.perform` yields an `Ask` (put a command to a node) or a `Pause`, and is sent what came of it; it
returns the operation's value or raises `Definite` or `Indefinite`. Two shells carry the steps out:
`systems.client` (gRPC) and `systems.shells.sim_clients` (a simulated cluster), so what is simulated is what
is run.

Laws:
- An answer that says "not done and never will be" (`Unreached`, `kv.NotLeader`, `kv.Refused`) may be followed
  by another ask. What may have been done (`Lost`, `kv.Uncertain`) is asked again only where the system makes
  that safe, as by numbered commands of a session; otherwise the operation ends indefinite.
- Once one ask of an operation was uncertain, no later refusal makes the operation definite.
- A read changes nothing: unanswered, it might as well not have happened, so it ends definite.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

from systems import kv
from systems.api import ClientContext, Definite, Indefinite, Invocation

MAX_ASKS = 8  # for one operation, as long as it is certain that nobody took the command
MAX_RESENDS = 40  # for one operation whose command may be sent again when it is not
PAUSE_NS = 50_000_000  # after every node has been asked in vain
READS = frozenset({"read", "list"})  # operations that change nothing


@dataclass(frozen=True, slots=True)
class Ask:
    """Put `command` to `node`. limit_ns: wait no longer than this for the answer (None: until the operation's
    time is over).
    """

    node: str
    command: Any
    limit_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while."""

    ns: int


@dataclass(frozen=True, slots=True)
class Unreached:
    """The command was never sent, for `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The command may have arrived, but no answer came, for `reason`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expired:
    """The operation's time is over; nothing was sent or waited for."""


Step = Ask | Pause
Answer = Any  # a `kv.Result` (or the system's own), Unreached, Lost or Expired; None after a Pause
Steps = Generator[Step, Answer, Any]


class Refusal(Definite):
    """The system refused the command for a reason other than not leading."""


class Logic(Protocol):
    """One client of a system, used by one process. served_by: the node that answered the latest operation."""

    served_by: str | None

    def perform(self, op: Invocation) -> Steps:
        """The steps of `op`; raises Definite for an operation that the system does not know."""


def steps_of(logic: Logic, op: Invocation) -> Steps:
    """`logic.perform(op)` under the law of reads."""
    logic.served_by = None
    try:
        return (yield from logic.perform(op))
    except Indefinite as error:
        if op.f in READS:
            raise Definite(str(error)) from error
        raise


def command_of(op: Invocation) -> kv.Command:
    """The command of `systems.kv` that performs `op`. Raises Definite for an operation there is none for."""
    match op:
        case Invocation("read", key, _):
            return kv.Read(key)
        case Invocation("write", key, value):
            return kv.Write(key, value)
        case Invocation("cas", key, (old, new)):
            return kv.Cas(key, old, new)
        case _:
            raise Definite(
                f"there is no operation {op.f!r} with the value {op.value!r}; there are read, write and cas"
            )


class Leading:
    """A client of a system that has a leader: whom to ask.

    That is the leader last heard of, else the home node, else the next one; a `NotLeader` answer's hint is
    followed.
    """

    def __init__(self, ctx: ClientContext) -> None:
        self.ctx = ctx
        self.served_by: str | None = None
        self._leader: str | None = None

    def perform(self, op: Invocation) -> Steps:
        """The command of `systems.kv`, done by whichever node leads."""
        return (yield from self.route(command_of(op)))

    def read(self, command: Any) -> Steps:
        """The value of a command that changes nothing."""
        return (yield from self.route(command))

    def change(self, command: Any, *, repeatable: bool = False) -> Steps:
        """The value of a command that changes something; `repeatable`: doing it twice is doing it once."""
        return (yield from self.route(command, resend=repeatable))

    def route(self, command: Any, *, resend: bool = False) -> Steps:
        """The value of `command`, done by whichever node leads. resend: whether sending it twice is safe."""
        node, asked = self._leader or self.ctx.home, set[str]()
        uncertain, problem = "", "nobody was asked"
        limit_ns = int(self.ctx.timeout_s * 4e8) if resend else None
        for asks in range(MAX_RESENDS):
            if asks == MAX_ASKS and not uncertain:
                break
            answer = yield Ask(node, command, limit_ns)
            if isinstance(answer, kv.Ok):
                self._leader = self.served_by = node
                return answer.value
            self._leader = None
            if isinstance(answer, Expired):
                break
            hint, problem, unsure = _told(node, answer)
            if unsure:
                uncertain = problem
                if not resend:
                    break
            elif isinstance(answer, kv.Refused) and not uncertain:
                raise Refusal(problem)
            asked.add(node)
            if asked.issuperset(self.ctx.addresses):
                # A hint among nodes that all deny leading is out of date: wait for an election to end.
                asked.clear()
                if isinstance((yield Pause(PAUSE_NS)), Expired):
                    break
            unasked = hint is not None and hint in self.ctx.addresses and hint not in asked
            node = hint if unasked and hint is not None else after(self.ctx, node, asked)
        if uncertain:
            raise Indefinite(uncertain)
        raise Definite(f"no leader found: {problem}")

    def ask(self, node: str, command: Any) -> Steps:
        """The value of `command`, done by `node` and no other."""
        answer = yield Ask(node, command)
        if isinstance(answer, kv.Ok):
            self.served_by = node
            return answer.value
        if isinstance(answer, Expired):
            raise Definite(f"no time was left to ask {node}")
        _, problem, unsure = _told(node, answer)
        raise (Indefinite if unsure else Definite)(problem)


def after(ctx: ClientContext, node: str, asked: set[str]) -> str:
    """The member behind `node`, round the circle, that was not yet asked."""
    names = tuple(ctx.addresses)
    at = names.index(node) + 1
    return next((n for n in (*names[at:], *names[:at]) if n not in asked), node)


def _told(node: str, answer: Answer) -> tuple[str | None, str, bool]:
    """A hint, what an answer other than Ok says, and whether the command may have been done all the same."""
    match answer:
        case kv.NotLeader(hint):
            return hint, f"{node} does not lead", False
        case kv.Refused(reason):
            return None, f"{node} refused: {reason}", False
        case kv.Uncertain(reason):
            return None, f"{node}: {reason}", True
        case Unreached(reason):
            return None, reason, False
        case Lost(reason):
            return None, reason, True
    raise TypeError(f"{node} gave no answer that a client knows: {answer!r}")
