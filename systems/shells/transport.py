"""gRPC between nodes, and from clients to nodes.

Between nodes there is one method, `Deliver`, a stream from one to another of MessagePack frames
`[sender, [message, ...]]`: messages are fire and forget, and what waits for a peer goes into the next frame,
as much as that holds. Clients call the unary methods of the system's surface (`systems.shells.surface`), each
a command to its result, answered when the core replies; server reflection tells which there are.

Laws:
- Nothing is retried: a lost message is the protocol's business, a lost request the client's.
- A queue to a peer is bounded; the oldest messages go first, as on a lossy link.
- After a silent cut messages flow again within two seconds. TCP alone would not do that, since it doubles
  its pauses while packets vanish; so a connection that answers no ping for a second is given up
  (keepalive, which also sets TCP_USER_TIMEOUT), and reconnecting tries at a steady short beat instead of
  gRPC's exponential one of up to two minutes.
- A listening address is never shared with another process (SO_REUSEPORT is off).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import grpc
import msgspec
from grpc_reflection.v1alpha import reflection

from systems.shells.surface import Method, Surface
from systems.shells.values import Unreadable, Unsendable, pack_reply

DELIVER = "/splitbrain.Node/Deliver"

QUEUE_LIMIT = 1024  # messages that wait for one peer
FRAME_BYTES = 2 << 20  # of messages in one frame, or one message; gRPC refuses more than 4 MiB
WRITE_TIMEOUT_S = 1.0
_PAUSE_S = 0.05  # after a stream broke, before the next one

_KEEPALIVE = (
    ("grpc.keepalive_time_ms", 1000),
    ("grpc.keepalive_timeout_ms", 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
CHANNEL_OPTIONS = (
    *_KEEPALIVE,
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # Also how long one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", 300),
    ("grpc.max_reconnect_backoff_ms", 300),
)
SERVER_OPTIONS = (
    *_KEEPALIVE,
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 100),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 100),
    ("grpc.http2.max_ping_strikes", 0),
)

Receiver = Callable[[str, Sequence[Any]], None]
Invoker = Callable[[Any], Awaitable[Any]]
Service = Callable[[Invoker], grpc.ServiceRpcHandler]  # methods written by hand, beside the surface's


async def connected(channel: grpc.aio.Channel) -> bool:
    """Wait until `channel` has a connection; False as soon as an attempt to connect failed."""
    ready, failed = grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.TRANSIENT_FAILURE
    while (state := channel.get_state(try_to_connect=True)) is not ready:
        if state is failed:
            return False
        await channel.wait_for_state_change(state)
    return True


class PeerLink:
    """The messages from this node to one peer."""

    def __init__(self, me: str, target: str) -> None:
        """`target` is "address:port"."""
        self._me = me
        self._target = target
        self._queue: deque[Any] = deque(maxlen=QUEUE_LIMIT)
        self._wake = asyncio.Event()
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, message: Any) -> None:
        """Send `message` soon; it may be lost."""
        self._queue.append(message)
        self._wake.set()

    async def run(self) -> None:
        """Carry messages until cancelled, over as many connections as it takes."""
        async with grpc.aio.insecure_channel(self._target, options=CHANNEL_OPTIONS) as channel:
            deliver = channel.stream_unary(DELIVER)
            while True:
                if await connected(channel):
                    await self._carry(deliver())
                await asyncio.sleep(_PAUSE_S)

    async def _carry(self, call: grpc.aio.StreamUnaryCall[bytes, bytes]) -> None:
        """Write frames until the stream breaks or a write takes too long (its frame is lost then)."""
        try:
            while True:
                while not self._queue:
                    self._wake.clear()
                    await self._wake.wait()
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await call.write(self._frame())
        except (grpc.RpcError, asyncio.InvalidStateError, TimeoutError):
            return  # the caller starts a new stream; the protocol sends again what still matters
        finally:
            call.cancel()

    def _frame(self) -> bytes:
        """The oldest messages of the queue, which leave it."""
        messages: list[msgspec.Raw] = []
        size = 0
        while self._queue:
            message = self._encode(self._queue[0])
            size += len(message)
            if messages and size > FRAME_BYTES:
                break
            messages.append(msgspec.Raw(message))
            self._queue.popleft()
        return self._encode((self._me, messages))


class Links:
    """The links to all peers."""

    def __init__(self, me: str, targets: Mapping[str, str]) -> None:
        """`targets`: peer -> "address:port"."""
        self._links = {peer: PeerLink(me, target) for peer, target in targets.items()}

    def send(self, to: str, message: Any) -> None:
        """Send `message` to the peer `to`; may be lost. Raises KeyError for a node that is no peer."""
        self._links[to].send(message)

    async def run(self) -> None:
        """Carry messages until cancelled."""
        async with asyncio.TaskGroup() as group:
            for link in self._links.values():
                group.create_task(link.run())
            await asyncio.Event().wait()  # the only member of a cluster has no link to wait for


class _Methods(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships no types
    """What a node answers to."""

    def __init__(self, *, message_type: Any, surface: Surface, receive: Receiver, invoke: Invoker) -> None:
        self._receive = receive
        self._invoke = invoke
        self._frame = msgspec.msgpack.Decoder(tuple[str, list[message_type]])
        self._handlers = {
            method.path: grpc.unary_unary_rpc_method_handler(self._answer(method)) for method in surface
        }
        self._handlers[DELIVER] = grpc.stream_unary_rpc_method_handler(self._deliver)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return self._handlers.get(details.method)

    async def _deliver(self, frames: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> bytes:
        async for frame in frames:
            try:
                sender, messages = self._frame.decode(frame)
            except msgspec.DecodeError as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not a frame of this system: {error}")
            self._receive(sender, messages)
        return b""

    def _answer(self, method: Method) -> Callable[[bytes, grpc.aio.ServicerContext], Awaitable[bytes]]:
        # gRPC cancels this coroutine when the client is gone; the shell forgets the request then.
        async def answer(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
            try:
                command = method.decode(body)
            except Unreadable as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not a {method.name}: {error}")
            result = await self._invoke(command)
            try:
                return pack_reply(result)
            except Unsendable as error:
                await context.abort(grpc.StatusCode.OUT_OF_RANGE, f"done, but the answer: {error}")
                raise

        return answer


def make_server(
    address: str,
    *,
    message_type: Any,
    surface: Surface,
    receive: Receiver,
    invoke: Invoker,
    service: Service | None = None,
) -> grpc.aio.Server:
    """A server bound to `address` ("ip:port"), not yet started. Raises RuntimeError when it cannot be
    bound.
    """
    server = grpc.aio.server(options=SERVER_OPTIONS)
    methods = _Methods(message_type=message_type, surface=surface, receive=receive, invoke=invoke)
    server.add_generic_rpc_handlers((methods,))
    names = [surface.service, reflection.SERVICE_NAME]
    if service is not None:
        handler = service(invoke)
        server.add_generic_rpc_handlers((handler,))
        names.append(handler.service_name())
    reflection.enable_server_reflection(names, server)
    server.add_insecure_port(address)
    return server
