"""Commands as protobuf: a general translation between msgspec Structs and messages, by name and type.

A Struct is a message of its name, each field a field of its name:

    Struct field                        message field
    int, float, bool, str, bytes        int64, double, bool, string, bytes
    one of these or None                the same, `optional`
    Any, or a union of such             splitbrain.v1.Value
    a Struct                            that Struct's message
    a Struct or several, tagged         a oneof of that name; in it, under its tag, each one's message
    a list or tuple of any above        `repeated`

Laws: `read(write(command)) == command` (a tuple of values comes back as a list); a pair that does not agree
in every field is refused when it is put together, not when a command comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_origin

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from msgspec import NODEFAULT, inspect

from systems.shells.values import Unreadable, pack, unpack

VALUE = "splitbrain.v1.Value"

Get = Callable[[Any], Any]  # of a message: the value of one field of the Struct
Put = Callable[[dict[str, Any], Any], None]  # puts such a value into the arguments for a message

_SCALARS: Mapping[type[inspect.Type], tuple[int, type, Any]] = {
    inspect.IntType: (FieldDescriptor.TYPE_INT64, int, 0),
    inspect.FloatType: (FieldDescriptor.TYPE_DOUBLE, float, 0.0),
    inspect.BoolType: (FieldDescriptor.TYPE_BOOL, bool, False),
    inspect.StrType: (FieldDescriptor.TYPE_STRING, str, ""),
    inspect.BytesType: (FieldDescriptor.TYPE_BYTES, bytes, b""),
}


class Disagreement(TypeError):
    """A Struct and a message that are not the same; names the field."""


class Codec(NamedTuple):
    """One Struct and its message. read: raises Unreadable. write: raises ValueError or TypeError."""

    read: Get
    write: Get


def codec_of(struct: inspect.StructType, message: Descriptor) -> Codec:
    """The translation of one command. Raises Disagreement."""
    make_struct = get_origin(struct.cls) or struct.cls
    make_message = GetMessageClass(message)
    _check_names(struct, message)
    gets: list[Get] = []
    puts: list[tuple[str, Put]] = []
    for field in struct.fields:
        get, put = _field(field, message)
        gets.append(get)
        puts.append((field.name, put))

    def read(given: Any) -> Any:
        return make_struct(*[get(given) for get in gets])

    def write(command: Any) -> Any:
        arguments: dict[str, Any] = {}
        for name, put in puts:
            put(arguments, getattr(command, name))
        return make_message(**arguments)

    return Codec(read, write)


def name_of(struct: inspect.StructType) -> str:
    """The name of the Struct, and so of its message and its rpc."""
    name: str = (get_origin(struct.cls) or struct.cls).__name__
    return name


def structs_of(kind: inspect.Type) -> tuple[inspect.StructType, ...]:
    """The Structs of a union of them, or the one; none for every other type."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    structs = tuple(one for one in kinds if isinstance(one, inspect.StructType))
    return structs if len(structs) == len(kinds) else ()


def _check_names(struct: inspect.StructType, message: Descriptor) -> None:
    if name_of(struct) != message.name:
        raise Disagreement(f"the message {message.full_name} should be named {name_of(struct)}")
    ours = {field.name for field in struct.fields}
    oneofs = [o for o in message.oneofs if not _is_optional(o.fields)]
    inside = {field.name for oneof in oneofs for field in oneof.fields}
    theirs = {name for name in message.fields_by_name if name not in inside} | {o.name for o in oneofs}
    if ours != theirs:
        lone = ", ".join(sorted(ours ^ theirs))
        raise Disagreement(f"only one of the message {message.full_name} and its Struct has: {lone}")


def _is_optional(members: Any) -> bool:
    """Whether a oneof is what protoc makes of one `optional` field."""
    return len(members) == 1 and members[0].containing_oneof.name == f"_{members[0].name}"


def _field(field: inspect.Field, message: Descriptor) -> tuple[Get, Put]:
    name, kind = field.name, field.type
    if name in message.oneofs_by_name:
        return _oneof(name, kind, message)
    given = message.fields_by_name[name]
    where = given.full_name
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return _repeated(name, kind, given)
    inner = _without_none(kind)
    if inner is not None and type(inner) in _SCALARS and _is_scalar(inner, given):
        if given.containing_oneof is None:
            raise Disagreement(f"{where} can be None and should be optional")
        return (lambda m: getattr(m, name) if m.HasField(name) else None), _put_as_it_is(name)
    read, write = _element(kind, given)
    if given.containing_oneof is not None or given.is_repeated:
        raise Disagreement(f"{where} is never None nor a list and should be neither optional nor repeated")
    _check_default(field, where)
    is_message = given.message_type is not None and given.message_type.full_name != VALUE

    def get(m: Any) -> Any:
        if is_message and not m.HasField(name):
            raise Unreadable(f"{where} is missing")
        return read(getattr(m, name))

    def put(arguments: dict[str, Any], value: Any) -> None:
        arguments[name] = write(value)

    if type(kind) in _SCALARS:
        return (lambda m: getattr(m, name)), _put_as_it_is(name)
    return get, put


