"""One night of a campaign as JUnit's XML: what CI systems read as test results.

A suite per system; a case per run, its class the cell; a case more for each cell whose expected anomaly did
not show (one run without it is no failure, only the cell as a whole is), and one for each entry of what was
not done.

Laws: a run without trouble passes; anomalies are failures, and so is what is undecided or below a threshold
(type "inconclusive"); runs that broke are errors; the text is well-formed XML 1.0 whatever strangers say: a
character that is illegal in it is written as \\uXXXX.
"""

from __future__ import annotations

import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from reports.campaign.answer import system_of
from reports.campaign.record import CampaignRecord, CellRow, Group, Left, RunRow
from reports.words import clip, count, one_line, visible

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
NAME = 200
MESSAGE = 1_000
TEXT = 5_000
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")
_BROKEN = ("failed", "interrupted")


def junit(record: CampaignRecord) -> bytes:
    """The whole file in UTF-8."""
    systems = {cell.id: cell.system for cell in record.cells}
    groups = {group.fingerprint: group for group in record.groups}
    cases: dict[str, list[TestCase]] = {legal(system, NAME): [] for system in systems.values()}

    def add(cell: str, case: TestCase) -> None:
        cases.setdefault(legal(systems.get(cell) or system_of(cell), NAME), []).append(case)

    for run in record.runs:
        add(run.cell, _run(run, groups.get(run.fingerprint)))
    for cell in record.cells:
        if cell.verdict == "expected anomaly gone":
            add(cell.id, _gone(cell))
    for left in record.left:
        add(left.what.rpartition("#")[0] or left.what, _left(left))
    xml = JUnitXml(legal(f"{record.campaign} {record.night}".strip(), NAME))
    for system, own in cases.items():
        xml.add_testsuite(_suite(system, own, record))
    xml.update_statistics()  # type: ignore[no-untyped-call]
    return DECLARATION + bytes(xml.tostring())  # type: ignore[no-untyped-call]


def legal(text: str, limit: int) -> str:
    """`text` clipped, with only characters that XML 1.0 allows and that are seen."""
    seen = visible(clip(text, limit))
    return _NO_CHARACTERS.sub(lambda found: f"\\u{ord(found[0]):04x}", seen)


def _suite(system: str, cases: list[TestCase], record: CampaignRecord) -> TestSuite:
    suite = TestSuite(system)
    for name, told in (("campaign", record.campaign), ("night", record.night), ("command", record.command)):
        suite.add_property(name, legal(told, MESSAGE))
    suite.add_testcases(cases)
    return suite


def _run(run: RunRow, group: Group | None) -> TestCase:
    case = TestCase(f"seed {run.seed}", legal(run.cell, NAME), run.seconds)
    if run.trouble:
        case.result = _trouble(run, group)
    said = [run.replay and f"replay: {run.replay}", run.report and f"report: {run.report}"]
    if any(said):
        case.system_out = legal("\n".join(filter(None, said)), TEXT)
    return case


def _trouble(run: RunRow, group: Group | None) -> Failure | Error:
    message = legal(one_line(run.trouble), MESSAGE)
    if run.outcome in _BROKEN:
        result: Failure | Error = Error(message, legal(run.cause or run.outcome, NAME))
    else:
        result = Failure(message, "anomaly" if run.outcome == "anomaly" else "inconclusive")
    told = [run.trouble]
    if group is not None:
        told += [f"{group.anomaly} ({group.status}, fingerprint {group.fingerprint})", group.sentence]
    result.text = legal("\n".join(told), TEXT)
    return result


def _gone(cell: CellRow) -> TestCase:
    case = TestCase("the expected anomaly", legal(cell.id, NAME), 0.0)
    tonight = cell.nights[-1] if cell.nights else None
    runs = count(tonight.runs, "run") if tonight else "the runs of tonight"
    message = f"an anomaly was expected, and none was found in {runs}"
    failure = Failure(message, "expected anomaly gone")
    failure.text = legal(f"{message}\nexpected: {cell.because}", TEXT)
    case.result = failure
    return case


def _left(left: Left) -> TestCase:
    case = TestCase(legal(f"{left.what}: {count(left.runs, 'run')}", NAME), legal(left.what, NAME), 0.0)
    case.result = Skipped(legal(one_line(left.why), MESSAGE))
    return case
