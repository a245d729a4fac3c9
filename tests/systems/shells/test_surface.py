"""Every system has the rpcs of its commands, and every command survives the way through them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from systems import kv
from systems.raft.messages import Do, Query
from systems.registry import ENTRIES, core_of
from systems.shells.surface import Surface, client_surface, surface_of
from systems.shells.translation import Disagreement, name_of, structs_of
from systems.shells.values import Unreadable, Unsendable
from tests.systems.shells.test_values import INTS, TEXTS, VALUES, exact

CASES = [(name, {}) for name in ENTRIES] + [("file-service", {"replication": "primary-backup"})]


def strategy(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """All values of a type that commands have."""
    match kind:
        case inspect.AnyType():
            return VALUES
        case inspect.IntType():
            return INTS
        case inspect.StrType():
            return TEXTS
        case inspect.BytesType():
            return st.binary()
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.UnionType(types):
            return st.one_of([strategy(one) for one in types])
        case inspect.StructType(cls):
            return st.builds(cls, *(strategy(field.type) for field in kind.fields))
    raise AssertionError(f"no strategy for {kind}")


def spread(command: Any) -> Any:
    """A command with the types of its values."""
    if isinstance(command, msgspec.Struct):
        return type(command), {name: spread(getattr(command, name)) for name in command.__struct_fields__}
    return exact(command)


@pytest.mark.parametrize(("system", "options"), CASES)
def test_each_command_has_an_rpc(system: str, options: dict[str, str]) -> None:
    structs = structs_of(inspect.type_info(core_of(system, options).command_type))
    surface = client_surface(system, options)
    assert sorted(method.name for method in surface) == sorted(map(name_of, structs))
    package = f"splitbrain.{system.replace('-', '_')}.v1."
    assert surface.service.startswith(package)
    assert all(method.path == f"/{surface.service}/{method.name}" for method in surface)


@pytest.mark.parametrize(("system", "options"), CASES)
@given(data=st.data())
def test_each_command_comes_back_as_it_went(
    system: str, options: dict[str, str], data: st.DataObject
) -> None:
    surface = client_surface(system, options)
    kind = inspect.type_info(core_of(system, options).command_type)
    command = data.draw(strategy(kind))
    method = surface.method(command)
    assert spread(method.decode(method.encode(command))) == spread(command)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Do(1, 2**63, kv.Write("k", 1)), "Do"),
        (Do("one", 1, kv.Write("k", 1)), "Do"),  # type: ignore[arg-type]
        (Do(1, 1, kv.Read("k")), "command cannot be a Read"),
        (Query(kv.Read("\ud800")), "Query"),
        (Do(1, 1, kv.Write("k", object())), "cannot be a value"),
    ],
)
def test_what_is_no_command_cannot_be_sent(command: Any, why: str) -> None:
    with pytest.raises(Unsendable, match=why):
        client_surface("raft", {}).method(command).encode(command)


@pytest.mark.parametrize(
    ("system", "rpc", "body", "why"),
    [
        ("raft", "Query", b"", "command is missing: set one of read"),
        ("raft", "Do", b"\x08\x01", "set one of write, cas"),
        ("raft", "Do", b"\x1a\x00", "a value is missing"),
        ("active-active", "SetAdd", b"\x0a\x01k\x12\x02\x10\x01", "element is a bool, not int or str"),
        ("p2p", "Read", b"\xff", "(?i)error parsing"),
    ],
)
def test_what_is_no_command_cannot_be_read(system: str, rpc: str, body: bytes, why: str) -> None:
    (method,) = (method for method in client_surface(system, {}) if method.name == rpc)
    with pytest.raises(Unreadable, match=why):
        method.decode(body)


def test_a_command_without_an_rpc_is_seen_when_the_surface_is_made() -> None:
    class Swap(msgspec.Struct, tag="swap", array_like=True):
        key: str

    with pytest.raises(Disagreement, match="PrimaryBackup has: Swap"):
        surface_of("primary-backup", kv.Command | Swap)


def test_nodes_and_clients_share_what_they_make() -> None:
    raft = core_of("raft", {}).command_type
    assert isinstance(surface_of("raft", raft), Surface)
    assert surface_of("raft", raft) is client_surface("raft", {})
