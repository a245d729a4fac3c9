"""One screen: its size, its words, its colours."""

from __future__ import annotations

import re
import shlex

import msgspec
import pytest
from rich.cells import cell_len

from reports.record import RunRecord
from reports.text import render_text
from tests.reports import samples
from tests.reports.hostile import hostile

RECORDS = {**samples.ALL, "hostile": hostile}


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("colour", [False, True])
def test_it_fits_one_screen_and_only_our_own_escape_codes_are_in_it(name: str, colour: bool) -> None:
    told = render_text(RECORDS[name](), colour=colour, report_path="/runs/1/report.html")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told) if colour else told
    assert told.endswith("\n")
    assert len(plain.splitlines()) <= 24
    assert max(cell_len(line) for line in plain.splitlines()) <= 100
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e]", plain)
    assert ("\x1b[" in told) == colour


def test_an_anomaly_is_told_with_sentence_operations_faults_path_and_command() -> None:
    told = render_text(samples.stale_read(), colour=False, report_path="/runs/1/report.html")
    for expected in (
        "✗ ANOMALY FOUND — primary-backup register, seed 99",
        "process 2 read 3 from n1 at 9.902 s",
        "✗  p2  read → 3",
        "reads 3, but the state is 7",
        "1 of 2 planned faults installed (partition 1/1, pause 0/1); 1 leader change",
        "412 ms from the final heal",
        "anomaly     not-linearizable: No order of the operations",
        "/runs/1/report.html",
    ):
        assert expected in told, expected


@pytest.mark.parametrize("name", ["anomaly-expected", "valid"])
def test_notes_are_told_beside_the_answer(name: str) -> None:
    record = samples.ALL[name]()
    card = msgspec.structs.replace(record.card, notes=("stopped early (--stop-on-violation)",))
    noted = RunRecord(card, record.history, record.claims, record.roles)
    told = render_text(noted, colour=False, report_path="/r.html")
    assert told.count("stopped early (--stop-on-violation)") == 1


def test_a_failed_run_tells_the_reason_and_the_fix_first() -> None:
    lines = render_text(samples.failed_setup(), colour=False, report_path="r").splitlines()
    assert lines[0].startswith("! THE RUN FAILED DURING SETUP")
    assert "did not listen on 10.7.0.2:7000" in lines[2]
    assert any("Free the port" in line for line in lines)


@pytest.mark.parametrize(
    "command",
    [
        "splitbrain run raft --seed 1",
        "splitbrain run raft " + " ".join(f"--option-{n} 'a  value {n}'" for n in range(9)),
        """splitbrain run raft -o name="it's \\"quoted\\"" """ + "--flag " * 20,
    ],
)
def test_the_replay_command_can_be_pasted_as_it_stands(command: str) -> None:
    card = msgspec.structs.replace(samples.card(), replay=command)
    record = samples.valid_raft(50)
    told = render_text(
        RunRecord(card, record.history, record.claims, record.roles), colour=False, report_path="r"
    )
    pasted = told.split("  replay ")[1].replace("\\\n", "")
    assert shlex.split(pasted) == shlex.split(command)
