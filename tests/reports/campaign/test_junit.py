"""JUnit's XML: read back by its library, counted, and well-formed whatever strangers say."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from reports.campaign.junit import junit, legal
from reports.campaign.record import CampaignRecord, Left
from tests.reports.campaign import samples
from tests.reports.campaign.extremes import ALL, hostile, huge


def cases(record: CampaignRecord) -> dict[str, TestCase]:
    """By class and name, read back; every suite adds its cases up."""
    read: dict[str, TestCase] = {}
    for suite in JUnitXml.fromstring(junit(record)):
        assert suite.tests == len(suite)
        read.update({f"{case.classname} | {case.name}": case for case in suite})
    return read


@pytest.mark.parametrize("name", ALL)
def test_it_is_well_formed_and_its_counts_are_those_of_the_record(name: str) -> None:
    record = ALL[name]()
    root = ET.fromstring(junit(record))
    gone = sum(cell.verdict == "expected anomaly gone" for cell in record.cells)
    troubled = [run for run in record.runs if run.trouble]
    broken = [run for run in troubled if run.outcome in ("failed", "interrupted")]
    expected = (len(record.runs) + gone + len(record.left), len(troubled) - len(broken) + gone, len(broken))
    assert root.tag == "testsuites"
    assert tuple(int(root.attrib[n]) for n in ("tests", "failures", "errors")) == expected
    assert int(root.attrib["skipped"]) == len(record.left)
    for one, attribute in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
        assert len(root.findall(f".//{one}")) == int(root.attrib[attribute])


def test_a_suite_per_system_and_a_case_per_run() -> None:
    read = JUnitXml.fromstring(junit(samples.eventful()))
    assert {suite.name: suite.tests for suite in read} == {"raft": 7, "primary-backup": 4, "paxos": 1}
    fine = cases(samples.eventful())["raft/register/partition@local | seed 1"]
    assert fine.result == []
    assert fine.time == pytest.approx(64.25)
    assert fine.system_out == f"replay: {samples.REPLAY}\nreport: runs/00001/report.html"


def test_each_kind_of_trouble_has_its_element_and_type() -> None:
    read = cases(samples.eventful())
    kinds = {name: (type(case.result[0]), case.result[0].type) for name, case in read.items() if case.result}
    assert kinds == {
        "raft/register/partition@local | seed 4711": (Failure, "anomaly"),
        "raft/register/partition@local | seed 4712": (Failure, "anomaly"),
        "raft/set/clock@local | seed 7": (Error, "hung"),
        "raft/queue/@local | seed 8": (Failure, "inconclusive"),
        "raft/counter/kill@local | seed 9": (Failure, "inconclusive"),
        "primary-backup/set/partition@local | the expected anomaly": (Failure, "expected anomaly gone"),
        "paxos/register/partition@local | paxos/register/partition@local: 12 runs": (Skipped, None),
        "raft/set/clock@docker | raft/set/clock@docker: 3 runs": (Skipped, None),
    }
    anomaly = read["raft/register/partition@local | seed 4711"].result[0]
    assert "9f2c81d04b7e" in anomaly.text
    assert samples.SENTENCE in anomaly.text


def test_one_valid_run_where_an_anomaly_is_expected_is_no_failure() -> None:
    read = cases(samples.eventful())
    assert read["primary-backup/register/partition@local | seed 4"].result == []
    assert read["primary-backup/set/partition@local | seed 5"].result == []


def test_a_job_that_was_left_out_stands_with_its_system() -> None:
    left = (Left("raft/queue/@local#77", "the night's time was over", 1),)
    read = JUnitXml.fromstring(junit(msgspec.structs.replace(samples.quiet(), left=left, cells=())))
    assert {suite.name: suite.skipped for suite in read} == {"raft": 1, "primary-backup": 0}


def test_the_record_says_whose_a_cell_is_not_its_id() -> None:
    own = samples.cell("my-raft", "queue", "kill", id="queue/kill@local")
    left = (Left("queue/kill@local#77", "the night's time was over", 1),)
    record = msgspec.structs.replace(samples.quiet(), left=left, cells=(own,), runs=())
    assert [(suite.name, suite.skipped) for suite in JUnitXml.fromstring(junit(record))] == [("my-raft", 1)]


@given(st.text())
def test_every_text_is_made_legal_and_is_read_back_as_it_was_written(text: str) -> None:
    shown = legal(text, 10_000)
    element = ET.Element("a", {"b": shown})
    element.text = shown
    read = ET.fromstring(ET.tostring(element, encoding="utf-8"))
    assert (read.text or "") == shown
    assert read.attrib["b"] == shown


def test_illegal_characters_are_seen() -> None:
    assert legal("a\x00b\ufffec\ud800d\u202ee", 100) == "a\\u0000b\\ufffec\\ud800d\\u202ee"
    assert b"\\u0000" in junit(hostile())
    assert b"<script" not in junit(hostile())


def test_ten_thousand_runs_are_written_quickly() -> None:
    record = huge()
    begun = time.process_time()
    junit(record)
    assert time.process_time() - begun < 5
