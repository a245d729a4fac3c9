"""From a campaign's file to its cells, with systems that are not there: a fake tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import plugins
from harness.campaign.examine import BugFound, Examined, Looked
from harness.campaign.file import CampaignFile, parse_campaign
from harness.campaign.jobs import Cell, LeftOut, Limits
from harness.campaign.matrix import Matrix, Spec, expand, limits_of
from harness.config import configure

ROOT = Path(__file__).parents[3]
BUGS = {
    "raft": (BugFound("stale-read", "reads are fresh", {"fast": "yes"}), BugFound("lost", "writes stay", {})),
    "paxos": (BugFound("minority", "most must agree", {}),),
}


@dataclass
class Fake:
    """Finds what it is told to; notes what it was asked. cells: by the words of a cell's nemeses."""

    workload: str = "register"
    broken: str = ""
    cells: Mapping[str, Looked] = field(default_factory=dict)
    asked: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    limits: Limits | None = None

    def __call__(
        self, systems: Mapping[str, Sequence[Mapping[str, Any]]], limits: Limits
    ) -> dict[str, Examined]:
        self.asked, self.limits = {name: list(cells) for name, cells in systems.items()}, limits
        return {name: self.one(name, cells) for name, cells in systems.items()}

    def one(self, name: str, cells: Sequence[Mapping[str, Any]]) -> Examined:
        if self.broken == name:
            return Examined(broken="it raises")
        looked = [self.cells.get(v["nemeses"], Looked(v.get("workload", self.workload))) for v in cells]
        return Examined("", True, tuple(looked), BUGS.get(name, ()))


def campaign_of(text: str) -> CampaignFile:
    return parse_campaign('name = "n"\n' + text, "c.toml")


def expanded(text: str, fake: Fake | None = None) -> Matrix:
    """What a file comes to, if nothing is wrong with it."""
    matrix = expand(campaign_of(text), fake or Fake())
    assert matrix.all_problems() == []
    ids = [spec.cell.id for spec in matrix.specs]
    assert len(set(ids)) == len(ids)
    return matrix


def problems_of(text: str, fake: Fake | None = None) -> list[tuple[tuple[int | str, ...], str]]:
    return expand(campaign_of(text), fake or Fake()).all_problems()


def cells_of(text: str, fake: Fake | None = None) -> dict[str, Cell]:
    return {spec.cell.id: spec.cell for spec in expanded(text, fake).specs}


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "installed", lambda: ["raft", "paxos"])


TWO = '[[systems]]\nname = "raft"\n[[systems]]\nname = "sync"\nsystem = "primary-backup"\n'


def test_every_system_with_every_workload_and_nemeses() -> None:
    text = TWO + '[[matrix]]\nworkloads = ["register", "set"]\nnemeses = ["kill", "kill,partition"]\n'
    cells = cells_of(text)
    combined = product(("raft", "sync"), ("register", "set"), ("kill", "kill,partition"))
    assert list(cells) == [f"{s}/{w}/{n}@local" for s, w, n in combined]
    cell = cells["sync/set/kill,partition@local"]
    assert (cell.system, cell.workload, cell.nemeses, cell.place) == (
        "sync",
        "set",
        "kill,partition",
        "local",
    )
    assert (cell.values["workload"], cell.values["system"]) == ("set", "primary-backup")
    assert (cell.expect, cell.because, cell.tries, cell.bug) == ("valid", "", 1, "")


def test_only_the_systems_that_are_named() -> None:
    assert list(cells_of(TWO + '[[matrix]]\nsystems = "sync"\n')) == ["sync/register/default@local"]
    both = TWO + '[[matrix]]\nsystems = ["sync", "*"]\n'
    assert list(cells_of(both)) == ["raft/register/default@local", "sync/register/default@local"]


