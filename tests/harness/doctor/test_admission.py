"""What is asked before a run begins, and what it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
import pytest

from harness.config import configure
from harness.doctor import admission, local
from harness.doctor.admission import admit
from harness.doctor.finding import Finding
from harness.doctor.matrix import Place
from harness.errors import MissingPrerequisite
from harness.plan import RunPlan
from harness.planning import plan_run


def plan(nemeses: str, skip: bool = False) -> RunPlan:
    return plan_run(configure({"system": "raft", "nemeses": nemeses, "seed": 7, "skip_unavailable": skip}))


class Machine:
    """A place that lacks what it is told to lack, and remembers what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *lacks: str) -> None:
        self.lacks = lacks
        self.asked: list[tuple[dict[str, str], list[str]]] = []
        place = Place(self.findings, local.RUNS, local.NEEDS)
        monkeypatch.setattr(admission, "PLACES", {"local": place})

    def findings(self, options: Mapping[str, str], wanted: Collection[str] | None) -> list[Finding]:
        self.asked.append((dict(options), list(wanted or ())))
        return [
            Finding(
                name, "missing" if name in self.lacks else "ok", f"{name} failed", "", f"mend {name}", 0.0
            )
            for name in wanted or ()
        ]


def test_a_plan_without_faults_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, *local.NAMES)
    assert admit(plan("none")) == {}
    assert machine.asked == []


def test_only_what_the_planned_faults_need_is_asked_with_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    with_options = msgspec.structs.replace(plan("kill"), place_options={"hosts": "hosts.toml"})
    assert admit(with_options) == {}
    assert machine.asked == [({"hosts": "hosts.toml"}, ["namespaces", "veth and bridge", "stop and kill"])]


def test_the_refusal_names_every_fault_what_it_lacks_the_fix_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Machine(monkeypatch, "nft rules", "stop and kill")
    with pytest.raises(MissingPrerequisite) as refused:
        admit(plan("partition,kill,pause"))
    told = str(refused.value)
    assert refused.value.exit_code == 6
    for line in (
        "partition needs nft rules: nft rules failed",
        "kill needs stop and kill: stop and kill failed",
        "pause needs stop and kill",
        "mend nft rules",
        "--skip-unavailable to run without kill and partition and pause faults",
    ):
        assert line in told
    assert told.count("mend stop and kill") == 1


def test_skipped_kinds_come_with_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, "nft rules")
    assert admit(plan("partition,kill", skip=True)) == {"partition": "nft rules: nft rules failed"}
    assert admit(plan("kill")) == {}


def test_what_every_run_needs_is_left_to_the_run_which_reports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, "veth and bridge")
    assert admit(plan("partition,kill", skip=True)) == {}
    assert admit(plan("partition,kill")) == {}
