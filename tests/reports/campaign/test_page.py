"""The page of a night: all kinds of nights, what stands first, nothing of a stranger unescaped, no address,
no script, bounded in size and time.
"""

from __future__ import annotations

import re
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.campaign import groups, matrix
from reports.campaign.answer import TITLES, answer
from reports.campaign.links import relative
from reports.campaign.page import MOST_LOOKS, render
from reports.campaign.record import CampaignRecord, Night, Tally
from tests.reports.campaign import samples
from tests.reports.campaign.extremes import ALL, hostile, huge
from tests.reports.hostile import NASTY
from tests.reports.test_html import outline


def changed(**fields: object) -> CampaignRecord:
    """A night as expected, with changes."""
    return msgspec.structs.replace(samples.quiet(), **fields)


def section(page: str, name: str) -> str:
    """The words of one section, in one line."""
    inside = page.partition(f'<section id="{name}"')[2].partition("</section>")[0]
    return " ".join(" ".join(outline(f"<p{inside}</p>").words).split())


@pytest.mark.parametrize("name", ALL)
def test_every_night_renders_as_one_page_that_nests_without_script_or_address(name: str) -> None:
    page = render(ALL[name]())
    parsed = outline(page)
    assert parsed.tags.count("h1") == 1
    assert not {"script", "img", "link", "iframe", "object", "base", "form"} & set(parsed.tags)
    assert "://" not in page
    assert "@import" not in page
    assert not {"src", "srcset", "xlink:href", "action", "style"} & {a for a, _ in parsed.attributes}
    assert not any(a.startswith("on") for a, _ in parsed.attributes)
    assert len(parsed.ids) == len(set(parsed.ids)), "an id stands twice"
    links = [v for a, v in parsed.attributes if a == "href"]
    assert {link[1:] for link in links if link.startswith("#")} <= set(parsed.ids)
    assert all(re.fullmatch(r"(\.\./[\d-]+/)?runs/\d+/report\.html", v) for v in links if v[0] != "#")


@pytest.mark.parametrize("name", ALL)
def test_tables_have_captions_and_heads_and_regions_can_be_reached(name: str) -> None:
    page = render(ALL[name]())
    assert page.count("<table") == page.count("<caption") == page.count("<thead")
    assert page.count("<th") - page.count("<thead") == len(re.findall(r"<th [^>]*scope=", page))
    regions = re.findall(r'<div class="scroll[^>]*>', page)
    assert all('tabindex="0" role="region" aria-label="' in region for region in regions)
    labels = re.findall(r'role="region" aria-label="([^"]*)"', page)
    assert len(labels) == len(set(labels))
    assert 'class="skip" href="#main"' in page


NOTHING = {"cells": (), "runs": (), "bugs": ()}
UNEXPECTED = samples.cell("a", "b", "c", verdict="unexpected anomaly")
GONE = samples.cell("a", "b", "c", verdict="expected anomaly gone")
FAILED = samples.run(outcome="failed", trouble="x")
BAD = samples.run(outcome="anomaly", trouble="an anomaly")
MISSING = samples.eventful().bugs[1]


@pytest.mark.parametrize(
    ("fields", "title", "tone"),
    [
        ({}, "As expected", "good"),
        ({"runs": (BAD,)}, TITLES["unexpected"], "bad"),
        ({"cells": (UNEXPECTED,)}, TITLES["unexpected"], "bad"),
        ({"runs": (BAD, FAILED)}, TITLES["unexpected"], "bad"),
        ({"runs": (FAILED,), "bugs": (MISSING,)}, "Runs failed", "bad"),
        ({"cells": (GONE,)}, "Expected anomalies are gone", "warn"),
        ({"bugs": (MISSING,)}, "Expected anomalies are gone", "warn"),
        ({"runs": (samples.run(outcome="inconclusive", trouble="x"),)}, "Inconclusive", "warn"),
        ({"runs": (samples.run(trouble="too few operations"),)}, "Inconclusive", "warn"),
        ({**NOTHING, "exit_code": 5}, "Nothing ran", "warn"),
        ({**NOTHING, "exit_code": 0}, "Nothing ran", "warn"),
        ({"exit_code": None}, "Not finished", "neutral"),
        ({"exit_code": 130}, "Not finished", "neutral"),
        ({"exit_code": 1}, TITLES["unexpected"], "bad"),
        ({"exit_code": 3}, "Runs failed", "bad"),
        ({"exit_code": 77}, "Runs failed", "bad"),
    ],
)
def test_the_banner_says_the_worst_of_the_night(fields: dict[str, object], title: str, tone: str) -> None:
    record = changed(**fields)
    assert (answer(record).title, answer(record).tone) == (title, tone)
    page = render(record)
    assert f'<h1 id="verdict-title">{title}</h1>' in page
    assert f'class="banner {tone}"' in page


