"""WriteFile and ReadFile at real nodes, called as a stranger would: whole files, in streams."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from systems import common_pb2
from systems.file_service import file_service_pb2 as pb
from systems.file_service.streams import NAME
from systems.file_service.system import FileService
from systems.program import PORT
from tests.systems.cluster import Cluster

TIMES = {
    "raft": {"election_ms": "300", "heartbeat_ms": "50"},
    "primary-backup": {"takeover_ms": "400", "heartbeat_ms": "50"},
}
LARGE = bytes(range(256)) * (5 << 12)  # 5 MiB


@pytest.fixture(scope="module", params=sorted(TIMES))
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    options = {"replication": request.param, **TIMES[request.param]}
    with Cluster(folder, system=FileService(), options=options) as cluster:
        for name in cluster.addresses:
            cluster.await_ready(name, 1)
        yield cluster


class Node:
    """The streams of one node."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(f"{address}:{PORT}")
        self._write = self.channel.stream_unary(
            f"/{NAME}/WriteFile",
            request_serializer=pb.WriteChunk.SerializeToString,
            response_deserializer=common_pb2.Reply.FromString,
        )
        self._read = self.channel.unary_stream(
            f"/{NAME}/ReadFile",
            request_serializer=pb.Read.SerializeToString,
            response_deserializer=common_pb2.Reply.FromString,
        )

    def write(self, chunks: Iterator[Any]) -> Any:
        return self._write(chunks, timeout=60)

    def read(self, path: str) -> list[Any]:
        return list(self._read(pb.Read(path=path), timeout=60))

    def begin(self, chunks: Iterator[Any]) -> Any:
        return self._write.future(chunks, timeout=60)


def chunks(path: str, data: bytes, size: int = 3 << 20) -> Iterator[Any]:
    """Chunks of a stream, larger than a command may be."""
    for at in range(0, len(data) or 1, size):
        first = path if at == 0 else ""
        yield pb.WriteChunk(path=first, data=data[at : at + size], last=at + size >= len(data))


def leading(cluster: Cluster) -> Node:
    """The node that leads, by what it answers; each write is tried until it is done."""
    end_s = time.monotonic() + 30
    while True:
        for address in cluster.addresses.values():
            node = Node(address)
            if node.write(chunks("probe", b"")).WhichOneof("result") == "ok":
                return node
            node.channel.close()
        assert time.monotonic() < end_s, "nobody leads"


def content(node: Node, path: str) -> bytes:
    return b"".join(reply.ok.bytes_value for reply in node.read(path))


def test_a_large_file_comes_back_whole(nodes: Cluster) -> None:
    node = leading(nodes)
    reply = node.write(chunks("t/large", LARGE))
    assert reply.ok.WhichOneof("kind") == "null_value"
    replies = node.read("t/large")
    assert [len(reply.ok.bytes_value) for reply in replies] == [1 << 20] * 5
    assert b"".join(reply.ok.bytes_value for reply in replies) == LARGE


def test_there_are_empty_files_and_no_files(nodes: Cluster) -> None:
    node = leading(nodes)
    node.write(chunks("t/empty", b""))
    assert [reply.ok.WhichOneof("kind") for reply in node.read("t/empty")] == ["bytes_value"]
    assert [reply.ok.WhichOneof("kind") for reply in node.read("t/none")] == ["null_value"]


def test_a_stream_that_breaks_or_ends_too_soon_changes_nothing(nodes: Cluster) -> None:
    node = leading(nodes)
    node.write(chunks("t/a", b"old"))
    reply = node.write(iter([pb.WriteChunk(path="t/a", data=b"new")]))
    assert "last" in reply.refused.reason

    def hanging() -> Iterator[Any]:
        yield pb.WriteChunk(path="t/a", data=b"new")
        time.sleep(0.5)
        call.cancel()
        yield pb.WriteChunk(data=b"er", last=True)

    call = node.begin(hanging())
    with pytest.raises((grpc.FutureCancelledError, grpc.RpcError)):
        call.result()
    assert content(node, "t/a") == b"old"


def test_only_the_leader_serves_and_others_say_who_it_is(nodes: Cluster) -> None:
    leader = leading(nodes)
    said = {name: Node(address).write(chunks("t/b", b"x")) for name, address in nodes.addresses.items()}
    hints = {reply.not_leader.hint for reply in said.values() if reply.WhichOneof("result") == "not_leader"}
    served = [name for name, reply in said.items() if reply.WhichOneof("result") == "ok"]
    assert len(served) == 1
    assert hints == set(served)
    other = next(name for name in said if name not in served)
    assert [r.WhichOneof("result") for r in Node(nodes.addresses[other]).read("t/b")] == ["not_leader"]
    assert content(leader, "t/b") == b"x"


def test_one_stream_is_one_file(nodes: Cluster) -> None:
    node = leading(nodes)
    both = [pb.WriteChunk(path="t/c", data=b"1"), pb.WriteChunk(path="t/d", data=b"2", last=True)]
    with pytest.raises(grpc.RpcError) as caught:
        node.write(iter(both))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [reply.ok.WhichOneof("kind") for reply in node.read("t/c")] == ["null_value"]
