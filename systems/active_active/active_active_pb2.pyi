# mypy: disable-error-code="type-arg"
from systems import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterRead(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class RegisterWrite(_message.Message):
    __slots__ = ("key", "value", "seen_wall", "seen_counter")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SEEN_WALL_FIELD_NUMBER: _ClassVar[int]
    SEEN_COUNTER_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: _common_pb2.Value
    seen_wall: int
    seen_counter: int
    def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_common_pb2.Value, _Mapping]] = ..., seen_wall: _Optional[int] = ..., seen_counter: _Optional[int] = ...) -> None: ...

class SetAdd(_message.Message):
    __slots__ = ("key", "element")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_FIELD_NUMBER: _ClassVar[int]
    key: str
    element: _common_pb2.Value
    def __init__(self, key: _Optional[str] = ..., element: _Optional[_Union[_common_pb2.Value, _Mapping]] = ...) -> None: ...

class SetRemove(_message.Message):
    __slots__ = ("key", "element")
    KEY_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_FIELD_NUMBER: _ClassVar[int]
    key: str
    element: _common_pb2.Value
    def __init__(self, key: _Optional[str] = ..., element: _Optional[_Union[_common_pb2.Value, _Mapping]] = ...) -> None: ...

class SetRead(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class CounterAdd(_message.Message):
    __slots__ = ("key", "amount")
    KEY_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    key: str
    amount: int
    def __init__(self, key: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class CounterRead(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...
