"""Whole files over gRPC, in streams: the service `FileStreams` of the .proto file, at one node.

What it does with the replicas is `systems.file_service.logic`, every ask of which goes to the node's own
core; a shell, so it may draw names for uploads and wait.

Laws:
- A content is committed only after a chunk that says it is the last: a stream that breaks, or whose client
  died, ends before that, and nothing of it is ever seen.
- A reader gets nothing before all parts of one version are at hand. They are the tree's own bytes, so that
  costs no memory.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from systems import kv
from systems.api import ClientContext, Definite, Indefinite
from systems.file_service import file_service_pb2 as pb
from systems.file_service.logic import FileLogic
from systems.file_service.messages import MOST_BYTES
from systems.logic import Ask, Expired, Steps
from systems.shells.transport import Invoker, Service
from systems.shells.values import pack_reply

NAME: str = pb.DESCRIPTOR.services_by_name["FileStreams"].full_name
HERE = "here"  # this node, as the logic knows it
STEP_S = 30.0  # for one chunk of a write, or for all parts of a read
MakeLogic = Callable[[ClientContext], FileLogic]


def service(make: MakeLogic, options: Mapping[str, str]) -> Service:
    """The service, for a node with these options."""

    def with_core(invoke: Invoker) -> grpc.ServiceRpcHandler:
        streams = Streams(make, options, invoke)
        handlers = {
            "WriteFile": grpc.stream_unary_rpc_method_handler(streams.write),
            "ReadFile": grpc.unary_stream_rpc_method_handler(streams.read),
        }
        return grpc.method_handlers_generic_handler(NAME, handlers)

    return with_core


async def carried(steps: Steps, invoke: Invoker) -> kv.Result:
    """What comes of `steps` at this node, within STEP_S; it does not look for another one that leads."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + STEP_S
    answer: Any = None
    unsure: kv.Uncertain | None = None
    try:
        while True:
            step = steps.send(answer)
            if loop.time() >= end_s:
                answer = Expired()
            elif isinstance(step, Ask):
                answer = await invoke(step.command)
                unsure = answer if isinstance(answer, kv.Uncertain) else unsure
                if isinstance(answer, kv.NotLeader):
                    steps.close()
                    return unsure or answer
            else:
                await asyncio.sleep(step.ns / 1e9)
                answer = None
    except StopIteration as end:
        return kv.Ok(end.value)
    except Definite as error:
        return kv.Refused(str(error))
    except Indefinite as error:
        return kv.Uncertain(str(error))


class Streams:
    """The two rpcs; each call has a client of its own."""

    def __init__(self, make: MakeLogic, options: Mapping[str, str], invoke: Invoker) -> None:
        self._make = make
        self._options = options
        self._invoke = invoke

    def _logic(self) -> FileLogic:
        return self._make(ClientContext(0, HERE, {HERE: ""}, self._options, STEP_S))

    async def write(self, bodies: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> bytes:
        """Stage the chunks as they come, and commit behind the last."""
        logic, upload = self._logic(), uuid.uuid4().hex
        path, parts = "", 0
        async for body in bodies:
            chunk = await _read(pb.WriteChunk, body, context)
            if path and chunk.path not in ("", path):
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"one stream is one file, {path!r}")
            path = path or chunk.path
            for at in range(0, len(chunk.data) or parts == 0, MOST_BYTES):
                piece = chunk.data[at : at + MOST_BYTES]
                staged = await carried(logic.stage(upload, path, parts, piece), self._invoke)
                if isinstance(staged, kv.Uncertain):  # nobody sees what is staged
                    staged = kv.Refused(staged.reason)
                if not isinstance(staged, kv.Ok):
                    return pack_reply(staged)
                parts += 1
            if chunk.last:
                return pack_reply(await carried(logic.commit(upload, parts), self._invoke))
        return pack_reply(
            kv.Refused("the stream ended without a chunk that is the last; nothing was written")
        )

    async def read(self, body: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
        """The parts of one version."""
        asked = await _read(pb.Read, body, context)
        found = await carried(self._logic().parts(asked.path), self._invoke)
        if not isinstance(found, kv.Ok) or found.value is None:
            yield pack_reply(found)
            return
        for part in found.value:
            yield pack_reply(kv.Ok(part))


async def _read(kind: Any, body: bytes, context: grpc.aio.ServicerContext) -> Any:
    try:
        return kind.FromString(body)
    except DecodeError as error:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not a {kind.DESCRIPTOR.name}: {error}")
