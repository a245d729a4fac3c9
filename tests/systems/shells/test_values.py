"""Values and answers survive the way through protobuf, and nothing else gets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems import common_pb2 as pb
from systems import kv
from systems.shells.values import Unreadable, Unsendable, pack, pack_reply, unpack, unpack_reply

INTS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | INTS | st.floats(allow_nan=False) | TEXTS | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
RESULTS = (
    st.builds(kv.Ok, VALUES)
    | st.builds(kv.NotLeader, st.none() | TEXTS)
    | st.builds(kv.Refused, TEXTS)
    | st.builds(kv.Uncertain, TEXTS)
)


def exact(value: Any) -> Any:
    """Tells 1 from True and 1.0, which == does not."""
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    return type(value), value


@given(VALUES)
def test_a_value_comes_back_as_it_went(value: Any) -> None:
    wire = pack(value).SerializeToString()
    assert exact(unpack(pb.Value.FromString(wire))) == exact(value)


@given(RESULTS)
def test_an_answer_comes_back_as_it_went(result: kv.Result) -> None:
    assert unpack_reply(pack_reply(result)) == result


def test_a_tuple_comes_back_as_a_list() -> None:
    assert unpack(pack((1, ("a", None)))) == [1, ["a", None]]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, object(), {1: "a"}, "\ud800", {"a": [set()]}])
def test_what_has_no_form_cannot_be_sent(value: Any) -> None:
    with pytest.raises(Unsendable):
        pack(value)


@pytest.mark.parametrize("message", [pb.Value(), pb.Value(list_value=pb.List(items=[pb.Value()]))])
def test_a_value_that_was_forgotten_is_not_null(message: pb.Value) -> None:
    with pytest.raises(Unreadable, match="null is"):
        unpack(message)


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x0a\x00"])
def test_a_reply_without_a_result_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        unpack_reply(body)
