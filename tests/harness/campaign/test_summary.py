"""What a night's record says, from nights that are written by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from harness.campaign.jobs import Cell, Job, Limits, Metrics, Result, Thresholds, Violation
from harness.campaign.night import Ended, Night, NightPlan, begin
from harness.campaign.run_folder import add_triaged, write_result
from harness.campaign.store.database import Store
from harness.campaign.store.index import index_night, index_runs
from harness.campaign.summary import summary_of
from harness.campaign.telling import lines_of
from harness.campaign.tonight import weighed
from harness.campaign.triaged import Triaged
from reports.campaign.record import CampaignRecord

LIMITS = Limits(60, 1024, 512)


def cell(name: str, *, expect: str = "valid", bug: str = "") -> Cell:
    """A cell of a system of that name."""
    workload = "register"
    return msgspec.structs.replace(
        Cell(
            f"{name}/{workload}",
            name,
            workload,
            "kill",
            "sim",
            {},
            LIMITS,
            bug=bug,
            rule="a rule" if bug else "",
        ),
        expect=expect,  # type: ignore[arg-type]
    )


@dataclass
class Campaign:
    """Nights, one a day."""

    root: Path
    day: int = 0
    nights: list[Night] = field(default_factory=list)

    def night(self, *runs: tuple[Cell, int, dict[str, object]]) -> Night:
        """A night with these runs: cell, seed, and what is unusual about the result."""
        self.day += 1
        at = f"2026-02-{self.day:02d}T02:30:00+00:00"
        jobs = tuple(Job(n, its.id, seed, "pinned") for n, (its, seed, _) in enumerate(runs, 1))
        cells = tuple({its.id: its for its, _, _ in runs}.values())
        plan = NightPlan(f"c-{self.day}", "c", at, "", "", "", "", cells, jobs, (), Thresholds(), {})
        night = begin(self.root, plan)
        for job, (its, seed, unusual) in zip(jobs, runs, strict=True):
            folder = night.run_folder(job)
            folder.mkdir(parents=True)
            usual = Result(
                night=plan.id, job=job.id, number=job.number, cell=its.id, system=its.system,
                workload=its.workload, nemeses="kill", place="sim", bug=its.bug, expect=its.expect,
                why="pinned", looked_for="", seed=seed, tried=1, outcome="valid", cause="", said=(),
                missed=(), started_at=at, seconds=1.0, replay="again", plan="", trace="", metrics=Metrics(),
            )  # fmt: skip
            write_result(folder, msgspec.structs.replace(usual, **unusual))
        night.end(Ended(at, 60.0, 0, (), ()))
        self.nights.append(night)
        return night

    def record(self) -> CampaignRecord:
        """Of the last night."""
        with Store(self.root) as store:
            for night in self.nights:
                index_night(store, night)
                index_runs(store, night)
            return summary_of(store, weighed(store, self.nights[-1]), "")


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    """Without a night."""
    return Campaign(tmp_path)


def broken(fingerprint: str, size: int, sentence: str = "it broke") -> dict[str, object]:
    """What is unusual about a run with an anomaly."""
    found = Violation("linear", "register", "not-linearizable", sentence, size, fingerprint, "{}", ("kill",))
    return {"outcome": "anomaly", "violations": (found,), "said": (sentence,)}


def test_cells_that_are_not_here_any_more(campaign: Campaign) -> None:
    campaign.night((cell("a"), 1, {}), (cell("b"), 1, {}))
    campaign.night((cell("a"), 1, {}))
    record = campaign.record()
    assert record.vanished == ("b/register",)
    assert record.findings == ("Not here any more: b/register, of the night before.",)


def test_nights_are_columns(campaign: Campaign) -> None:
    campaign.night((cell("a"), 1, {}), (cell("a"), 2, {"outcome": "inconclusive"}))
    campaign.night((cell("b"), 1, {}))
    campaign.night((cell("a"), 1, broken("f", 3)), (cell("b"), 1, {"outcome": "failed"}))
    record = campaign.record()
    assert [night.id for night in record.nights] == ["c-1", "c-2", "c-3"]
    rows = {
        row.system: [
            None if t is None else (t.runs, t.anomalies, t.inconclusive, t.failed) for t in row.nights
        ]
        for row in record.cells
    }
    assert rows == {"a": [(2, 0, 1, 0), None, (1, 1, 0, 0)], "b": [None, (1, 0, 0, 0), (1, 0, 0, 1)]}
    assert [(night.unexpected, night.failed, night.inconclusive) for night in record.nights] == [
        (0, 0, 1),
        (0, 0, 0),
        (1, 1, 0),
    ]


def test_trends_are_medians_without_planted_bugs(campaign: Campaign) -> None:
    zoo = cell("a", expect="anomaly", bug="planted")
    zoo = msgspec.structs.replace(zoo, id="zoo/a/planted")
    rates = [{"metrics": Metrics(rate=rate)} for rate in (30.0, 10.0, 20.0)]
    campaign.night(*((cell("a"), seed, unusual) for seed, unusual in enumerate(rates, 1)))
    campaign.night((cell("b"), 1, {}))
    campaign.night(
        (cell("a"), 1, {"metrics": Metrics(rate=5.0)}),
        (cell("a"), 2, {"outcome": "failed"}),
        (zoo, 1, {**broken("z", 2), "metrics": Metrics(rate=900.0)}),
    )
    trends = {(trend.of, trend.what): trend.values for trend in campaign.record().trends}
    assert trends["a at sim", "operations per second"] == (20.0, None, 5.0)
    assert ("a at sim", "recovery") not in trends, "it was never measured"


def test_planted_bugs_and_whether_they_are_found(campaign: Campaign) -> None:
    bugs = {
        name: msgspec.structs.replace(cell("s", expect="anomaly", bug=name), id=f"zoo/s/{name}")
        for name in ("found", "lost", "crashed", "left")
    }
    campaign.night((bugs["lost"], 1, broken("a", 2)), (bugs["crashed"], 1, broken("b", 2)))
    campaign.night(
        (bugs["found"], 1, {**broken("c", 2), "tried": 7}),
        (bugs["lost"], 1, {"tried": 100}),
        (bugs["crashed"], 1, {"outcome": "failed", "cause": "hung"}),
    )
    told = {bug.name: (bug.found, bug.seeds, bug.last_found) for bug in campaign.record().bugs}
    assert told == {"found": (True, 7, "c-2"), "lost": (False, None, "c-1"), "crashed": (None, None, "c-1")}


def test_a_group_shows_its_smallest_example_of_all_nights(campaign: Campaign) -> None:
    campaign.night((cell("a"), 1, broken("f", 9, "long")), (cell("a"), 2, broken("f", 3, "short")))
    campaign.night((cell("a"), 3, broken("f", 5, "middle")), (cell("a"), 4, broken("g", 0, "none")))
    groups = {group.fingerprint: group for group in campaign.record().groups}
    old = groups["f"]
    assert (old.status, old.tonight, old.total) == ("ongoing", 1, 3)
    assert (old.first_seen, old.last_seen, old.sentence, old.seed) == ("c-1", "c-2", "short", 2)
    assert (groups["g"].status, groups["g"].total) == ("new", 1)


def test_what_was_not_run_again_is_not_gone(campaign: Campaign) -> None:
    campaign.night((cell("a"), 1, broken("f", 3)), (cell("a"), 2, broken("g", 3)))
    campaign.night((cell("a"), 1, {}), (cell("a"), 2, {"outcome": "inconclusive"}), (cell("a"), 3, {}))
    statuses = {group.fingerprint: group.status for group in campaign.record().groups}
    assert statuses == {"f": "gone", "g": "not looked for"}, "an undecided run says nothing"


def test_what_triage_said(campaign: Campaign) -> None:
    night = campaign.night(
        (cell("a"), 1, broken("f", 3)), (cell("b"), 1, {"outcome": "failed", "said": ("no",)})
    )
    first, second = (night.run_folder(job) for job in night.plan.jobs)
    add_triaged(first, Triaged("f", "flaky", 2, 5, 7, 1, "", "now"))
    add_triaged(first, Triaged("another", "gone", 0, 5, None, None, "", "now"))
    add_triaged(second, Triaged("", "deterministic", 5, 5, None, None, "", "now"))
    record = campaign.record()
    assert record.groups[0].known == "flaky: 2 of 5; made smaller: 7 operations, 1 fault"
    assert [run.trouble for run in record.runs] == ["it broke", "no; triage: deterministic, 5 of 5"]


def test_a_night_in_words(campaign: Campaign) -> None:
    campaign.night((cell("a"), 1, {}))
    assert "All is as expected." in list(lines_of(campaign.record()))
    campaign.night((cell("a"), 1, broken("f", 3)), (cell("b"), 1, {"outcome": "failed", "cause": "hung"}))
    told = "\n".join(lines_of(campaign.record()))
    assert "Anomalies that nobody expected in a/register: 1 new fingerprint, 0 ongoing." in told
    assert "1 run failed (hung 1)." in told
    assert "All is as expected." not in told
