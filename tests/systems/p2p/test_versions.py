"""The laws of version vectors, by chance: what a key comes to does not depend on how the news travelled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from systems.p2p.messages import Item
from systems.p2p.versions import NOTHING, changed, covers, join, ordered, settled

NODES = ("n1", "n2", "n3")

# What happens at three peers: a write or a delete at one, or one hears the other.
Steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NODES), st.sampled_from(NODES)),
        st.tuples(st.just("delete"), st.sampled_from(NODES), st.sampled_from(NODES)),
        st.tuples(st.just("hear"), st.sampled_from(NODES), st.sampled_from(NODES)),
    ),
    max_size=20,
)


class Story:
    """Three items, and beside them a model: the set of events each has heard of, and what each event saw."""

    def __init__(self, steps: list[tuple[str, str, str]]) -> None:
        self.items = dict.fromkeys(NODES, NOTHING)
        self.heard: dict[str, frozenset[int]] = dict.fromkeys(NODES, frozenset())
        self.seen: list[frozenset[int]] = []  # by event
        self.gone: list[bool] = []
        self.past: list[Item] = [NOTHING]
        for what, node, other in steps:
            if what == "hear":
                self.hear(node, other)
            else:
                self.happen(node, what == "delete")
            self.past.append(self.items[node])

    def hear(self, node: str, other: str) -> None:
        self.items[node] = ordered(join(self.items[node], self.items[other]))
        self.heard[node] |= self.heard[other]

    def happen(self, node: str, gone: bool) -> None:
        event = len(self.seen)
        self.items[node] = changed(self.items[node], node, event, gone=gone)
        self.seen.append(self.heard[node])
        self.gone.append(gone)
        self.heard[node] |= {event}

    def left(self, node: str) -> set[int]:
        """The events heard of that no other of them has seen."""
        events = self.heard[node]
        return {e for e in events if not any(e in self.seen[other] for other in events)}


@given(Steps)
def test_an_item_is_what_its_events_make_it(steps: list[tuple[str, str, str]]) -> None:
    story = Story(steps)
    for node in NODES:
        item = story.items[node]
        assert {v.value for v in item.versions} == story.left(node)
        assert sum(item.known.values()) == len(story.heard[node])


@given(Steps)
def test_joining_is_commutative_associative_and_idempotent(steps: list[tuple[str, str, str]]) -> None:
    a, b, c = (Story(steps).items[node] for node in NODES)
    assert ordered(join(a, b)) == ordered(join(b, a))
    assert ordered(join(join(a, b), c)) == ordered(join(a, join(b, c)))
    assert ordered(join(a, a)) == a
    assert ordered(join(a, NOTHING)) == a


@given(Steps)
def test_equal_vectors_are_equal_items_and_old_ones_add_nothing(steps: list[tuple[str, str, str]]) -> None:
    story = Story(steps)
    for one in story.past:
        for other in story.past:
            if one.known == other.known:
                assert one == other
            if covers(one.known, other.known):
                assert ordered(join(one, other)) == one


@given(Steps)
def test_what_a_reader_gets_was_not_deleted(steps: list[tuple[str, str, str]]) -> None:
    story = Story(steps)
    for node in NODES:
        value = settled(story.items[node])
        alive = {event for event in story.left(node) if not story.gone[event]}
        assert value in alive if alive else value is None
