"""The in-repo systems' clients over gRPC: the shell that carries out the steps of a `systems.logic.Logic`.

What came of a call, by `answer_of`; the default is `Lost`, a row says `Unreached` only with a proof:

    what happened                                     answer      why
    a command that has no protobuf form               Refused     nothing was sent
    no connection before the call was handed over     Unreached   there was nothing to send it on
    UNAVAILABLE "failed to connect to all addresses"  Unreached   gRPC fails such a call before it is sent
    INVALID_ARGUMENT                                  Refused     the node could not read it; no core saw it
    UNAVAILABLE otherwise, DEADLINE_EXCEEDED,
    CANCELLED, UNKNOWN and every other status,
    an answer that cannot be read                     Lost        the request may have arrived
    an answer                                         itself      the system's own word

Law: `invoke` ends before the operation's time limit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from systems import kv
from systems.api import ClientContext, Invocation
from systems.logic import Answer, Ask, Expired, Logic, Lost, Pause, Step, Unreached, steps_of
from systems.shells.surface import client_surface
from systems.shells.transport import CHANNEL_OPTIONS, connected
from systems.shells.values import Unreadable, Unsendable, unpack_reply

if TYPE_CHECKING:
    from collections.abc import Callable

_NEVER_SENT = "failed to connect to all addresses"
_MARGIN = 0.05  # of the time limit: an error of our own says more than the harness's time-out
_NS_PER_S = 1e9


class _Link(NamedTuple):
    channel: grpc.aio.Channel
    calls: dict[str, Callable[..., Any]]  # by the method's path


def answer_of(node: str, code: grpc.StatusCode, details: str) -> Unreached | Lost | kv.Refused:
    """What a failed call to `node` means; see the table above."""
    if code is grpc.StatusCode.UNAVAILABLE and details.startswith(_NEVER_SENT):
        return Unreached(f"cannot connect to {node}")
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return kv.Refused(f"it cannot read the command: {details}")
    if code is grpc.StatusCode.UNAVAILABLE:
        return Lost(f"connection to {node} lost before the answer")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Lost(f"no answer from {node} in time")
    return Lost(f"{node}: {code.name.lower()}: {details}")


class NodeClient:
    """Performs operations by `logic`, against nodes of the registered `system`: one connection per node, made
    when first needed. surface: what it calls there.
    """

    def __init__(self, ctx: ClientContext, logic: Logic, *, system: str, port: int) -> None:
        self.ctx = ctx
        self.surface = client_surface(system, ctx.options)
        self._logic = logic
        self._port = port
        self._links: dict[str, _Link] = {}

    @property
    def served_by(self) -> str | None:
        """The node that answered the latest operation, None if none did."""
        return self._logic.served_by

    async def open(self) -> None:
        """Nothing to do: a cluster that is partly down can still be used."""

    async def close(self) -> None:
        """Give back connections."""
        links, self._links = self._links, {}
        for link in links.values():
            await link.channel.close()

    async def invoke(self, op: Invocation) -> Any:
        """Perform `op`; raises Definite or Indefinite."""
        deadline_s = asyncio.get_running_loop().time() + self.ctx.timeout_s * (1 - _MARGIN)
        steps = steps_of(self._logic, op)
        answer: Answer = None
        try:
            while True:
                answer = await self.carry_out(steps.send(answer), deadline_s)
        except StopIteration as end:
            return end.value

    async def carry_out(self, step: Step, deadline_s: float) -> Answer:
        """What comes of `step`, before `deadline_s` on the event loop's clock."""
        loop = asyncio.get_running_loop()
        match step:
            case Pause(ns):
                if loop.time() + ns / _NS_PER_S >= deadline_s:
                    return Expired()
                await asyncio.sleep(ns / _NS_PER_S)
                return None
            case Ask(node, command, limit_ns):
                if loop.time() >= deadline_s:
                    return Expired()
                if limit_ns is not None:
                    deadline_s = min(deadline_s, loop.time() + limit_ns / _NS_PER_S)
                return await self._ask(node, command, deadline_s)

    async def _ask(self, node: str, command: Any, deadline_s: float) -> Answer:
        method = self.surface.method(command)
        try:
            body = method.encode(command)
        except Unsendable as error:
            return kv.Refused(f"it cannot be sent: {error}")
        link = self._link(node)
        try:
            async with asyncio.timeout_at(deadline_s):
                is_up = await connected(link.channel)
        except TimeoutError:
            is_up = False
        left_s = deadline_s - asyncio.get_running_loop().time()
        if not is_up or left_s <= 0:
            return Unreached(f"cannot connect to {node}")
        call = link.calls.get(method.path)
        if call is None:
            call = link.calls[method.path] = link.channel.unary_unary(method.path)
        try:
            return unpack_reply(await call(body, timeout=left_s))
        except grpc.aio.AioRpcError as error:
            return answer_of(node, error.code(), error.details() or "")
        except Unreadable as error:
            return Lost(f"{node}: cannot read the answer: {error}")

    def _link(self, node: str) -> _Link:
        link = self._links.get(node)
        if link is None:
            address = self.ctx.addresses[node]
            target = f"[{address}]:{self._port}" if ":" in address else f"{address}:{self._port}"
            channel = grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS)
            link = self._links[node] = _Link(channel, {})
        return link