def test_a_default_is_left_to_the_system() -> None:
    fake = Fake(workload="cas-register")
    (cell,) = cells_of(TWO + '[[include]]\nsystem = "raft"\n', fake).values()
    assert cell.id == "raft/cas-register/default@local"
    assert cell.workload == "cas-register"
    assert "workload" not in cell.values
    assert cell.values["nemeses"] == "default"


def test_each_system_is_looked_at_once_with_all_its_cells() -> None:
    fake = Fake()
    text = '[defaults]\nlimit_time = "9s"\nlimit_memory = "100MB"\nlimit_disk = "99MB"\n' + TWO
    text += (
        '[[systems]]\nname = "async"\nsystem = "primary-backup"\noptions = { mode = "async" }\n[[matrix]]\n'
    )
    expanded(text + '[[include]]\nsystem = "async"\nnemeses = "kill"\n', fake)
    assert {name: len(cells) for name, cells in fake.asked.items()} == {"raft": 1, "primary-backup": 3}
    assert [cell["nemeses"] for cell in fake.asked["primary-backup"]] == ["default", "default", "kill"]
    assert [cell["options"] for cell in fake.asked["primary-backup"]] == [{}, *[{"mode": "async"}] * 2]
    assert fake.limits == Limits(9.0, 100, 99)
    expanded(text.replace('"9s"', '"9m"'), fake)
    assert fake.limits == Limits(60.0, 100, 99)


LAYERS = """
[defaults]
on = "docker"
time = "1s"
keys = 1
nodes = 1
options = { a = "d", b = "d", c = "d" }
[[systems]]
name = "raft"
time = "2s"
keys = 2
options = { b = "s", c = "s" }
[[matrix]]
on = "sim"
time = "3s"
options = { c = "m" }
nemeses = "kill"
[[include]]
system = "raft"
time = "4s"
rate = 0
skip_unavailable = false
options = { c = "i", e = 1 }
"""


def test_the_later_layer_wins_and_options_are_merged() -> None:
    cells = cells_of(LAYERS)
    assert cells["raft/register/kill@sim"].values == {
        "system": "raft",
        "place": "sim",
        "nemeses": "kill",
        "time_s": 3.0,
        "keys": 2,
        "nodes": 1,
        "options": {"a": "d", "b": "s", "c": "m"},
    }
    assert cells["raft/register/default@docker"].values == {
        "system": "raft",
        "place": "docker",
        "nemeses": "default",
        "time_s": 4.0,
        "keys": 2,
        "nodes": 1,
        "rate": 0.0,
        "skip_unavailable": False,
        "options": {"a": "d", "b": "s", "c": "i", "e": "1"},
    }


def test_what_comes_of_every_key_can_be_configured() -> None:
    text = '[defaults]\non = "ssh"\ntime = "2s"\nnodes = 3\nclients = 4\nrate = 5\nkeys = 6\n'
    text += (
        'ops_per_key = 7\nop_timeout = "8s"\nready_timeout = "9s"\njudge_time = "10s"\njudge_memory = "1GB"\n'
    )
    text += 'failed_cas = "did-not-happen"\nhosts = "h.toml"\nskip_unavailable = true\nseeds = 3\n'
    text += 'limit_time = "5m"\nlimit_memory = "2GB"\nlimit_disk = "3GB"\n'
    (cell,) = cells_of(text + '[[systems]]\nname = "raft"\n[[matrix]]\n').values()
    config = configure({**cell.values, "seed": 1})
    assert (config.place, config.time_s, config.nodes, config.clients, config.rate) == ("ssh", 2, 3, 4, 5)
    assert (config.keys, config.ops_per_key, config.op_timeout_s, config.ready_timeout_s) == (6, 7, 8, 9)
    assert (config.judge_time_s, config.judge_memory_mb, config.failed_cas) == (10, 1024, "did-not-happen")
    assert (config.hosts, config.skip_unavailable) == ("h.toml", True)
    assert cell.limits == Limits(300.0, 2048, 3072)