@given(st.integers(1, 255))
def test_no_exit_code_but_nought_is_as_expected(code: int) -> None:
    assert answer(changed(exit_code=code)).title != "As expected"


def test_failures_are_told_new_first_and_the_expected_apart_and_folded() -> None:
    page = render(samples.eventful())
    assert re.findall(r'<article class="group ([a-z-]+)"', page) == [
        "new",
        "ongoing",
        "gone",
        "not-looked-for",
        "ongoing",
    ]
    unexpected, expected = page.split('<details class="expected">')
    assert expected.count("<article") == 1
    assert "the old primary answers reads while it is cut off" in expected
    told = section(page, "failures")
    for part in (
        "★ new raft · register: not-linearizable",
        samples.SENTENCE,
        "No order of the operations that keeps to real time gives these answers.",
        "tonight: 2 runs of 2 in all nights",
        "first seen: 2026-03-02",
        "faults active: partition, kill",
        "fingerprint: 9f2c81d04b7e",
        samples.REPLAY,
        "known: a client's session is not pinned",
        "reads 3, but the state is 7",
        "seconds since the first call",
    ):
        assert part.replace(": ", " ") in told.replace(": ", " "), part
    assert "start of the workload" not in page
    assert 'href="runs/00017/report.html"' in unexpected
    assert 'href="../2026-03-02/runs/00003/report.html"' in unexpected


def test_a_new_counter_example_is_open_and_an_old_one_is_folded() -> None:
    page = render(samples.eventful())
    new, ongoing = page.split('<article class="group ')[1], page.split('<article class="group ')[3]
    assert new.index("<figure>") < new.index("<details>")
    assert ongoing.index("<details>") < ongoing.index("<figure>")


def test_pictures_and_tables_have_a_budget_and_what_is_missing_is_counted() -> None:
    found = samples.stale_read_example()
    many = tuple(
        msgspec.structs.replace(found.ops[n % 4], index=n, call_ns=found.ops[0].call_ns + n)
        for n in range(100)
    )
    large = samples.group(example=msgspec.structs.replace(found, ops=many))
    record = changed(groups=(large,) * (groups.MOST_GROUPS + 9))
    made, _, hidden = groups.rows(record)
    assert hidden == 9
    assert sum(bool(row.picture) for row in made) == groups.MOST_DRAWN // 60
    assert sum(len(row.rows) for row in made) == groups.MOST_ROWS
    assert {row.hidden for row in made} == {40, 100}
    page = render(record)
    assert "9 more fingerprints are not shown." in page
    assert "40 of its operations are not listed here" in page
    assert len(page.encode()) < 3_000_000


def test_runs_that_need_a_look_are_those_with_trouble_that_are_no_anomalies() -> None:
    told = section(render(samples.eventful()), "look")
    order = ("hung", "inconclusive", "below a threshold")
    assert [told.index(word) for word in order] == sorted(told.index(word) for word in order)
    assert "it was killed after 600 s, its limit" in told
    assert "4711," not in told
    assert "an anomaly that nobody expected" not in told
    assert "Every run came to a verdict" in section(render(samples.quiet()), "look")


def test_at_most_two_hundred_looks_are_shown_and_the_rest_is_counted() -> None:
    page = render(huge())
    assert page.split('id="look"')[1].split("</section>")[0].count("<tr>") == MOST_LOOKS + 1
    assert "300 more are not shown" in page


@pytest.mark.parametrize(
    ("tally", "expected", "kind"),
    [
        (None, False, "none"),
        (Tally(), False, "none"),
        (Tally(3, 3), False, "valid"),
        (Tally(3, 2, 1), False, "unexpected"),
        (Tally(3, 2, 1), True, "expected"),
        (Tally(3, 3), True, "gone"),
        (Tally(3, 1, 1, 0, 1), False, "unexpected"),
        (Tally(3, 1, 1, 0, 1), True, "failed"),
        (Tally(3, 2, 0, 1), False, "undecided"),
        (Tally(3, 0, 0, 3), True, "undecided"),
        (Tally(3, 3, missed=1), False, "missed"),
    ],
)
def test_a_nights_letter_is_that_of_the_worst(tally: Tally | None, expected: bool, kind: str) -> None:
    assert matrix.kind_of(tally, expected) == kind


