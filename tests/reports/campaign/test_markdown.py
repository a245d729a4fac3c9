"""The summary in Markdown: what it says, that strangers' text stays text, and that it fits."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reports.campaign.cutting import NOTE_BYTES, Section, fitted
from reports.campaign.inert import code, head, inert, row
from reports.campaign.markdown import LIMIT, MOST_NEW, MOST_ROWS, summary
from reports.words import clip, one_line
from tests.reports.campaign import samples
from tests.reports.campaign.extremes import ALL, huge
from tests.reports.hostile import NASTY

HTML = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {"h2", "h3", "h4", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code", "wbr"}
TRICKS = (
    "[a](x)", "![a](x)", "<b>", "&lt;", "&#60;", "`a`", "*a*", "__a__", "~~a~~", "# a", "- a", "+ a", "1. a",
    "1) a", "> a", "---", "===", "| a | b |", "a\n\nb", "<!--", "\\", "\\|", "[a]: x", "$a$", "@a/b", "#12",
    "a@b.org", "GH-12", "x/y#1", "www.a.org", "WWW.a.org", "http://a.org", "xmpp:a@b", ":smile:", "```",
)  # fmt: skip
PARTS = st.lists(st.sampled_from(TRICKS) | st.text(max_size=3), max_size=6)
TEXTS = st.text(max_size=80) | PARTS.map("".join)
LINES = st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=40)


def size(text: str) -> int:
    """As a file has it."""
    return len(text.encode())


class Seen(HTMLParser):
    """The tags and texts of a page; texts between tags apart, as a host that looks for names sees them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def words(markdown: str) -> str:
    """What a reader sees, in one line."""
    return " ".join("".join(Seen(HTML.render(markdown)).texts).split())


def harmless(texts: list[str]) -> bool:
    """Does a host find no name, issue, address or picture in the texts?"""
    found = re.compile(r"@\w|#\w|(?i:www)\.\w|://|:\w+:|(?i:\bgh-\d)")
    return not any(found.search(text) for text in texts)


