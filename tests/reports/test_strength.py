"""What counts as weak, and that the figures come from the record."""

from __future__ import annotations

from checkers.history import Disturbance, History
from reports import strength
from tests.reports import samples


def test_a_strong_run_has_no_warning_and_its_figures_are_counted() -> None:
    record = samples.valid_raft(2000)
    s = strength.of_record(record)
    assert not s.weak
    assert s.total == 2000
    assert s.ok == sum(op.outcome == 0 for op in record.history)
    assert (s.installed, s.planned, s.leader_changes) == (6, 6, 4)
    assert {k.kind: (k.installed, k.total) for k in s.by_kind} == {
        "partition": (2, 2),
        "kill": (2, 2),
        "pause": (2, 2),
    }


def test_faults_that_did_not_land_are_counted_apart_and_warned_of() -> None:
    s = strength.of_record(samples.inconclusive())
    assert (s.installed, s.skipped, s.indeterminate, s.never_begun) == (0, 1, 0, 1)
    assert s.warnings == (
        "Only 60 operations succeeded.",
        "None of the 3 planned faults is known to have been installed.",
    )


def test_a_run_without_faults_without_operations_or_without_overlap_is_weak() -> None:
    ops = samples.operations(1, 400, 10, ("n1",), [])
    quiet = strength.measure(History.of(ops), (), planned=0, end_ns=samples.at(10))
    assert quiet.warnings == ("No fault was planned: this run tested the system undisturbed.",)
    nothing = strength.measure(History.of([]), (), planned=0, end_ns=0)
    assert nothing.warnings[0] == "No operation was recorded."
    late = Disturbance(1, "kill", ("n1",), "", samples.at(11), samples.at(11), samples.at(12), "installed")
    missed = strength.measure(History.of(ops, [late]), (), planned=1, end_ns=samples.at(12))
    assert missed.warnings == ("Only 0 % of the operations overlapped an installed fault.",)
