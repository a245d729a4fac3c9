# mypy: disable-error-code="type-arg"
from systems import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WriteChunk(_message.Message):
    __slots__ = ("path", "data", "last")
    PATH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    path: str
    data: bytes
    last: bool
    def __init__(self, path: _Optional[str] = ..., data: _Optional[bytes] = ..., last: _Optional[bool] = ...) -> None: ...

class Register(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Do(_message.Message):
    __slots__ = ("session", "sequence", "write", "append", "rename", "remove", "stage", "commit")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WRITE_FIELD_NUMBER: _ClassVar[int]
    APPEND_FIELD_NUMBER: _ClassVar[int]
    RENAME_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    session: int
    sequence: int
    write: Write
    append: Append
    rename: Rename
    remove: Remove
    stage: Stage
    commit: Commit
    def __init__(self, session: _Optional[int] = ..., sequence: _Optional[int] = ..., write: _Optional[_Union[Write, _Mapping]] = ..., append: _Optional[_Union[Append, _Mapping]] = ..., rename: _Optional[_Union[Rename, _Mapping]] = ..., remove: _Optional[_Union[Remove, _Mapping]] = ..., stage: _Optional[_Union[Stage, _Mapping]] = ..., commit: _Optional[_Union[Commit, _Mapping]] = ...) -> None: ...

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
    __slots__ = ("read", "read_part", "list")
    READ_FIELD_NUMBER: _ClassVar[int]
    READ_PART_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    read: Read
    read_part: ReadPart
    list: List
    def __init__(self, read: _Optional[_Union[Read, _Mapping]] = ..., read_part: _Optional[_Union[ReadPart, _Mapping]] = ..., list: _Optional[_Union[List, _Mapping]] = ...) -> None: ...

class Write(_message.Message):
    __slots__ = ("path", "data")
    PATH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    path: str
    data: bytes
    def __init__(self, path: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class Append(_message.Message):
    __slots__ = ("path", "data")
    PATH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    path: str
    data: bytes
    def __init__(self, path: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class Rename(_message.Message):
    __slots__ = ("path", "to")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    path: str
    to: str
    def __init__(self, path: _Optional[str] = ..., to: _Optional[str] = ...) -> None: ...

class Remove(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class Stage(_message.Message):
    __slots__ = ("upload", "path", "number", "data")
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    upload: str
    path: str
    number: int
    data: bytes
    def __init__(self, upload: _Optional[str] = ..., path: _Optional[str] = ..., number: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class Commit(_message.Message):
    __slots__ = ("upload", "parts")
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    upload: str
    parts: int
    def __init__(self, upload: _Optional[str] = ..., parts: _Optional[int] = ...) -> None: ...

class Read(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class ReadPart(_message.Message):
    __slots__ = ("path", "version", "number")
    PATH_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    path: str
    version: int
    number: int
    def __init__(self, path: _Optional[str] = ..., version: _Optional[int] = ..., number: _Optional[int] = ...) -> None: ...

class List(_message.Message):
    __slots__ = ("directory",)
    DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    directory: str
    def __init__(self, directory: _Optional[str] = ...) -> None: ...
