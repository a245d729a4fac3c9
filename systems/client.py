"""What the in-repo systems' clients share: whom to ask, and which errors are definite.

Whom: the leader last heard of, else the home node, else the next one; a `NotLeader` answer's hint is
followed. Asking another node is safe then, because `NotLeader` says that the command was not done and
never will be.

Which errors, by `verdict_of` and `NodeClient.route`; the default is indefinite, a row says definite only with
a proof:

    what happened                                     outcome     why
    no connection before the call was handed over     definite    there was nothing to send it on
    UNAVAILABLE "failed to connect to all addresses"  definite    gRPC fails such a call before it is sent
    INVALID_ARGUMENT                                  definite    the node could not read it; no core saw it
    NotLeader from every node asked; Refused          definite    the system's own word
    Uncertain                                         indefinite  the system's own word
    UNAVAILABLE otherwise, DEADLINE_EXCEEDED,
    CANCELLED, UNKNOWN and every other status         indefinite  the request may have arrived
    any of these for a read                           definite    a read changes nothing: unanswered, it might
                                                                  as well not have happened

Laws: an operation whose outcome is uncertain is never sent again; `invoke` ends before the operation's
time limit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import msgspec

from systems import kv
from systems.api import ClientContext, Definite, Indefinite, Invocation
from systems.shells.transport import CHANNEL_OPTIONS, INVOKE, connected

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ASKS = 8  # requests for one operation, all but the last of them answered NotLeader or never sent
PAUSE_S = 0.05  # after every node has been asked in vain
_NEVER_SENT = "failed to connect to all addresses"
_MARGIN = 0.05  # of the time limit: an error of our own says more than the harness's time-out


class Refusal(Definite):
    """The system refused the command for a reason other than not leading."""


class _Link(NamedTuple):
    channel: grpc.aio.Channel
    invoke: Callable[..., Any]


def command_of(op: Invocation) -> kv.Command:
    """The command that performs `op`. Raises Definite for an operation there is no command for."""
    match op:
        case Invocation("read", key, _):
            return kv.Read(key)
        case Invocation("write", key, value):
            return kv.Write(key, value)
        case Invocation("cas", key, (old, new)):
            return kv.Cas(key, old, new)
    raise Definite(
        f"there is no operation {op.f!r} with the value {op.value!r}; there are read, write and cas"
    )


def verdict_of(node: str, code: grpc.StatusCode, details: str) -> Definite | Indefinite:
    """What a failed call to `node` means, as an exception to raise; see the table above."""
    if code is grpc.StatusCode.UNAVAILABLE and details.startswith(_NEVER_SENT):
        return Definite(f"cannot connect to {node}")
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return Definite(f"{node} cannot read the command: {details}")
    if code is grpc.StatusCode.UNAVAILABLE:
        return Indefinite(f"connection to {node} lost before the answer")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Indefinite(f"no answer from {node} in time")
    return Indefinite(f"{node}: {code.name.lower()}: {details}")


class NodeClient:
    """Base of a client: one connection per node, made when first needed. Subclasses override `perform`.

    served_by: the node that answered the latest operation, None if none did.
    """

    def __init__(self, ctx: ClientContext, *, port: int) -> None:
        self.ctx = ctx
        self.served_by: str | None = None
        self._port = port
        self._leader: str | None = None
        self._links: dict[str, _Link] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(kv.Result).decode

    async def open(self) -> None:
        """Nothing to do: a cluster that is partly down can still be used."""

    async def close(self) -> None:
        """Give back connections."""
        links, self._links = self._links, {}
        for link in links.values():
            await link.channel.close()

    async def invoke(self, op: Invocation) -> Any:
        """Perform `op`; raises Definite or Indefinite by the table above."""
        self.served_by = None
        command = command_of(op)
        deadline_s = asyncio.get_running_loop().time() + self.ctx.timeout_s * (1 - _MARGIN)
        try:
            return await self.perform(command, deadline_s)
        except Indefinite as error:
            self._leader = None
            if isinstance(command, kv.Read):
                raise Definite(str(error)) from error
            raise

    async def perform(self, command: kv.Command, deadline_s: float) -> Any:
        """Have `command` done before `deadline_s` on the event loop's clock."""
        return await self.route(command, deadline_s)

    async def route(self, command: Any, deadline_s: float) -> Any:
        """The value of `command`, done by whichever node leads. Raises Definite, Refusal, Indefinite."""
        loop = asyncio.get_running_loop()
        node = self._leader or self.ctx.home
        asked: set[str] = set()
        for _ in range(MAX_ASKS):
            hint: str | None = None
            try:
                value = await self.ask(node, command, deadline_s)
            except _NotLeading as error:
                hint, problem = error.hint, str(error)
            except Refusal:
                raise
            except Definite as error:
                problem = str(error)
            else:
                self._leader = node
                return value
            self._leader = None
            asked.add(node)
            if asked.issuperset(self.ctx.addresses):
                # A hint among nodes that all deny leading is out of date: wait for an election to end.
                asked.clear()
                if loop.time() + PAUSE_S >= deadline_s:
                    break
                await asyncio.sleep(PAUSE_S)
            unasked = hint is not None and hint in self.ctx.addresses and hint not in asked
            node = hint if unasked and hint is not None else self._next(node, asked)
        raise Definite(f"no leader found: {problem}")

    async def ask(self, node: str, command: Any, deadline_s: float) -> Any:
        """The value of `command`, done by `node`. Raises Definite, Refusal, Indefinite."""
        link = self._link(node)
        try:
            async with asyncio.timeout_at(deadline_s):
                is_up = await connected(link.channel)
        except TimeoutError:
            is_up = False
        left_s = deadline_s - asyncio.get_running_loop().time()
        if not is_up or left_s <= 0:
            raise Definite(f"cannot connect to {node}")
        try:
            body = await link.invoke(self._encode(command), timeout=left_s)
        except grpc.aio.AioRpcError as error:
            raise verdict_of(node, error.code(), error.details() or "") from error
        match self._decode(body):
            case kv.Ok(value):
                self.served_by = node
                return value
            case kv.NotLeader(hint):
                raise _NotLeading(node, hint)
            case kv.Refused(reason):
                raise Refusal(f"{node} refused: {reason}")
            case kv.Uncertain(reason):
                raise Indefinite(f"{node}: {reason}")

    def _link(self, node: str) -> _Link:
        link = self._links.get(node)
        if link is None:
            address = self.ctx.addresses[node]
            target = f"[{address}]:{self._port}" if ":" in address else f"{address}:{self._port}"
            channel = grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
            link = self._links[node] = _Link(channel, channel.unary_unary(INVOKE))
        return link

    def _next(self, node: str, asked: set[str]) -> str:
        """The member behind `node`, round the circle, that was not yet asked."""
        names = tuple(self.ctx.addresses)
        at = names.index(node) + 1
        return next((n for n in (*names[at:], *names[:at]) if n not in asked), node)


class _NotLeading(Definite):
    """The node does not lead."""

    def __init__(self, node: str, hint: str | None) -> None:
        super().__init__(f"{node} does not lead")
        self.hint = hint
