"""What a night leaves for people and programs: the page, JUnit's XML, JSON, a Markdown summary, a message.

Invariants: each file appears whole or not at all; what cannot be told to somebody (a webhook that does not
answer, a command that fails) is a note, and changes neither the night's outcome nor its other outputs.
"""

from __future__ import annotations

import os
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import msgspec

from harness.campaign.file import NotifyTable
from harness.errors import EnvironmentFault
from reports.archive import write_atomically
from reports.campaign.junit import junit
from reports.campaign.markdown import summary
from reports.campaign.page import render
from reports.campaign.record import CampaignRecord

PAGE, XML, MARKDOWN, JSON = "report.html", "junit.xml", "summary.md", "report.json"
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"  # the file that GitHub shows of a job's step
STEP_BYTES = 1_000_000  # GitHub refuses more than 1 MiB for a step
NOTIFY_S = 30.0
TOLD = (
    *("fingerprint", "system", "workload", "place", "anomaly", "faults"),
    *("sentence", "seed", "replay", "tonight"),
)


def write_outputs(folder: Path, record: CampaignRecord) -> Path:
    """Write them all; the page. Raises EnvironmentFault."""
    try:
        write_atomically(folder / PAGE, render(record).encode())
        write_atomically(folder / XML, junit(record))
        write_atomically(folder / MARKDOWN, summary(record).encode())
        write_atomically(folder / JSON, msgspec.json.encode(record) + b"\n")
    except OSError as error:
        raise EnvironmentFault(f"{folder}: {error.strerror}", fix="free some disk space") from None
    return folder / PAGE


def tell_github(record: CampaignRecord) -> str:
    """Append the summary where GitHub's runner wants it; why not, "" if there is nothing to say."""
    path = os.environ.get(STEP_SUMMARY)
    if not path:
        return ""
    try:
        there = Path(path).stat().st_size if Path(path).exists() else 0
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(summary(record, max(0, STEP_BYTES - there)))
    except OSError as error:
        return f"{STEP_SUMMARY}={path}: {error.strerror}"
    return ""


def message_of(record: CampaignRecord) -> dict[str, Any] | None:
    """What is told of fingerprints that are new and that nobody expected; None if there are none."""
    new = [group for group in record.groups if group.status == "new" and not group.expected]
    if not new:
        return None
    told = [
        {
            **{
                name: getattr(group, name)
                for name in ("fingerprint", "system", "workload", "place", "anomaly")
            },
            **{name: getattr(group, name) for name in ("faults", "sentence", "seed", "replay", "tonight")},
            "report": str(Path(record.folder) / group.report) if group.report else "",
        }
        for group in new
    ]
    page = str(Path(record.folder) / PAGE)
    return {"campaign": record.campaign, "night": record.night, "report": page, "new": told}


def notify(record: CampaignRecord, to: NotifyTable) -> list[str]:
    """Tell of what is new; what did not work, in sentences."""
    message = message_of(record)
    if message is None:
        return []
    body = msgspec.json.encode(message)
    problems = []
    if to.command:
        problems.append(_run(to.command, body))
    if to.webhook:
        problems.append(_post(to.webhook, body))
    return [problem for problem in problems if problem]


def _run(argv: list[str], body: bytes) -> str:
    try:
        ended = subprocess.run(argv, input=body, capture_output=True, timeout=NOTIFY_S, check=False)
    except subprocess.TimeoutExpired:
        return f"notify.command: {argv[0]} did not end within {NOTIFY_S:g} s"
    except OSError as error:
        return f"notify.command: {argv[0]}: {error.strerror}"
    if ended.returncode == 0:
        return ""
    last = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
    return f"notify.command: {argv[0]} ended with status {ended.returncode}: {last[0][:200]}"


def _post(url: str, body: bytes) -> str:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=NOTIFY_S):
            return ""
    except (OSError, ValueError) as error:
        return f"notify.webhook: {url}: {error}"
