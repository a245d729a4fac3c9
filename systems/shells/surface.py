"""What a client calls: the gRPC service of a system, as its .proto describes it.

The service is the one in `systems/NAME/NAME.proto` that has one rpc for each command of the core, named as
the command's Struct; it takes that Struct's message (see `systems.shells.translation`) and gives a
`splitbrain.v1.Reply`. A node and a client make the same surface from the same two files, so they speak of the
same methods.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_origin

from google.protobuf.descriptor import Descriptor, FileDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from msgspec import inspect

from systems import registry
from systems.shells.translation import Codec, Disagreement, codec_of, name_of, structs_of
from systems.shells.values import Unreadable, Unsendable

REPLY = "splitbrain.v1.Reply"


class Method:
    """One rpc. name: the command's. path: as gRPC has it, "/package.Service/Name"."""

    def __init__(self, name: str, path: str, message: Descriptor, codec: Codec) -> None:
        self.name = name
        self.path = path
        self._read, self._write = codec
        self._parse: Any = GetMessageClass(message).FromString

    def encode(self, command: Any) -> bytes:
        """The request's bytes. Raises Unsendable."""
        try:
            message: Message = self._write(command)
            return message.SerializeToString()
        except (ValueError, TypeError) as error:
            raise Unsendable(f"{self.name}: {error}") from error

    def decode(self, body: bytes) -> Any:
        """The command that the request's bytes are. Raises Unreadable."""
        try:
            return self._read(self._parse(body))
        except DecodeError as error:
            raise Unreadable(str(error)) from error


class Surface:
    """All rpcs of one system. service: its full name."""

    def __init__(self, file: FileDescriptor, command_type: Any) -> None:
        """Raises Disagreement when no service of `file` is that of the commands."""
        commands = {name_of(struct): struct for struct in structs_of(inspect.type_info(command_type))}
        service = _service_of(file, frozenset(commands))
        self.service: str = service.full_name
        self._methods: Mapping[type, Method] = {
            get_origin(struct.cls) or struct.cls: _method(service, name, struct)
            for name, struct in commands.items()
        }

    def method(self, command: Any) -> Method:
        """The rpc that performs `command`. Raises KeyError for what is no command of the system."""
        return self._methods[type(command)]

    def __iter__(self) -> Iterator[Method]:
        return iter(self._methods.values())


@cache
def surface_of(system: str, command_type: Any) -> Surface:
    """The surface of the registered `system` with these commands. Raises Disagreement."""
    name = system.replace("-", "_")
    module = importlib.import_module(f"systems.{name}.{name}_pb2")
    return Surface(module.DESCRIPTOR, command_type)


def client_surface(system: str, options: Mapping[str, str]) -> Surface:
    """The surface of `system` as its options want it."""
    return surface_of(system, registry.core_of(system, options).command_type)


def _service_of(file: FileDescriptor, names: frozenset[str]) -> ServiceDescriptor:
    services: list[ServiceDescriptor] = list(file.services_by_name.values())
    for service in services:
        if frozenset(service.methods_by_name) == names:
            return service
    nearest = min(services, key=lambda one: len(names ^ frozenset(one.methods_by_name)), default=None)
    lone = names ^ frozenset(nearest.methods_by_name if nearest else ())
    raise Disagreement(
        f"no service in {file.name} has one rpc for each command; "
        f"only one of the commands and {nearest.name if nearest else 'none'} has: {', '.join(sorted(lone))}"
    )


def _method(service: ServiceDescriptor, name: str, struct: inspect.StructType) -> Method:
    rpc = service.methods_by_name[name]
    if rpc.output_type.full_name != REPLY or rpc.client_streaming or rpc.server_streaming:
        raise Disagreement(f"{rpc.full_name} should take one message and return a {REPLY}")
    codec = codec_of(struct, rpc.input_type)
    return Method(name, f"/{service.full_name}/{name}", rpc.input_type, codec)
