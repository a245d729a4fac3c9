"""The page: all outcomes, nothing of a stranger unescaped, no address, no script, bounded in size."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import msgspec
import pytest

from checkers.verdict import Invalid
from reports.html import render
from reports.record import RunRecord
from tests.reports import samples
from tests.reports.hostile import hostile

RECORDS = {**samples.ALL, "hostile": hostile}
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Collects tags, attributes and text; fails on tags that do not nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def outline(page: str) -> Outline:
    """`page`, parsed; every tag must nest."""
    parsed = Outline()
    parsed.feed(page)
    parsed.close()
    assert parsed.open == []
    return parsed


@pytest.mark.parametrize("name", RECORDS)
def test_every_outcome_renders_as_one_page_that_nests_without_script_or_address(name: str) -> None:
    page = render(RECORDS[name]())
    parsed = outline(page)
    assert parsed.tags.count("h1") == 1
    assert not {"script", "img", "link", "iframe", "object", "base", "form"} & set(parsed.tags)
    assert "://" not in page
    assert "@import" not in page
    assert not {"src", "srcset", "xlink:href", "action", "style"} & {a for a, _ in parsed.attributes}
    assert not any(a.startswith("on") for a, _ in parsed.attributes)
    assert all(v.startswith("#") for a, v in parsed.attributes if a == "href")
    assert len(parsed.ids) == len(set(parsed.ids)), "an id stands twice"
    anchors = {v[1:] for a, v in parsed.attributes if a == "href"}
    assert anchors <= set(parsed.ids)


@pytest.mark.parametrize(
    ("name", "title", "expectation", "tone"),
    [
        ("valid", "No anomaly found", "This is what was expected.", "good"),
        ("anomaly-expected", "Anomaly found", "This is what was expected.", "bad"),
        ("anomaly-unexpected", "Anomaly found", "No anomaly was expected.", "bad"),
        ("inconclusive", "Inconclusive", "This run cannot tell.", "warn"),
        ("failed", "The run failed during setup", "This run cannot tell.", "bad"),
        ("interrupted", "Interrupted", "This run cannot tell.", "neutral"),
    ],
)
def test_the_banner_says_the_outcome_in_words(name: str, title: str, expectation: str, tone: str) -> None:
    page = render(RECORDS[name]())
    assert f'<h1 id="verdict-title">{title}</h1>' in page
    assert expectation in page
    assert f'class="banner {tone}"' in page


def test_a_missing_anomaly_is_said_to_be_missing() -> None:
    record = samples.valid_raft(200)
    card = msgspec.structs.replace(record.card, expect="anomaly", as_expected=False, exit_code=1)
    page = render(RunRecord(card, record.history, record.claims, record.roles))
    assert "An anomaly was expected, and none was found." in page
    assert 'class="banner warn"' in page


def test_the_page_names_operations_states_faults_claims_and_the_replay() -> None:
    words = " ".join("".join(outline(render(samples.stale_read())).words).split())
    for expected in (
        "process 2 read 3 from n1 at 9.902 s",
        "221 other operations of this key left out",
        "unknown: timed out after 1000 ms",
        "reads 3, but the state is 7",
        "cut n1 (primary) from n2, n3; clients still reach it",
        "indeterminate",
        "the system claims less: judged by the workload's property all the same",
        "Only 1 of 2 planned faults were installed.",
        "splitbrain run primary-backup --workload register --nodes 3 --seed 99 --expect anomaly",
    ):
        assert expected in words, expected


def test_one_operation_is_not_said_to_contradict_others() -> None:
    record = samples.stale_read()
    first, *others = record.claims
    assert isinstance(first.verdict, Invalid)
    found = samples.stale_read_example()
    assert f"{len(found.ops)} operations that contradict each other;" in render(record)
    single = msgspec.structs.replace(found, ops=found.ops[-1:], order=(), stuck=found.stuck)
    verdict = msgspec.structs.replace(first.verdict, counter_example=single)
    claims = (msgspec.structs.replace(first, verdict=verdict), *others)
    page = render(RunRecord(record.card, record.history, claims, record.roles))
    assert "1 operation that nothing allows;" in page
    assert "contradict each other" not in page


def test_a_strangers_strings_are_escaped_visible_and_clipped() -> None:
    page = render(hostile())
    body = page.split("</style>")[1]
    assert "<script" not in body
    assert "<img" not in body
    assert not set("\u202e\u202c\x00\x1b") & set(page)
    assert "\\u202eevil\\u202c" in body
    assert re.search(r"… \([\d,]+ more\)", body)
    longest = max(len(run) for run in re.findall("x+", body.split('id="replay"')[0]))
    assert longest < 1200
    assert len(page) < 600_000


def test_a_hundred_thousand_operations_make_a_small_page_quickly() -> None:
    record = samples.valid_raft(100_000)
    begun = time.perf_counter()
    page = render(record)
    assert time.perf_counter() - begun < 10
    assert len(page.encode()) < 500_000


def test_long_evidence_is_folded_away() -> None:
    record = hostile()
    page = render(record)
    assert page.count("<details>") == 1
    assert "all 5 lines" in page
