"""The tree as a state machine: one test per law, and a dumb map of strings beside it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from systems.file_service.messages import (
    Append,
    Change,
    Commit,
    List,
    Read,
    ReadPart,
    Remove,
    Rename,
    Stage,
    Write,
)
from systems.file_service.tree import FILES, PART_BYTES, Tree
from systems.machine import MESSAGE_BYTES


def tree(*changes: Change, **how: Any) -> Tree:
    """A tree that has seen these."""
    made = Tree(**how)
    for change in changes:
        made.apply(change)
    return made


def content(held: Tree, path: str) -> bytes | None:
    """What a patient reader gets."""
    found = held.apply(Read(path)).value
    if found is None:
        return None
    version, parts, size, first = found
    whole = b"".join([first, *(held.apply(ReadPart(path, version, n)).value for n in range(1, parts))])
    assert len(whole) == size
    return whole


def uploaded(path: str, *parts: bytes, name: str = "u") -> list[Change]:
    return [*(Stage(name, path, n, part) for n, part in enumerate(parts)), Commit(name, len(parts))]


def test_a_write_replaces_the_whole() -> None:
    held = tree(Write("a", b"long content"), Write("a", b"short"))
    assert content(held, "a") == b"short"
    assert content(held, "b") is None
    assert content(tree(Write("a", b"")), "a") == b""


def test_an_append_joins_the_last_part_up_to_a_size_and_makes_what_is_missing() -> None:
    held = tree(Append("a", b"x"), Append("a", b"y"))
    assert held.apply(Read("a")).value[1:] == [1, 2, b"xy"]
    held.apply(Append("a", b"z" * PART_BYTES))
    assert held.apply(Read("a")).value[1:] == [2, 2 + PART_BYTES, b"xy"]
    assert content(held, "a") == b"xy" + b"z" * PART_BYTES


def test_a_rename_replaces_its_target_and_says_whether_there_was_a_source() -> None:
    held = tree(Write("a", b"1"), Write("b", b"2"))
    assert held.apply(Rename("a", "b")).value is True
    assert (content(held, "a"), content(held, "b")) == (None, b"1")
    assert held.apply(Rename("a", "b")).value is False
    assert content(held, "b") == b"1", "nothing happens where the source is missing"
    assert held.apply(Rename("b", "b")).value is True
    assert content(held, "b") == b"1"


def test_a_remove_says_whether_there_was_something() -> None:
    held = tree(Write("a", b"1"))
    assert [held.apply(Remove("a")).value for _ in range(2)] == [True, False]


def test_a_listing_is_sorted_and_relative_to_its_directory() -> None:
    held = tree(*(Write(path, b"") for path in ("d/b", "d/a", "d/sub/c", "da", "e")))
    assert held.apply(List("d")).value == ["a", "b", "sub/c"]
    assert held.apply(List("")).value == ["d/a", "d/b", "d/sub/c", "da", "e"]
    assert held.apply(List("d/a")).value == []


def test_what_is_staged_is_seen_by_nobody_until_it_is_committed() -> None:
    *stages, commit = uploaded("a", b"one", b"two")
    held = tree(Write("a", b"old"), *stages)
    assert content(held, "a") == b"old"
    assert held.apply(commit).value is True
    assert content(held, "a") == b"onetwo"
    assert held.apply(commit).value is False, "an upload is committed once"


def test_parts_come_in_order_and_one_may_come_again() -> None:
    held = tree()
    assert held.apply(Stage("u", "a", 1, b"two")).value is False
    assert [held.apply(Stage("u", "a", n, part)).value for n, part in ((0, b"1"), (0, b"1"), (1, b"2"))] == [
        True
    ] * 3
    assert held.apply(Commit("u", 3)).value is False, "it has not so many parts"
    assert held.apply(Commit("u", 2)).value is True
    assert content(held, "a") == b"12"


def test_an_upload_that_nobody_goes_on_with_is_forgotten_by_count() -> None:
    held = tree(Stage("u", "a", 0, b"1"), *[Write("b", b"")] * 3, upload_life=3)
    assert held.apply(Stage("u", "a", 1, b"2")).value is False
    held = tree(
        Stage("u", "a", 0, b"1"),
        *[Write("b", b"")] * 2,
        Stage("u", "a", 1, b"2"),
        *[Remove("b")] * 2,
        upload_life=3,
    )
    assert held.apply(Commit("u", 2)).value is True, "each part gives it another life"


def test_a_reader_gets_parts_of_its_version_or_nothing() -> None:
    held = tree(*uploaded("a", b"one", b"two"))
    version = held.apply(Read("a")).value[0]
    held.apply(Rename("a", "b"))
    assert held.apply(ReadPart("b", version, 1)).value == b"two", "a version keeps its name when it moves"
    assert held.apply(ReadPart("a", version, 1)).value is None
    for change in uploaded("b", b"three", b"four"):
        held.apply(change)
    assert held.apply(ReadPart("b", version, 1)).value is None
    assert held.apply(ReadPart("b", version, 9)).value is None


def test_a_dump_holds_everything_and_shares_nothing() -> None:
    held = tree(Write("a", b"1"), Stage("u", "b", 0, b"2"), upload_life=2)
    other = tree(Write("z", b""), upload_life=2)
    other.load(held.dump())
    assert other.dump() == held.dump()
    assert [one.apply(Stage("u", "b", 1, b"3")).value for one in (held, other)] == [True, True]
    assert [one.apply(Commit("u", 2)).value for one in (held, other)] == [True, True]
    other.apply(Remove("a"))
    assert content(held, "a") == b"1"


def test_two_large_parts_do_not_go_into_one_message() -> None:
    part = b"x" * (MESSAGE_BYTES * 2 // 3)
    assert FILES.fitting([Stage("u", "a", 0, part), Stage("u", "a", 1, part)]) == 1
    assert FILES.fitting([Rename("a", "b")] * 9) == 9


PATHS = st.sampled_from(["a", "b", "c"])
BYTES = st.binary(max_size=3)
CHANGES = st.one_of(
    st.builds(Write, PATHS, BYTES),
    st.builds(Append, PATHS, BYTES),
    st.builds(Rename, PATHS, PATHS),
    st.builds(Remove, PATHS),
)


@given(st.lists(CHANGES | st.tuples(PATHS, st.lists(BYTES, min_size=1, max_size=3)), max_size=30))
def test_it_does_what_a_map_does(script: list[Any]) -> None:
    held, plain = Tree(), dict[str, bytes]()
    for at, step in enumerate(script):
        match step:
            case Write(path, data):
                plain[path] = data
            case Append(path, data):
                plain[path] = plain.get(path, b"") + data
            case Rename(path, to) if path in plain:
                plain[to] = plain.pop(path)
            case Remove(path):
                plain.pop(path, None)
            case (path, parts):
                plain[path] = b"".join(parts)
        for change in uploaded(step[0], *step[1], name=f"u{at}") if isinstance(step, tuple) else [step]:
            held.apply(change)
        assert {path: content(held, path) for path in held.apply(List("")).value} == plain
