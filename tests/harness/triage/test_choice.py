"""What is triaged of a night, and what a run says of a failure: without any run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.campaign.jobs import Cell, Job, Limits, Metrics, Result, Thresholds, Violation
from harness.campaign.night import NightPlan
from harness.campaign.store.database import Store
from harness.triage.choice import Subject, subjects_of
from harness.triage.runs import Tally, task_of

CELL = Cell("c", "s", "w", "n", "sim", {}, Limits(1.0, 1, 1), tries=40)


def result_of(
    outcome: str, cause: str = "", *found: tuple[str, str, str], size: int = 3, number: int = 1, **more: Any
) -> Result:
    """found: claim, anomaly, fingerprint."""
    violations = tuple(Violation(c, "m", a, "s", size, f, "", ()) for c, a, f in found)
    texts = dict.fromkeys(("night", "job", "system", "workload", "nemeses", "place", "bug", "looked_for"), "")
    rest: dict[str, Any] = {**texts, **dict.fromkeys(("started_at", "replay", "plan", "trace"), "")}
    rest |= {"cell": "c", "expect": "valid", "why": "known", "seed": number, "tried": 1, "said": ()}
    rest |= {"missed": (), "seconds": 0.0, "metrics": Metrics(), "job": f"c#{number}", **more}
    return Result(**rest, number=number, outcome=outcome, cause=cause, violations=violations)


def tally_of(fingerprint: str, original: Result, *again: Result) -> Tally:
    """After these runs."""
    job = Job(1, "c", 1, "known")
    subject = Subject("x", fingerprint, "claim", "lost", job, CELL, Path("x"), original, 1)
    tally = Tally(subject, len(again))
    for result in again:
        tally.add(result, Path("again"))
    return tally


def test_the_same_anomaly_with_another_fingerprint_shows_the_failure() -> None:
    original = result_of("anomaly", "", ("claim", "lost", "f1"))
    again = tally_of(
        "f1",
        original,
        result_of("anomaly", "", ("claim", "lost", "f2")),
        result_of("anomaly", "", ("claim", "lost", "f1")),
        result_of("anomaly", "", ("other", "lost", "f3")),
        result_of("anomaly", "", ("claim", "torn", "f4")),
    )
    assert (again.shown, again.runs, again.same, again.word) == (2, 4, 1, "flaky")


def test_runs_that_say_nothing_make_no_failure_gone() -> None:
    original = result_of("anomaly", "", ("claim", "lost", "f1"))
    silent = (result_of("failed", "hung"), result_of("inconclusive"), result_of("interrupted"))
    again = tally_of("f1", original, *silent)
    assert (again.word, again.runs, again.ended, dict(again.silent)) == (
        *(None, 0, 3),
        {"hung": 1, "inconclusive": 1, "interrupted": 1},
    )
    assert tally_of("f1", original, result_of("valid"), *silent).word == "gone"


def test_a_failed_run_shows_again_by_its_cause() -> None:
    hung = result_of("failed", "hung")
    assert tally_of("", hung, hung, hung).word == "deterministic"
    assert tally_of("", hung, hung, *[result_of("valid")] * 9).word == "flaky"
    assert tally_of("", hung, result_of("inconclusive"), result_of("anomaly")).word == "gone"
    crashed = tally_of("", hung, result_of("failed", "crashed"))
    assert (crashed.word, dict(crashed.silent)) == (None, {"crashed": 1})


def night_of(name: str, jobs: int) -> NightPlan:
    """With so many jobs of one cell."""
    listed = tuple(Job(number, "c", number, "known") for number in range(1, jobs + 1))
    texts = (name, "mornings", f"2026-01-0{name}T00:00:00+00:00", "", "", "", "")
    return NightPlan(*texts, cells=(CELL,), jobs=listed, left=(), thresholds=Thresholds(), environment={})


def chosen(
    root: Path, results: list[Result], groups: list[Any], *, everything: bool = False
) -> list[Subject]:
    """Of a second night; in the first one a run hung."""
    with Store(root) as store:
        for name, its in (("1", [result_of("failed", "hung", night="1")]), ("2", results)):
            store.add_night(root / name, night_of(name, 9), None)
            store.add_runs((root / name / str(one.number), one) for one in its)
        for one in results:
            (root / "2" / str(one.number)).mkdir(parents=True)
        told = [(f"2/{one.number}", one) for one in results]
        tonight: Any = SimpleNamespace(night=SimpleNamespace(plan=night_of("2", 9)), results=told)
        return subjects_of(store, tonight, groups, everything=everything)


def group(fingerprint: str, status: str, *, expected: bool = False) -> Any:
    """As the night's page has it."""
    return SimpleNamespace(fingerprint=fingerprint, status=status, expected=expected)


def test_the_run_with_the_smallest_counter_example_stands_for_a_fingerprint(tmp_path: Path) -> None:
    sizes = {1: 9, 2: 0, 3: 4, 4: 4}  # 0: it has none
    found = ("claim", "lost", "f1")
    results = [result_of("anomaly", "", found, size=size, number=n, night="2") for n, size in sizes.items()]
    [subject] = chosen(tmp_path, results, [group("f1", "new")])
    assert (subject.result.number, subject.alike, subject.claim, subject.anomaly) == (3, 4, "claim", "lost")
    assert subject.folder == tmp_path / "2" / "3"


@pytest.mark.parametrize(
    ("everything", "expected"), [(False, {"f1", "crashed"}), (True, {"f1", "f2", "f3", "crashed", "hung"})]
)
def test_only_what_is_new_and_unexpected_unless_all_is_wanted(
    tmp_path: Path, everything: bool, expected: set[str]
) -> None:
    results = [result_of("anomaly", "", ("claim", "lost", f"f{n}"), number=n, night="2") for n in (1, 2, 3)]
    causes = {4: "crashed", 5: "crashed", 6: "hung"}
    results += [result_of("failed", cause, number=n, night="2") for n, cause in causes.items()]
    groups = [
        group("f1", "new"),
        group("f2", "new", expected=True),
        group("f3", "ongoing"),
        group("f4", "gone"),
    ]
    subjects = chosen(tmp_path, results, groups, everything=everything)
    names = [subject.fingerprint or subject.what for subject in subjects]
    assert (set(names), len(names)) == (expected, len(expected))
    [crashed] = [subject for subject in subjects if subject.what == "crashed"]
    assert (crashed.name, crashed.alike) == ("00004-c-4", 2)


def test_of_a_hunt_the_seed_that_found_it_is_run_again() -> None:
    night: Any = SimpleNamespace(plan=night_of("2", 1))
    found = tally_of("f1", result_of("anomaly", seed=17, tried=17)).subject
    task = task_of(night, found)
    assert (task.job.seed, task.cell.tries) == (17, 1)
    hung = tally_of("", result_of("failed", "hung", tried=0)).subject  # somewhere among its seeds
    task = task_of(night, hung)
    assert (task.job.seed, task.cell.tries) == (1, 40)