@settings(deadline=None)
@example(NASTY[:300], "")
@given(TEXTS, st.sampled_from(("", "- ", "#### ")))
def test_a_strangers_text_is_read_as_that_text_wherever_it_stands(text: str, before: str) -> None:
    seen = Seen(HTML.render(f"{before}{inert(text, 10_000)}"))
    assert "".join(seen.texts).strip("\n") == one_line(text)
    assert set(seen.tags) <= {"p", "ul", "li", "h4", "wbr"}
    assert seen.attributes == set()


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_two_strangers_make_two_cells_of_one_row(one: str, other: str) -> None:
    table = "\n".join([*head(["a", "b:"]), row([inert(one), code(other)])])
    page = HTML.render(table)
    seen = Seen(page)
    assert (seen.tags.count("tr"), seen.tags.count("td")) == (2, 2)
    cells = ["".join(Seen(cell).texts) for cell in re.findall(r"<td[^>]*>(.*?)</td>", page, re.S)]
    assert cells == [clip(one_line(text), 300) or "–" for text in (one, other)]
    assert set(seen.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code", "wbr"}
    assert harmless(seen.texts)


@pytest.mark.parametrize("text", TRICKS)
def test_no_trick_makes_structure_or_a_name_that_a_host_finds(text: str) -> None:
    seen = Seen(HTML.render(f"- {inert(text)}"))
    assert [t for t in seen.tags if t != "wbr"] == ["ul", "li"]
    assert harmless(seen.texts)


@pytest.mark.parametrize("name", ALL)
def test_a_summary_has_only_our_tags_and_fits(name: str) -> None:
    told = summary(ALL[name]())
    seen = Seen(HTML.render(told))
    assert set(seen.tags) <= OURS
    assert seen.attributes <= {"style"}, "a column's side"
    assert size(told) <= LIMIT
    assert not set("\u202e\u202c\x00\x1b") & set(told)
    tables = [line.count(" | ") for line in told.splitlines() if re.match(r"\| (---|:)", line)]
    assert len(tables) == seen.tags.count("table")


def test_the_most_important_comes_first() -> None:
    told = words(summary(samples.eventful()))
    order = (
        "Anomalies that nobody expected: nightly, 2026-03-14, shard 1/2",
        "9 runs of 8 cells in 6 h 13 min",
        "raft register shows a stale read that was never seen before",
        "New fingerprints",
        samples.SENTENCE,
        "No order of the operations that keeps to real time gives these answers.",
        "fingerprint: 9f2c81d04b7e",
        "reads 3, but the state is 7",
        f"Replay: {samples.REPLAY}",
        "Ongoing",
        "known: a client's session is not pinned",
        "Runs that need a look",
        "it was killed after 600 s",
        "Matrix",
        "unexpected anomaly",
        "2/5 40 % (11.8–76.9 %)",
        "0/41 (< 8.6 %)",
        "Vanished cells raft/mutex/partition@local",
        "Planted bugs found bug",
        "missed raft/acks-early",
        "not hunted",
        "Expected anomalies",
        "Not seen tonight",
        "Trends",
        "1,363/s → 1,214/s",
        "Not done",
        "there is no docker here",
        "Notes",
        "Environment",
        "Again splitbrain campaign run nightly.toml --shard 1/2",
    )
    at = -1
    told = told.replace("\n", " ")
    for part in order:
        here = told.find(part, at + 1)
        assert here > at, part
        at = here


def test_cells_that_are_not_as_expected_are_marked_and_come_first() -> None:
    told = summary(samples.eventful()).split("### Matrix")[1].split("###")[0]
    verdicts = [line.split(" | ")[5] for line in told.splitlines() if line.startswith("| ")][2:]
    assert verdicts == [
        "⚠ unexpected anomaly",
        "⚠ failed",
        "⚠ inconclusive",
        "⚠ below a threshold",
        "⚠ expected anomaly gone",
        "⚠ not run",
        "as expected",
        "as expected",
    ]


def test_what_there_is_nothing_of_has_no_heading() -> None:
    told = summary(samples.empty())
    assert "Nothing ran" in told
    assert re.findall("^### (.+)$", told, re.M) == ["Numbers", "Again"]
    assert "New fingerprints" not in summary(samples.quiet())


@pytest.mark.parametrize("name", ["eventful", "huge", "hostile"])
def test_it_never_has_more_bytes_than_asked_for_and_says_what_is_missing(name: str) -> None:
    record = ALL[name]()
    whole = summary(record, 10**9)
    for limit in (0, 600, 4_000, 20_000, size(whole) - 1, size(whole)):
        told = summary(record, limit)
        assert size(told) <= limit
        if size(whole) <= limit:
            assert told == whole
        elif told:
            kept, note = told.rstrip("\n").rsplit("\n\n", 1)
            assert re.match(rf"Cut at {limit:,} bytes; [\d,]+ rows? left out of: ", note)
            assert whole.startswith(kept + "\n")
        else:
            assert limit < 4_000


@given(
    st.lists(st.lists(LINES, min_size=1, max_size=30), min_size=1, max_size=8),
    st.integers(0, 4_000),
)
def test_every_row_is_told_or_counted(tables: list[list[str]], limit: int) -> None:
    sections = [Section(f"s{n}", f"### s{n}", (), tuple(rows)) for n, rows in enumerate(tables)]
    told = fitted(sections, limit)
    assert size(told) <= limit
    every = sum(len(rows) for rows in tables)
    note = re.search(r"^Cut at .* bytes; ([\d,]+) rows? left out of: (.*)\.$", told, re.M)
    if note:
        named = [int(n) for n in re.findall(r"s\d \((\d+)\)", note[2])]
        assert sum(named) == int(note[1])
        assert 0 < int(note[1]) < every
        assert size(note[0]) < NOTE_BYTES
        lines = told.split("\n")
        assert len(lines) - 1 == every - int(note[1]) + 3 * told.count("### s") + 1
    else:
        assert told in ("", "".join(section.lines() for section in sections))


def test_the_ends_of_many_short_rows_count_too() -> None:
    told = fitted([Section("s", "### s", (), ("é",) * 3_000)], 4_000)
    assert 3_000 < size(told) <= 4_000


def test_tables_do_not_grow_with_the_runs() -> None:
    told = summary(huge(), 10**9)
    assert "… 200 more" in told
    assert told.count("it was killed after 600 s") == MOST_ROWS
    many = tuple(samples.group(fingerprint=f"{n:04x}") for n in range(MOST_NEW + 7))
    told = summary(msgspec.structs.replace(samples.eventful(), groups=many))
    assert told.count("#### ★") == MOST_NEW
    assert told.count("| ★ new |") == 7
