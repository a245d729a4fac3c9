"""The structured log and the reader of its role lines."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from systems.api import RoleChange
from systems.shells.eventlog import EventLog, role_of


def test_lines_are_there_at_once_and_dated_by_the_monotonic_clock(tmp_path: Path) -> None:
    before = time.monotonic_ns()
    log = EventLog(tmp_path / "n1.jsonl", "n1")
    log.write("start", {"records": 3})
    (line,) = (tmp_path / "n1.jsonl").read_text().splitlines()
    log.close()
    entry = json.loads(line)
    assert before <= entry.pop("t") <= time.monotonic_ns()
    assert entry == {"node": "n1", "event": "start", "records": 3}


def test_a_role_line_is_read_back(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log", "n2")
    log.write("role", {"term": 7, "role": "leader", "leader": "n2"})
    log.write("role", {"term": 8, "role": "candidate", "leader": None})
    log.close()
    first, second = map(role_of, (tmp_path / "log").read_text().splitlines())
    assert first is not None
    assert first == RoleChange(first.time_ns, "n2", 7, "leader", "n2")
    assert second is not None
    assert second == RoleChange(second.time_ns, "n2", 8, "candidate", None)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Traceback (most recent call last):",
        '{"t":1,"node":"n1","event":"ready","role":"x","term":1}',
        '{"t":1,"node":"n1","event":"role","term":7,"role":"lea',
        '{"t":1,"node":"n1","event":"role","term":"seven","role":"leader"}',
    ],
)
def test_other_lines_say_nothing(line: str) -> None:
    assert role_of(line) is None
