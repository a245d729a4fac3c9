"""The pictures: well-formed, escaped, without collisions, bounded in size."""

from __future__ import annotations

import itertools
import random
import re
import xml.etree.ElementTree as ET

import pytest

from checkers.verdict import CounterExample, EvidenceOp, PlacedStep, StuckOp
from reports.answer import counter_examples
from reports.svg import counter_example, whole_run
from reports.svg.axis import Room, lay_out
from reports.svg.elements import tag, text, width_px
from tests.reports import samples
from tests.reports.hostile import hostile

RECORDS = {**samples.ALL, "hostile": hostile}


def test_plain_strings_are_escaped_in_children_and_attributes() -> None:
    drawn = str(tag("text", "<b>&\u202e", x=1.25, class_="\"'><"))
    assert drawn == '<text x="1.2" class="&#34;&#39;&gt;&lt;">&lt;b&gt;&amp;\\u202e</text>'


@pytest.mark.parametrize("seed", range(40))
def test_the_axis_keeps_order_and_gives_every_room(seed: int) -> None:
    rng = random.Random(seed)
    moments = sorted(
        {(rng.choice((0, 5, 7, 10**6, 10**10)) + rng.randrange(3), rng.randrange(2)) for _ in range(12)}
    )
    rooms = []
    for _ in range(8):
        a, b = sorted(rng.sample(range(len(moments)), 2))
        rooms.append(Room(moments[a], None if rng.random() < 0.3 else moments[b], rng.uniform(5, 300)))
    axis = lay_out(moments, rooms, 80, rng.choice((0, 900)), 26)
    places = [axis.places[m] for m in moments]
    assert all(a < b for a, b in itertools.pairwise(places)), f"seed {seed}"
    for room in rooms:
        end = axis.right if room.until is None else axis.places[room.until]
        assert end - axis.places[room.since] >= room.px - 1e-6, f"seed {seed}: {room}"


def random_example(seed: int) -> CounterExample:
    """Some processes one operation after the other, microseconds to minutes apart, some open, some stuck."""
    rng = random.Random(seed)
    ops: list[EvidenceOp] = []
    for process in range(rng.randrange(1, 5)):
        t = rng.randrange(0, 10**9)
        for _ in range(rng.randrange(1, 4)):
            end = t + rng.choice((0, 1000, 10**7, 10**11))
            is_open = rng.random() < 0.2
            label = rng.choice(("read → 4", "cas 1→2 → false", "write " + "語" * 30))
            returned = None if is_open else end
            ops.append(
                EvidenceOp(len(ops), process, "x", "k", None, None, "ok", t, returned, "n1", None, label)
            )
            if is_open:
                break
            t = end + rng.choice((0, 1, 10**6, 10**10))
    ops.sort(key=lambda op: op.call_ns)
    cut = rng.randrange(len(ops))
    placed = tuple(PlacedStep(op.index, "a state in words") for op in ops[:cut])
    stuck = (StuckOp(ops[cut].index, "reads 4, but the state is 7, which is said at some length"),)
    return CounterExample("k", "register", "nil", tuple(ops), placed, stuck)


@pytest.mark.parametrize("width", [0, 1000])
@pytest.mark.parametrize("seed", range(40))
def test_no_two_texts_of_a_counter_example_overlap_and_none_leaves_the_picture(seed: int, width: int) -> None:
    drawn = counter_example.draw(random_example(seed), (), origin_ns=0, end_ns=10**12, width=width, name="e")
    root = ET.fromstring(str(drawn))
    boxes = []
    for element in root.iter("text"):
        small = element.get("class") != "bar-label"
        wide = width_px(element.text or "", 6.6 if small else 7.3)
        x = float(element.get("x", 0))
        x -= wide / 2 if element.get("text-anchor") == "middle" else 0
        boxes.append((x, x + wide, float(element.get("y", 0)), element.text))
    limit = float(root.get("width", 0))
    assert all(a >= 0 and b <= limit for a, b, _, _ in boxes), f"seed {seed}: {boxes}, {limit}"
    for one, other in itertools.combinations(boxes, 2):
        apart = one[1] <= other[0] or other[1] <= one[0] or abs(one[2] - other[2]) >= 11
        assert apart, f"seed {seed}: {one} and {other} overlap"


def test_the_counter_example_shows_order_states_and_why() -> None:
    record = samples.stale_read()
    ((_, found),) = counter_examples(record)
    drawn = counter_example.draw(
        found,
        record.history.disturbances,
        origin_ns=samples.START_NS,
        end_ns=samples.at(24),
        width=1000,
        name="e",
    )
    texts = [t.text for t in ET.fromstring(str(drawn)).iter("text")]
    for expected in ("process 4", "1", "2", "3", "n1 · state 3", "n1 · reads 3, but the state is 7", "9.902"):
        assert expected in texts
    assert any(t and t.startswith("partition: cut n1") for t in texts)
    assert not any(t and t.startswith("pause") for t in texts), "that fault began later"


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("width", [330, 1060])
def test_the_whole_run_is_well_formed_and_inside_its_frame(name: str, width: int) -> None:
    record = RECORDS[name]()
    found = [example for _, example in counter_examples(record)]
    drawn = str(whole_run.draw(record, found, width=width, name="r"))
    if name == "failed":
        assert drawn == ""
        return
    root = ET.fromstring(drawn)
    height = float(root.get("height", 0))
    for box in root.iter("rect"):
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        assert x >= -2
        assert x + float(box.get("width", 0)) <= width + 2
        assert y + float(box.get("height", 0)) <= height
    assert "NaN" not in drawn
    assert not re.search(r"\bnan\b", re.sub(r"<(title|text|desc).*?</\1>", "", drawn, flags=re.DOTALL))


def test_a_text_has_its_place_and_class() -> None:
    assert str(text(1, 2, "a", "c", "end")) == '<text x="1" y="2" class="c" text-anchor="end">a</text>'