def test_the_matrix_shows_fourteen_nights_with_letters_titles_and_rates() -> None:
    page = render(samples.eventful(20)).split('id="matrix"')[1].split("</section>")[0]
    assert page.count('<th scope="col" class="night">') == 14
    rows = [row for row in page.split("<tr>") if '<td class="night' in row]
    assert len(rows) == 8
    assert all(row.count('<td class="night') == 14 for row in rows)
    assert '<td class="night unexpected" title="2026-03-20: 5 runs: 3 valid, 2 anomalies">A</td>' in rows[0]
    assert "2026-03-06" not in page
    told = section(render(samples.eventful()), "matrix")
    for part in (
        "2/5 40 % 11.8–76.9 %",
        "2/39 5.1 % 1.4–16.9 %",
        "0/5 < 43.4 %",
        "register · partition local",
        "raft/mutex/partition@local",
        "no faults",
    ):
        assert part in told, part
    assert len(set(matrix.LETTERS.values())) == len(matrix.LETTERS) == len(matrix.LEGEND)


def test_rates_count_decided_runs_of_all_nights() -> None:
    nights = (Tally(5, 2, 1, 2), None, Tally(4, 3, 0, 0, 1))
    assert matrix.rate(nights) == matrix.Rate("1/6", "17 %", "3.0–56.4 %")
    assert matrix.rate(nights[2:]) == matrix.Rate("0/3", "", "< 56.1 %")
    assert matrix.rate((None, Tally(2, 0, 0, 2))) == matrix.Rate("–", "", "")
    assert matrix.rate((Tally(1000, 999, 1),)).share == "0.1 %"
    assert matrix.rate((Tally(1000, 1, 999),)).share == "> 99 %"


def test_trends_stand_below_the_name_of_what_they_are_of() -> None:
    told = section(render(samples.eventful()), "trends")
    for part in (
        "raft @ local operations per second",
        "primary-backup @ local operations",
        "checker",
        "14 nights",
    ):
        assert part in told, part
    assert "Nothing was measured." in section(render(changed(trends=())), "trends")


def test_planted_bugs_that_were_missed_come_first() -> None:
    told = section(render(samples.eventful()), "bugs")
    names = ("raft/acks-early", "paxos/reuses-ballots", "raft/forgets-votes")
    assert [told.index(name) for name in names] == sorted(told.index(name) for name in names)
    assert "its time was over" in told


def test_what_was_not_done_notes_environment_and_the_command_are_told() -> None:
    page = render(samples.eventful())
    assert "there is no docker here" in section(page, "left")
    assert "12 runs" in section(page, "left")
    assert "1 machine was not reached" in page
    assert "Linux 6.1.0-18-amd64" in section(page, "environment")
    assert "splitbrain campaign run nightly.toml --shard 1/2" in section(page, "again")


@pytest.mark.parametrize(
    ("link", "href"),
    [
        ("runs/00017/report.html", "runs/00017/report.html"),
        ("../2026-03-13/runs/1/report.html#faults", "../2026-03-13/runs/1/report.html#faults"),
        ('a b"<é>:x', ""),
        ('a/b"<é>:x', "a/b%22%3C%C3%A9%3E%3Ax"),
        ("", ""),
        ("/etc/passwd", ""),
        ("//example.org/x", ""),
        ("https://example.org", ""),
        ("javascript:alert(1)", ""),
        ("\\\\host\\x", ""),
        ("a\nb", ""),
        (NASTY, ""),
    ],
)
def test_only_relative_paths_become_links(link: str, href: str) -> None:
    assert relative(link) == href


@given(st.text())
def test_no_text_becomes_a_link_that_leaves(text: str) -> None:
    link = relative(text)
    assert ":" not in link
    assert re.fullmatch(r"[A-Za-z0-9/#%?=&+,;@!$()*._~-]*", link)
    assert not link.startswith("/")


def test_a_strangers_strings_are_escaped_visible_and_clipped() -> None:
    page = render(hostile())
    body = page.split("</style>")[1]
    assert "<script" not in body
    assert "<img" not in body
    assert not set("\u202e\u202c\x00\x1b") & set(page)
    assert "\\u202eevil\\u202c" in body
    assert max(len(run) for run in re.findall("x+", body)) < 2_000
    assert len(page) < 400_000
    assert "javascript" not in page
    assert "example.org" not in page


def test_a_huge_night_is_a_small_page_made_quickly() -> None:
    record = huge()
    render(samples.quiet())
    begun = time.process_time()
    page = render(record)
    assert time.process_time() - begun < 4  # about 0.8 s on a machine that is not busy
    assert len(page.encode()) < 3_000_000
    assert page.count("<tr") < 2_500


def test_more_runs_make_the_page_no_larger() -> None:
    few, many = (len(render(huge(runs=n))) for n in (5_000, 10_000))
    assert many - few < 200


def test_a_night_that_goes_on_says_so() -> None:
    night = Night("2026-03-14", "", 0.0, 0, 0, 0, 0, None)
    page = render(changed(exit_code=None, nights=(night,) * 3))
    assert "the night goes on, or was killed" in page
    assert "All that ended until now is as expected." in page
