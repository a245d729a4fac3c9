"""Values and answers as protobuf: between Python's own and the messages of `systems/common.proto`.

Laws: `unpack(pack(value)) == value` for null, bools, integers of 64 bits, floats, strings, bytes, lists and
maps of strings to such, and a bool is never taken for a number; a tuple comes back as a list. What says
nothing (a Value or Reply with no kind set) is unreadable, not null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from systems import common_pb2 as pb
from systems import kv


class Unreadable(ValueError):
    """Bytes or a message that mean nothing here; says why."""


class Unsendable(ValueError):
    """A value that has no protobuf form; says why."""


def pack(value: Any) -> pb.Value:
    """`value` as a message. Raises Unsendable."""
    try:
        return _pack(value)
    except (ValueError, TypeError, RecursionError) as error:  # too large an int, a lone surrogate, ...
        raise Unsendable(f"{value!r:.60} cannot be a value: {error}") from error


def _pack(value: Any) -> pb.Value:
    if value is None:
        return pb.Value(null_value=pb.NULL_VALUE)
    for kind in type(value).__mro__:
        pack_kind = _PACK.get(kind)
        if pack_kind is not None:
            return pack_kind(value)
    raise TypeError(f"there is no value of type {type(value).__name__}")


def _pack_list(items: Any) -> pb.Value:
    return pb.Value(list_value=pb.List(items=[_pack(item) for item in items]))


def _pack_map(entries: Any) -> pb.Value:
    return pb.Value(map_value=pb.Map(entries={key: _pack(value) for key, value in entries.items()}))


# In this order of a type's bases: a bool is an int, but is found as a bool first.
_PACK: Mapping[type, Callable[[Any], pb.Value]] = {
    bool: lambda value: pb.Value(bool_value=value),
    int: lambda value: pb.Value(int_value=value),
    float: lambda value: pb.Value(float_value=value),
    str: lambda value: pb.Value(string_value=value),
    bytes: lambda value: pb.Value(bytes_value=value),
    list: _pack_list,
    tuple: _pack_list,
    dict: _pack_map,
}


def unpack(message: pb.Value) -> Any:
    """The value that `message` holds. Raises Unreadable for one that holds none."""
    kind = message.WhichOneof("kind")
    match kind:
        case "null_value":
            return None
        case "list_value":
            return [unpack(item) for item in message.list_value.items]
        case "map_value":
            return {key: unpack(value) for key, value in message.map_value.entries.items()}
        case None:
            raise Unreadable('a value is missing; null is {"null_value": "NULL_VALUE"}')
        case _:
            return getattr(message, kind)


def pack_reply(result: kv.Result) -> bytes:
    """A core's answer, as bytes of a Reply. Raises Unsendable."""
    match result:
        case kv.Ok(value):
            reply = pb.Reply(ok=pack(value))
        case kv.NotLeader(hint):
            reply = pb.Reply(not_leader=pb.NotLeader(hint=hint))
        case kv.Refused(reason):
            reply = pb.Reply(refused=pb.Refused(reason=reason))
        case kv.Uncertain(reason):
            reply = pb.Reply(uncertain=pb.Uncertain(reason=reason))
    return reply.SerializeToString()


def unpack_reply(body: bytes) -> kv.Result:
    """The answer that the bytes of a Reply give. Raises Unreadable."""
    try:
        reply = pb.Reply.FromString(body)
    except DecodeError as error:
        raise Unreadable(f"not a Reply: {error}") from error
    match reply.WhichOneof("result"):
        case "ok":
            return kv.Ok(unpack(reply.ok))
        case "not_leader":
            return kv.NotLeader(reply.not_leader.hint if reply.not_leader.HasField("hint") else None)
        case "refused":
            return kv.Refused(reply.refused.reason)
        case "uncertain":
            return kv.Uncertain(reply.uncertain.reason)
        case _:
            raise Unreadable("a Reply without a result")
