"""A peer's client: it asks its home peer, and another one where that is not reached or refuses.

Laws: what may have been done is not sent again, so a write or a delete without an answer ends indefinite; a
read may be asked again anywhere. Every operation begins at home, so clients come back to a peer that came
back.
"""

from __future__ import annotations

from systems import kv
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.logic import Ask, Expired, Lost, Steps, Unreached, after
from systems.p2p.messages import Command, Delete

_READ_SHARE = 0.4  # of an operation's time that a read waits for one peer


def command_of(op: Invocation) -> Command:
    """The command that performs `op`. Raises Definite for an operation there is none for."""
    match op:
        case Invocation("read", key, _):
            return kv.Read(key)
        case Invocation("write", key, value):
            return kv.Write(key, value)
        case Invocation("delete", key, _):
            return Delete(key)
        case _:
            raise Definite(f"there is no operation {op.f!r}; there are read, write and delete")


class P2pLogic:
    """One client. served_by: the peer that answered the latest operation."""

    def __init__(self, ctx: ClientContext) -> None:
        self.ctx = ctx
        self.served_by: str | None = None

    def perform(self, op: Invocation) -> Steps:
        """Ask one peer after the other, each once."""
        command = command_of(op)
        is_read = isinstance(command, kv.Read)
        limit_ns = int(self.ctx.timeout_s * 1e9 * _READ_SHARE) if is_read else None
        node, asked, problem = self.ctx.home, set[str](), "no time was left"
        while node not in asked:
            answer = yield Ask(node, command, limit_ns)
            match answer:
                case kv.Ok(value):
                    self.served_by = node
                    return value
                case Expired():
                    break
                case Unreached(reason) | kv.Refused(reason):
                    problem = f"{node}: {reason}"
                case Lost(reason) | kv.Uncertain(reason):
                    problem = f"{node}: {reason}"
                    if not is_read:
                        raise Indefinite(problem)
            asked.add(node)
            node = after(self.ctx, node, asked)
        raise Definite(f"no peer answered: {problem}")