def test_seeds_of_the_nearest_layer() -> None:
    text = 'seeds = 5\n[[systems]]\nname = "raft"\n[[systems]]\nname = "two"\nseeds = 7\n'
    text += '[[matrix]]\n[[matrix]]\nnemeses = "kill"\nseeds = "4..6"\n'
    seeds = {spec.cell.id: spec.seeds for spec in expanded(text).specs}
    assert seeds == {
        "raft/register/default@local": 5,
        "two/register/default@local": 7,
        "raft/register/kill@local": range(4, 7),
        "two/register/kill@local": range(4, 7),
    }
    assert expanded(text.replace("seeds = 5\n", "", 1)).specs[0].seeds == 3


def test_labels_tell_equal_cells_apart() -> None:
    text = TWO + '[[include]]\nsystem = "raft"\n[[include]]\nsystem = "raft"\nkeys = 1\n'
    assert problems_of(text) == [
        (("include", 1), "raft/register/default@local is there twice, and differs: give one of them a label")
    ]
    assert list(cells_of(text + 'label = "one-key"\n')) == [
        "raft/register/default@local",
        "raft/register/default@local+one-key",
    ]


@pytest.mark.parametrize("more", ["seeds = 9", 'limit_time = "9s"', 'limit_memory = "99MB"', "keys = 9"])
def test_cells_that_differ_in_anything_never_have_one_name(more: str) -> None:
    text = f'{TWO}[[matrix]]\n[[include]]\nsystem = "raft"\n'
    assert len(cells_of(text)) == 2, "equal ones are one"
    ((where, said),) = problems_of(text + more)
    assert where == ("include", 0)
    assert said.startswith("raft/register/default@local is there twice, and differs")


def test_excluded_cells_are_told_with_the_reason() -> None:
    text = 'seeds = "1..4"\n' + TWO + '[[matrix]]\nnemeses = ["kill", "pause"]\n'
    text += '[[exclude]]\ncells = "raft/*/kill@*"\nreason = "first"\n'
    text += '[[exclude]]\ncells = ["raft/*/*@local", "sync/register/pause"]\nreason = "second"\n'
    problems = problems_of(text)
    assert problems == [(("exclude", 1, "cells"), "exclude[2].cells: 'sync/register/pause' is no cell: "
                         "did you mean 'sync/register/pause@local'?")]  # fmt: skip
    matrix = expanded(text.replace("register/pause", "register/pause@local"))
    assert [spec.cell.id for spec in matrix.specs] == ["sync/register/kill@local"]
    assert matrix.left == [
        LeftOut("raft/register/kill@local", "first", 4),
        LeftOut("raft/register/pause@local", "second", 4),
        LeftOut("sync/register/pause@local", "second", 4),
    ]


def test_a_pattern_may_be_the_beginning_up_to_a_slash() -> None:
    for pattern, count in (("raft", 1), ("raft/register", 1), ("*/register", 2), ("raft/reg*", 1)):
        matrix = expanded(TWO + f'[[matrix]]\n[[exclude]]\ncells = "{pattern}"\nreason = "r"\n')
        assert len(matrix.left) == count
    assert problems_of(TWO + '[[matrix]]\n[[exclude]]\ncells = "raft/reg"\nreason = "r"\n')


def test_a_cell_that_cannot_be_planned_may_be_excluded() -> None:
    fake = Fake(cells={"clock": Looked(problem="-n clock: raft has none")})
    text = TWO + '[[matrix]]\nworkloads = "set"\nnemeses = ["kill", "clock"]\n'
    assert problems_of(text, fake) == [
        (("matrix", 0), "raft/set/clock@local and 1 more: -n clock: raft has none")
    ]
    matrix = expanded(text + '[[exclude]]\ncells = "*/clock@*"\nreason = "no clocks"\n', fake)
    assert {one.what for one in matrix.left} == {"raft/set/clock@local", "sync/set/clock@local"}
    assert len(matrix.specs) == 2


