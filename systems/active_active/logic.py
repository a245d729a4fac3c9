"""Active-active's client: at home while home answers, elsewhere meanwhile, and back.

Laws:
- Each node can do everything, so a client moves on when it learns that a node did not get its command. A
  change that may have been done is not sent again, here or elsewhere: the operation ends indefinite. A read
  may be.
- Once moved, it tries home again after `HOME_AFTER` operations, with a read if one comes by soon, since
  that can still go elsewhere.
- Per register the client keeps the newest (timestamp, value) that it read or wrote, and answers a read with
  it if the node's copy is older; with each write it sends the newest timestamp that it has seen of any
  register, and the node's clock goes above that. So what a session reads and writes of a register rises in
  timestamps, whichever nodes it talks to, and the order of timestamps shows the four guarantees of Terry et
  al. ("Session guarantees for weakly consistent replicated data", 1994): reads are not older than what the
  session read or wrote before (monotonic reads, read your writes), writes are newer (writes follow reads,
  monotonic writes).
"""

from __future__ import annotations

from typing import Any, Literal

from systems import kv
from systems.active_active.messages import (
    NEVER,
    CounterAdd,
    CounterRead,
    RegisterRead,
    RegisterWrite,
    SetAdd,
    SetRead,
    SetRemove,
    Timestamp,
)
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.logic import MAX_ASKS, PAUSE_NS, Ask, Expired, Lost, Pause, Refusal, Steps, Unreached, after

HOME_AFTER = 8  # operations away from home; four times as many if none of them is a read
_READ_SHARE = 4e8  # ns of a read's limit at one node, per s of the operation's

Kind = Literal["register", "set", "counter"]


def kind_of(key: str) -> Kind:
    """What the workloads mean by `key`: s1 is a set, c1 a counter, all others are registers."""
    if key.startswith("s"):
        return "set"
    return "counter" if key.startswith("c") else "register"


class ActiveActiveLogic:
    """One session."""

    def __init__(self, ctx: ClientContext) -> None:
        self.ctx = ctx
        self.served_by: str | None = None
        self._at = ctx.home
        self._away = 0  # operations begun since home was tried last
        self._newest: dict[str, tuple[Timestamp, Any]] = {}
        self._seen = NEVER
        self._keeps = ctx.options.get("bug", "") != "session-dropped"

    def perform(self, op: Invocation) -> Steps:
        """The one command that does `op`. Raises Definite for an operation that there is none for."""
        match (kind_of(op.key), op.f, op.value):
            case ("register", "read", _):
                value, *at = yield from self._ask(RegisterRead(op.key), is_read=True)
                return self._met(op.key, Timestamp(*at), value)
            case ("register", "write", value):
                write = RegisterWrite(op.key, value, self._seen.wall, self._seen.counter)
                at = yield from self._ask(write)
                self._met(op.key, Timestamp(*at), value)
                return None
            case ("set", "read", _):
                return (yield from self._ask(SetRead(op.key), is_read=True))
            case ("set", "add", element):
                return (yield from self._ask(SetAdd(op.key, element)))
            case ("set", "remove", element):
                return (yield from self._ask(SetRemove(op.key, element)))
            case ("counter", "read", _):
                return (yield from self._ask(CounterRead(op.key), is_read=True))
            case ("counter", "increment", amount):
                return (yield from self._ask(CounterAdd(op.key, amount)))
            case (kind, f, _):
                raise Definite(
                    f"there is no operation {f!r} on {op.key!r}, a {kind}; registers have read and write,"
                    " sets (s1, s2, ...) read, add and remove, counters (c1, c2, ...) read and increment"
                )

    def _met(self, key: str, at: Timestamp, value: Any) -> Any:
        """The newest value of `key` that this session has met, after meeting this one."""
        self._seen = max(self._seen, at)
        kept, newest = self._newest.get(key, (NEVER, None))
        if at > kept:
            self._newest[key] = at, value
        return newest if kept > at and self._keeps else value

    def _ask(self, command: Any, *, is_read: bool = False) -> Steps:
        """The answer's value, from the node where the client is, or one that it can reach."""
        node, asked = self._begin(is_read=is_read), set[str]()
        limit_ns = int(self.ctx.timeout_s * _READ_SHARE) if is_read else None
        problem = "nobody was asked"
        for _ in range(MAX_ASKS):
            answer = yield Ask(node, command, limit_ns)
            match answer:
                case kv.Ok(value):
                    self.served_by = self._at = node
                    return value
                case Unreached(reason):
                    problem = reason
                case Lost(reason) if is_read:
                    problem = reason
                case Lost(reason):
                    raise Indefinite(reason)
                case kv.Refused(reason):
                    raise Refusal(f"{node} refused: {reason}")
                case Expired():
                    break
                case _:
                    raise Indefinite(f"{node} gave no answer that a client knows: {answer!r}")
            asked.add(node)
            if asked.issuperset(self.ctx.addresses):
                asked.clear()
                if isinstance((yield Pause(PAUSE_NS)), Expired):
                    break
            node = after(self.ctx, node, asked)
        raise Definite(f"no node was reached: {problem}")

    def _begin(self, *, is_read: bool) -> str:
        """Whom to ask first."""
        if self._at == self.ctx.home:
            self._away = 0
            return self._at
        self._away += 1
        if self._away >= (HOME_AFTER if is_read else 4 * HOME_AFTER):
            self._away = 0
            return self.ctx.home
        return self._at
