# mypy: disable-error-code="type-arg"
from systems import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Register(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Do(_message.Message):
    __slots__ = ("session", "sequence", "write", "cas")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WRITE_FIELD_NUMBER: _ClassVar[int]
    CAS_FIELD_NUMBER: _ClassVar[int]
    session: int
    sequence: int
    write: Write
    cas: Cas
    def __init__(self, session: _Optional[int] = ..., sequence: _Optional[int] = ..., write: _Optional[_Union[Write, _Mapping]] = ..., cas: _Optional[_Union[Cas, _Mapping]] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("target",)
    TARGET_FIELD_NUMBER: _ClassVar[int]
    target: str
    def __init__(self, target: _Optional[str] = ...) -> None: ...

class ChangeMembers(_message.Message):
    __slots__ = ("action", "node")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    action: str
    node: str
    def __init__(self, action: _Optional[str] = ..., node: _Optional[str] = ...) -> None: ...

class Query(_message.Message):
    __slots__ = ("read",)
    READ_FIELD_NUMBER: _ClassVar[int]
    read: Read
    def __init__(self, read: _Optional[_Union[Read, _Mapping]] = ...) -> None: ...

class Read(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class Write(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: _common_pb2.Value
    def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_common_pb2.Value, _Mapping]] = ...) -> None: ...

class Cas(_message.Message):
    __slots__ = ("key", "old", "new")
    KEY_FIELD_NUMBER: _ClassVar[int]
    OLD_FIELD_NUMBER: _ClassVar[int]
    NEW_FIELD_NUMBER: _ClassVar[int]
    key: str
    old: _common_pb2.Value
    new: _common_pb2.Value
    def __init__(self, key: _Optional[str] = ..., old: _Optional[_Union[_common_pb2.Value, _Mapping]] = ..., new: _Optional[_Union[_common_pb2.Value, _Mapping]] = ...) -> None: ...
