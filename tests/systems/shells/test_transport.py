"""The gRPC transport: order, bounds, bad input, and how soon messages flow again after a restart or a cut."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import msgspec
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from systems import kv
from systems.shells.surface import client_surface
from systems.shells.transport import (
    CHANNEL_OPTIONS,
    DELIVER,
    QUEUE_LIMIT,
    Invoker,
    Links,
    PeerLink,
    make_server,
)
from tests.systems.shells.peers import Answer, Peer, free_port, no_answer, until

WRITE = "/splitbrain.primary_backup.v1.PrimaryBackup/Write"


def test_messages_arrive_in_order_with_their_sender() -> None:
    async def scenario() -> None:
        peer = Peer(free_port())
        await peer.start()
        links = Links("n1", {"n2": peer.target})
        running = asyncio.ensure_future(links.run())
        for number in range(500):
            links.send("n2", number)
        await until(lambda: len(peer.arrived) == 500)
        assert peer.arrived == [("n1", number) for number in range(500)]
        with pytest.raises(KeyError):
            links.send("n3", 0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await peer.stop()

    asyncio.run(scenario())


def test_what_is_larger_than_a_frame_goes_in_several() -> None:
    """Five messages of 1 MiB wait when the stream begins; gRPC would refuse all of them in one frame."""

    async def scenario() -> None:
        arrived: list[bytes] = []
        target = f"127.0.0.1:{free_port()}"
        server = make_server(
            target,
            message_type=bytes,
            surface=client_surface("primary-backup", {}),
            receive=lambda sender, messages: arrived.extend(messages),
            invoke=no_answer,
        )
        await server.start()
        link = PeerLink("n1", target)
        large = [bytes([number]) * (1 << 20) for number in range(5)]
        for message in large:
            link.send(message)
        running = asyncio.ensure_future(link.run())
        await until(lambda: len(arrived) >= len(large))
        assert arrived == large
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await server.stop(None)

    asyncio.run(scenario())


def test_a_queue_to_an_absent_peer_keeps_the_newest() -> None:
    async def scenario() -> None:
        peer = Peer(free_port())
        link = PeerLink("n1", peer.target)
        for number in range(QUEUE_LIMIT + 10):
            link.send(number)
        running = asyncio.ensure_future(link.run())
        await peer.start()
        await until(lambda: len(peer.arrived) == QUEUE_LIMIT)
        assert peer.arrived[0] == ("n1", 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await peer.stop()

    asyncio.run(scenario())


def test_messages_flow_again_soon_after_a_restart() -> None:
    async def scenario() -> float:
        peer = Peer(free_port())
        await peer.start()
        link = PeerLink("n1", peer.target)
        running = asyncio.ensure_future(link.run())
        link.send(0)
        await until(lambda: len(peer.arrived) == 1)
        await peer.stop()
        for number in range(1, 20):  # into the void: some are lost, which is allowed
            link.send(number)
            await asyncio.sleep(0.05)
        await peer.start()

        def heard() -> bool:
            link.send(100)
            return ("n1", 100) in peer.arrived

        took_s = await until(heard)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await peer.stop()
        return took_s

    assert asyncio.run(scenario()) <= 2.0


@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nft", "ip"))),
    reason="a silent cut needs root, unshare, nft and ip",
)
@pytest.mark.parametrize(
    # One length alone could end just as TCP tries again by itself; the long ones outlast gRPC's backoff.
    "cuts_s",
    [(5, 7), pytest.param((12, 20), marks=pytest.mark.slow)],
)
def test_messages_flow_again_within_two_seconds_after_a_silent_cut(cuts_s: tuple[int, ...]) -> None:
    argv = ["unshare", "-n", sys.executable, "-m", "tests.systems.shells.cut_probe"]
    probes = [
        subprocess.Popen([*argv, str(cut)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for cut in cuts_s
    ]
    for cut_s, probe in zip(cuts_s, probes, strict=True):
        said, problem = probe.communicate(timeout=60)
        assert probe.returncode == 0, problem.decode()
        seen = json.loads(said)
        assert seen["during"] == 0, f"the cut of {cut_s} s did not bite"
        assert seen["recovery_s"] <= 2.0, f"after a cut of {cut_s} s"


def calling(method: str, body: bytes, answer: Answer = no_answer) -> grpc.StatusCode:
    """The status of one call with `body` to a fresh server."""

    async def scenario() -> grpc.StatusCode:
        peer = Peer(free_port(), answer=answer)
        await peer.start()
        async with grpc.aio.insecure_channel(peer.target, options=CHANNEL_OPTIONS) as channel:
            stream = method == DELIVER
            call = channel.stream_unary(method)(iter([body])) if stream else channel.unary_unary(method)(body)
            code: grpc.StatusCode = await call.code()
        await peer.stop()
        return code

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("method", "body"),
    [(DELIVER, body) for body in (b"", b"\xc1", msgspec.msgpack.encode(["explode", "x"]))]
    + [(WRITE, body) for body in (b"", b"\xc1", b"\x0a\x01x", b"\x0a\x01x\x12\x00")],
)
def test_what_cannot_be_read_is_refused_and_reaches_no_core(method: str, body: bytes) -> None:
    assert calling(method, body) is grpc.StatusCode.INVALID_ARGUMENT


def test_a_client_that_goes_away_ends_its_request() -> None:
    async def scenario() -> None:
        waiting: list[kv.Command] = []

        async def answer(command: kv.Command) -> Any:
            waiting.append(command)
            try:
                await asyncio.Event().wait()
            finally:
                waiting.remove(command)

        peer = Peer(free_port(), answer=answer)
        await peer.start()
        channel = grpc.aio.insecure_channel(peer.target, options=CHANNEL_OPTIONS)
        read = client_surface("primary-backup", {}).method(kv.Read("x"))
        call = channel.unary_unary(read.path)(read.encode(kv.Read("x")))
        asking = asyncio.ensure_future(call.code())
        await until(lambda: waiting == [kv.Read("x")])
        await channel.close()
        await until(lambda: not waiting)
        await asyncio.gather(asking, return_exceptions=True)
        await peer.stop()

    asyncio.run(scenario())


def test_rpcs_written_by_hand_are_served_and_reflected_beside_the_surface() -> None:
    async def answer(command: kv.Command) -> kv.Ok:
        return kv.Ok(command.key)

    def by_hand(request: Invoker) -> Any:
        async def keys(body: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            for key in body.decode():
                result = await request(kv.Read(key))
                yield f"{result.value}!".encode()

        streams = {"Keys": grpc.unary_stream_rpc_method_handler(keys)}
        return grpc.method_handlers_generic_handler("test.ByHand", streams)

    async def scenario() -> None:
        peer = Peer(free_port(), answer=answer, service=by_hand)
        await peer.start()
        async with grpc.aio.insecure_channel(peer.target, options=CHANNEL_OPTIONS) as channel:
            call = channel.unary_stream("/test.ByHand/Keys")(b"xy")
            assert [body async for body in call] == [b"x!", b"y!"]
            services = await asyncio.to_thread(reflected, peer.target)
        await peer.stop()
        assert "test.ByHand" in services
        assert "splitbrain.primary_backup.v1.PrimaryBackup" in services

    asyncio.run(scenario())


def reflected(target: str) -> list[str]:
    with grpc.insecure_channel(target) as channel:
        services: list[str] = list(ProtoReflectionDescriptorDatabase(channel).get_services())
        return services


def test_an_answer_that_cannot_be_sent_may_have_been_done() -> None:
    async def answer(command: kv.Command) -> kv.Ok:
        return kv.Ok(2**63)

    assert calling(WRITE, b"\x0a\x01x\x12\x02\x10\x01", answer) is grpc.StatusCode.OUT_OF_RANGE


def test_a_listening_address_is_not_shared() -> None:
    async def scenario() -> None:
        port = free_port()
        first = Peer(port)
        await first.start()
        second = Peer(port)
        try:
            with pytest.raises(RuntimeError):
                await second.start()
        finally:
            await second.stop()
            await first.stop()

    asyncio.run(scenario())