def test_a_wrong_option_is_a_problem_of_the_system() -> None:
    fake = Fake(cells={"kill": Looked(problem="-o mode=x: unknown"), "pause": Looked(problem="no pause")})
    text = TWO
    text += (
        '[[include]]\nsystem = "sync"\nnemeses = "kill"\n[[include]]\nsystem = "raft"\nnemeses = "pause"\n'
    )
    assert problems_of(text, fake) == [
        (("systems", 1, "options"), "sync/default/kill@local: -o mode=x: unknown"),
        (("include", 1), "raft/default/pause@local: no pause"),
    ]


def test_a_system_that_is_broken_keeps_its_cells() -> None:
    cells = cells_of(TWO + "[[matrix]]\n", Fake(broken="raft"))
    assert list(cells) == ["raft/default/default@local", "sync/register/default@local"]


def test_all_patterns_that_match_nothing_are_told_at_once() -> None:
    text = TWO + "[[matrix]]\n"
    text += (
        '[[exclude]]\ncells = ["nobody/*", "none"]\nreason = "r"\n[[exclude]]\ncells = "rafd"\nreason = "r"\n'
    )
    text += '[[expect]]\ncells = ["raft/*", "paxos"]\nreason = "r"\n'
    assert [(where, said.split(": ")[1]) for where, said in problems_of(text)] == [
        (("exclude", 0, "cells"), "'nobody/*' is no cell"),
        (("exclude", 0, "cells"), "'none' is no cell"),
        (("exclude", 1, "cells"), "'rafd' is no cell"),
        (("expect", 0, "cells"), "'paxos' is no cell"),
    ]
    twice = text + '[[include]]\nsystem = "raft"\nkeys = 9\n'
    assert [where for where, _ in problems_of(twice)] == [("include", 0)], "which may be why"


def test_expectations() -> None:
    text = TWO + '[[matrix]]\nnemeses = ["kill", "pause"]\n'
    text += '[[expect]]\ncells = "sync/*/kill@*"\nreason = "it loses"\n'
    cells = cells_of(text)
    assert {name: (c.expect, c.because) for name, c in cells.items() if c.expect != "valid"} == {
        "sync/register/kill@local": ("anomaly", "it loses")
    }
    excluded = text + '[[exclude]]\ncells = "sync"\nreason = "r"\n'
    ((where, said),) = problems_of(excluded)
    assert where == ("expect", 0, "cells"), "what is excluded cannot be expected"
    assert "'sync/*/kill@*' is no cell" in said


ZOO = '[zoo]\ntries = 40\nbugs = ["raft/*", "paxos/minority"]\nskip = ["raft/lo*"]\n'


def test_planted_bugs_are_cells_of_their_own() -> None:
    fake = Fake()
    matrix = expanded(ZOO, fake)
    assert fake.asked == {"raft": [], "paxos": []}
    assert [spec.cell.id for spec in matrix.specs] == ["zoo/raft/stale-read", "zoo/paxos/minority"]
    assert matrix.left == [LeftOut("zoo/raft/lost", "named in zoo.skip", 1)]
    assert matrix.specs[0] == Spec(
        Cell(
            id="zoo/raft/stale-read",
            system="raft",
            workload="default",
            nemeses="default",
            place="sim",
            values={"place": "sim", "system": "raft", "options": {"fast": "yes", "bug": "stale-read"}},
            limits=Limits(340.0, 4096, 2048),
            expect="anomaly",
            because="planted bug: reads are fresh",
            tries=40,
            bug="stale-read",
            rule="reads are fresh",
        ),
        range(1, 2),
    )


