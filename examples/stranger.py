"""A stranger to Splitbrain writes and reads a register of a Raft cluster, knowing its addresses alone.

    python stranger.py 10.0.0.1:7000 10.0.0.2:7000 10.0.0.3:7000

What the nodes can do is learned from their server reflection: nothing of Splitbrain is imported, only grpcio,
grpcio-reflection and protobuf. See docs/systems/calling.md.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

PATIENCE_S = 20.0


class Node:
    """One node, called with requests and answers as JSON-like dicts."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        database = ProtoReflectionDescriptorDatabase(self._channel)
        (name,) = (name for name in database.get_services() if not name.startswith("grpc."))
        self._service = DescriptorPool(database).FindServiceByName(name)

    def call(self, rpc: str, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one call. Raises grpc.RpcError."""
        method = self._service.methods_by_name[rpc]
        message = ParseDict(request, GetMessageClass(method.input_type)())
        send = self._channel.unary_unary(
            f"/{self._service.full_name}/{rpc}",
            request_serializer=GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        return MessageToDict(send(message, timeout=2.0), preserving_proto_field_name=True)


def ask(addresses: list[str], rpc: str, request: dict[str, Any]) -> Any:
    """The value that whichever node leads answers. A numbered request may be sent again, so all this may."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        for address in addresses:
            try:
                reply = Node(address).call(rpc, request)
            except grpc.RpcError as error:
                print(f"{address}: {error.code().name}")  # type: ignore[attr-defined]
                continue
            print(f"{address}: {rpc} {request} -> {reply}")
            if "ok" in reply:
                return reply["ok"]
        time.sleep(0.1)
    raise SystemExit("no node answered")


def main() -> None:
    """Register, write, read."""
    addresses = sys.argv[1:]
    session = ask(addresses, "Register", {})["int_value"]
    write = {"key": "greeting", "value": {"string_value": "hello"}}
    ask(addresses, "Do", {"session": session, "sequence": 1, "write": write})
    print(ask(addresses, "Query", {"read": {"key": "greeting"}}))


if __name__ == "__main__":
    main()
