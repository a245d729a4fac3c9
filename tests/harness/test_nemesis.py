"""The nemesis at work on a deployment that only takes notes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from checkers.codec import VERSION, FaultEvent, Header, decode
from harness.run.journal import Journal
from harness.run.nemesis import Nemesis
from harness.run.steps import steps_of
from nemeses.faults import Evidence, FaultSpec
from nemeses.plan import FaultPlan, PlannedFault

NODES = ("n1", "n2", "n3")
MS = 1_000_000


class Notes:
    """Takes notes; kills are skipped, partitions turn out to have dropped nothing."""

    nodes = NODES

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def apply(self, fault: Any) -> Evidence:
        self.done.append(("apply", type(fault).__name__))
        return Evidence("skipped" if type(fault).__name__ == "Kill" else "installed", ("seen",))

    def undo(self, fault: Any) -> Evidence:
        self.done.append(("undo", type(fault).__name__))
        return Evidence("indeterminate" if type(fault).__name__ == "Partition" else "installed", ("undone",))

    def heal(self) -> Evidence:
        self.done.append(("heal", ""))
        return Evidence("installed")


def plan(*faults: tuple[str, str, int, int]) -> FaultPlan:
    made = [
        PlannedFault(number, begin * MS, end * MS, FaultSpec(kind, shape, NODES))  # type: ignore[arg-type]
        for number, (kind, shape, begin, end) in enumerate(faults, 1)
    ]
    return FaultPlan(10_000 * MS, tuple(made))


def nemesis(folder: Path, fault_plan: FaultPlan) -> tuple[Nemesis, Notes, list[FaultEvent]]:
    journal = Journal(folder / "history.jsonl")
    journal.write(Header(VERSION))
    notes, events = Notes(), list[FaultEvent]()
    made = Nemesis(
        fault_plan,
        notes,  # type: ignore[arg-type]
        journal,
        start_ns=time.monotonic_ns(),
        leader=lambda: "n2",
        notify=events.append,
    )
    return made, notes, events


def test_a_plan_is_carried_out_in_order_and_healed(tmp_path: Path) -> None:
    made, notes, events = nemesis(
        tmp_path, plan(("partition", "leader", 10, 60), ("pause", "leader", 30, 40))
    )
    made.run()
    assert made.error is None
    assert [what for what, _ in notes.done] == ["apply", "apply", "undo", "undo", "heal"]
    assert [kind for _, kind in notes.done] == ["Partition", "Pause", "Pause", "Partition", ""]
    assert made.heal_ns is not None
    assert all("n2" in event.what for event in events), "the leader is n2"
    history = decode((tmp_path / "history.jsonl").read_bytes(), "history.jsonl").history
    partition, pause = history.disturbances
    assert (partition.status, pause.status) == ("indeterminate", "installed")
    assert partition.requested_ns >= made._start_ns + 10 * MS


def test_a_skipped_fault_is_not_undone(tmp_path: Path) -> None:
    made, notes, _ = nemesis(tmp_path, plan(("kill", "one", 1, 20)))
    made.run()
    assert notes.done == [("apply", "Kill"), ("heal", "")]


def test_a_kind_that_is_not_available_is_journalled_as_skipped_and_never_tried(tmp_path: Path) -> None:
    made, notes, events = nemesis(tmp_path, plan(("partition", "one", 1, 20), ("pause", "one", 2, 20)))
    made._unavailable = {"partition": "nft rules: no such module"}
    made.run()
    assert [what for what in notes.done if what[1] == "Partition"] == []
    assert ("apply", "Pause") in notes.done
    begun = next(event for event in events if event.event == "begun")
    assert (begun.kind, begun.status) == ("partition", "skipped")
    assert begun.evidence == ("not available here: nft rules: no such module",)


class Deadly(Notes):
    """Kills work here."""

    def apply(self, fault: Any) -> Evidence:
        super().apply(fault)
        return Evidence("installed")


def test_nobody_pauses_the_dead(tmp_path: Path) -> None:
    made, _, events = nemesis(tmp_path, plan(("kill", "leader", 1, 30), ("pause", "leader", 10, 20)))
    made._deployment = Deadly()  # type: ignore[assignment]
    made.run()
    begun = [event for event in events if event.event == "begun"]
    assert begun[0].targets == ("n2",)
    assert begun[1].targets == ("n1",), "the leader is dead: the first of those that live"


def test_stopped_half_way_it_undoes_what_it_began_and_heals(tmp_path: Path) -> None:
    made, notes, events = nemesis(
        tmp_path, plan(("pause", "one", 1, 9_000), ("partition", "one", 5_000, 8_000))
    )
    made.start()
    limit = time.monotonic() + 20
    while not made.active():
        assert time.monotonic() < limit
        time.sleep(0.01)
    made.stop()
    made.join(timeout=20)
    assert [what for what, _ in notes.done] == ["apply", "undo", "heal"]
    assert [event.event for event in events] == ["requested", "begun", "ended"]


def test_a_full_journal_is_an_error_for_the_conductor(tmp_path: Path) -> None:
    made, _, _ = nemesis(tmp_path, plan(("pause", "one", 1, 20)))
    made._journal = Journal(Path("/dev/full"))
    made.run()
    assert made.error is not None


def test_at_one_time_ends_go_before_begins() -> None:
    steps = steps_of(plan(("pause", "one", 1, 20), ("kill", "one", 20, 30)))
    assert [(what, planned.id) for _, _, what, planned in steps] == [
        ("begin", 1),
        ("end", 1),
        ("begin", 2),
        ("end", 2),
    ]