def test_planted_bugs_beside_cells() -> None:
    cells = cells_of('[[systems]]\nname = "mine"\nsystem = "raft"\n[[matrix]]\n' + ZOO)
    assert list(cells) == ["mine/register/default@local", "zoo/raft/stale-read", "zoo/paxos/minority"]
    found = [len(cells_of("[zoo]\n")), *cells_of('[zoo]\nbugs = "*/m*"\n')]
    assert found == [3, "zoo/paxos/minority"], "all, if nothing is said"


def test_wrong_names_of_planted_bugs() -> None:
    assert problems_of('[zoo]\nbugs = ["raft/stale-raed", "raft/lost"]\nskip = ["none/*"]\n') == [
        (("zoo", "bugs"), "zoo.bugs: no planted bug is called 'raft/stale-raed': "
                          "did you mean 'raft/stale-read'?"),
        (("zoo", "skip"), "zoo.skip: no planted bug is called 'none/*': "
                          "choose one of: paxos/minority, raft/lost, raft/stale-read"),
    ]  # fmt: skip


def test_planted_bugs_may_be_excluded() -> None:
    matrix = expanded('[zoo]\n[[exclude]]\ncells = "zoo/raft/*"\nreason = "slow"\n')
    assert [spec.cell.id for spec in matrix.specs] == ["zoo/paxos/minority"]
    assert matrix.left == [LeftOut("zoo/raft/stale-read", "slow", 1), LeftOut("zoo/raft/lost", "slow", 1)]


@pytest.mark.parametrize(
    ("keys", "values", "tries", "time_s"),
    [
        ({}, {"place": "sim", "time_s": 9000.0}, 1, 301.0),
        ({}, {"place": "sim"}, 60, 360.0),
        ({}, {"place": "local"}, 1, 120 + 60 + 20 + 900),
        ({}, {"place": "docker", "time_s": 100.0, "ready_timeout_s": 5.0, "judge_time_s": 10.0}, 1, 355),
        ({}, {"place": "ssh", "judge_time_s": 9000.0}, 1, 120 + 60 + 20 + 900),
        ({"limit_time": 7.0}, {"place": "sim"}, 60, 7.0),
    ],
)  # fmt: skip
def test_limits_of_time(keys: dict[str, Any], values: dict[str, Any], tries: int, time_s: float) -> None:
    assert limits_of(keys, values, tries) == Limits(time_s, 4096, 2048)
    both = {**keys, "limit_memory": 64, "limit_disk": 65}
    assert limits_of(both, values, tries) == Limits(time_s, 64, 65)


NAMES = st.lists(st.sampled_from(["a", "b", "c,d"]), min_size=1, max_size=2, unique=True)
TABLES = st.tuples(
    NAMES, NAMES, st.sampled_from(["", "x", "y"]), st.sampled_from(["sim", "local"]), st.integers(1, 2)
)


@given(st.lists(TABLES, min_size=1, max_size=4))
def test_two_different_cells_never_have_one_id(
    tables: list[tuple[list[str], list[str], str, str, int]],
) -> None:
    text = TWO
    wanted = set()
    for workloads, nemeses, label, place, keys in tables:
        text += (
            f'[[matrix]]\nworkloads = {workloads}\nnemeses = {nemeses}\nlabel = "{label}"\non = "{place}"\n'
        )
        text += f"keys = {keys}\n"
        wanted |= set(product(("raft", "sync"), workloads, nemeses, [label], [place], [keys]))
    matrix = expand(campaign_of(text), Fake())
    ids = [spec.cell.id for spec in matrix.specs]
    assert len(set(ids)) == len(ids) == len({cell[:5] for cell in wanted})
    assert bool(matrix.all_problems()) == (len(wanted) > len(ids))


@pytest.mark.parametrize("name", ["smoke", "nightly"])
def test_our_own_campaigns_have_no_equal_cells(name: str) -> None:
    text = (ROOT / "campaigns" / f"{name}.toml").read_text().partition("[zoo]")[0]
    assert len(expand(parse_campaign(text, name), Fake()).specs) > 10