def _put_as_it_is(name: str) -> Put:
    def put(arguments: dict[str, Any], value: Any) -> None:
        arguments[name] = value

    return put


def _check_default(field: inspect.Field, where: str) -> None:
    """What a message leaves out must mean what a Struct means that leaves it out."""
    scalar = _SCALARS.get(type(field.type))
    if scalar is not None and field.default is not NODEFAULT and field.default != scalar[2]:
        raise Disagreement(f"{where} left out means {scalar[2]!r}, but in the Struct {field.default!r}")


def _oneof(name: str, kind: inspect.Type, message: Descriptor) -> tuple[Get, Put]:
    structs = structs_of(kind)
    members = {field.name: field for field in message.oneofs_by_name[name].fields}
    where = f"{message.full_name}.{name}"
    if not structs or {struct.tag for struct in structs} != set(members):
        raise Disagreement(f"{where} should have the tags of {kind}, but has {', '.join(sorted(members))}")
    reads: dict[str, Get] = {}
    writes: dict[Any, tuple[str, Get]] = {}
    for struct in structs:
        tag = str(struct.tag)
        reads[tag], write = codec_of(struct, _message_of(members[tag]))
        writes[get_origin(struct.cls) or struct.cls] = (tag, write)

    def get(m: Any) -> Any:
        tag = m.WhichOneof(name)
        if tag is None:
            raise Unreadable(f"{where} is missing: set one of {', '.join(members)}")
        return reads[tag](getattr(m, tag))

    def put(arguments: dict[str, Any], value: Any) -> None:
        try:
            tag, write = writes[type(value)]
        except KeyError:
            raise TypeError(f"{where} cannot be a {type(value).__name__}") from None
        arguments[tag] = write(value)

    return get, put


def _repeated(name: str, kind: inspect.Type, given: FieldDescriptor) -> tuple[Get, Put]:
    assert isinstance(kind, inspect.ListType | inspect.VarTupleType)
    if not given.is_repeated:
        raise Disagreement(f"{given.full_name} should be repeated")
    read, write = _element(kind.item_type, given)
    gather: type = list if isinstance(kind, inspect.ListType) else tuple

    def put(arguments: dict[str, Any], value: Any) -> None:
        arguments[name] = [write(item) for item in value]

    return (lambda m: gather(read(item) for item in getattr(m, name))), put


def _element(kind: inspect.Type, given: FieldDescriptor) -> tuple[Get, Get]:
    """Reads and writes one value of the type `kind`."""
    if type(kind) in _SCALARS:
        if not _is_scalar(kind, given):
            raise Disagreement(f"{given.full_name} does not hold a {_SCALARS[type(kind)][1].__name__}")
        return _same, _same
    if isinstance(kind, inspect.StructType):
        return codec_of(kind, _message_of(given))
    if given.message_type is None or given.message_type.full_name != VALUE:
        raise Disagreement(f"{given.full_name} should be a {VALUE}")
    if isinstance(kind, inspect.AnyType):
        return unpack, pack
    return _checked(_types_of(kind, given), given.full_name), pack


def _same(value: Any) -> Any:
    return value


def _checked(types: frozenset[type], where: str) -> Get:
    def read(message: Any) -> Any:
        value = unpack(message)
        if type(value) not in types:
            allowed = " or ".join(sorted(t.__name__ for t in types))
            raise Unreadable(f"{where} is a {type(value).__name__}, not {allowed}")
        return value

    return read


def _types_of(kind: inspect.Type, given: FieldDescriptor) -> frozenset[type]:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    try:
        return frozenset(
            type(None) if isinstance(one, inspect.NoneType) else _SCALARS[type(one)][1] for one in kinds
        )
    except KeyError:
        raise Disagreement(f"{given.full_name}: there is no protobuf form of {kind}") from None


def _is_scalar(kind: inspect.Type, given: FieldDescriptor) -> bool:
    return given.type == _SCALARS[type(kind)][0]


def _without_none(kind: inspect.Type) -> inspect.Type | None:
    """T of "T or None"."""
    if not isinstance(kind, inspect.UnionType):
        return None
    rest = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    return rest[0] if len(rest) == 1 and len(rest) < len(kind.types) else None


def _message_of(given: FieldDescriptor) -> Descriptor:
    if given.message_type is None:
        raise Disagreement(f"{given.full_name} should be a message")
    return given.message_type
