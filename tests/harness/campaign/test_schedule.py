"""`splitbrain schedule`: what it takes, what it refuses, and where what it makes goes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.campaign.schedule import nightly_of, schedule_command
from harness.cli import cli
from harness.errors import ConfigError

CAMPAIGN = 'name = "nightly"\nmax_time = "90m"\n[zoo]\n'


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    path = tmp_path / "campaigns" / "n.toml"
    path.parent.mkdir()
    path.write_text(CAMPAIGN)
    monkeypatch.chdir(tmp_path)
    return path


def test_the_commands_are_such_as_splitbrain_takes(campaign: Path, tmp_path: Path) -> None:
    for shards in (1, 3):
        nightly = nightly_of("campaigns/n.toml", "systemd", "2:30", "runs", None, shards)
        shard = "2" if shards > 1 else ""
        for words in (nightly.campaign(shard), nightly.gc(), *nightly.cleanups()):
            name, *rest = words[len(nightly.program) :]
            command = cli.commands[name]
            context = command.make_context(name, rest)
            assert context.params["runs"] == str(tmp_path / "runs")
        assert context is not None


def test_the_program_is_that_of_this_python(campaign: Path, tmp_path: Path) -> None:
    nightly = nightly_of("campaigns/n.toml", "cron", "02:30", "runs", None, 1)
    done = subprocess.run(
        [*nightly.program, "--version"], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("splitbrain, version")
    assert nightly.file == campaign
    assert nightly.directory == tmp_path


@pytest.mark.parametrize(
    ("max_time", "in_file", "kind", "seconds"),
    [
        ("1.5h", "", "cron", 5400),
        (None, 'max_time = "20m"', "cron", 1200),
        ("45s", 'max_time = "20m"', "github", 45),
        (None, "", "systemd", 8 * 3600),
        (None, "", "github", 5 * 3600),
    ],
)
def test_the_time_of_a_night(campaign: Path, max_time: Any, in_file: str, kind: str, seconds: int) -> None:
    campaign.write_text(f'name = "n"\n{in_file}\n[zoo]\n')
    assert nightly_of(str(campaign), kind, "02:30", "runs", max_time, 1).max_s == seconds


def test_machines_that_a_campaign_names_are_cleaned_up_too(campaign: Path, tmp_path: Path) -> None:
    campaign.write_text(
        'name = "n"\n[defaults]\nhosts = "a.toml"\n[[systems]]\nname = "raft"\n[[include]]\nsystem = "raft"\n'
        'hosts = "b.toml"\n[[include]]\nsystem = "raft"\nhosts = "a.toml"\n'
    )
    cleanups = nightly_of(str(campaign), "cron", "02:30", "runs", None, 1).cleanups()
    assert [words[-1] for words in cleanups] == [str(tmp_path / "a.toml"), str(tmp_path / "b.toml")]


@pytest.mark.parametrize("at", ["", "25:00", "2", "02:60", "0230", "2:5", "noon", "02:30:00", "-1:00"])
def test_what_is_no_time_of_the_day_is_refused(campaign: Path, at: str) -> None:
    with pytest.raises(
        ConfigError, match=r"(?s)--at .* is no time of the day.*fix: write for example --at 02:30"
    ):
        schedule_command(str(campaign), "cron", at, "runs", None, 1, None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "chron"}, "no schedule of the kind 'chron'"),
        ({"shards": 0}, "--shards 0: from 1 to 256"),
        ({"shards": 257}, "--shards 257"),
        ({"max_time": "soon"}, "--max-time: 'soon' is not a duration"),
        ({"max_time": "1ms"}, "at least a second"),
        ({"runs": "back\\slash"}, "has a backslash"),
        ({"runs": "line\nbreak"}, "control character"),
        ({"runs": "space "}, "ends with a space"),
        ({"runs": "\udcff"}, "control character"),
        ({"file": "none.toml"}, "none.toml: No such file"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(campaign: Path, changed: dict[str, Any], said: str) -> None:
    given = {"kind": "cron", "at": "02:30", "runs": "runs", "max_time": None, "shards": 1, "out": None}
    with pytest.raises(ConfigError) as caught:
        schedule_command(**{"file": str(campaign), **given, **changed})
    assert said in str(caught.value)
    assert caught.value.fix


def test_a_faulty_campaign_is_not_scheduled(campaign: Path) -> None:
    campaign.write_text(CAMPAIGN + "triez = 3\n")
    with pytest.raises(ConfigError, match="triez"):
        schedule_command(str(campaign), "cron", "02:30", "runs", None, 1, None)


def test_a_workflow_is_for_a_file_of_the_repository(
    campaign: Path, tmp_path: Path, tmp_path_factory: Any
) -> None:
    assert nightly_of("campaigns/n.toml", "github", "02:30", "runs", None, 1).within == "campaigns/n.toml"
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "n.toml"
    elsewhere.write_text(CAMPAIGN)
    with pytest.raises(ConfigError, match="is in no repository"):
        nightly_of(str(elsewhere), "github", "02:30", "runs", None, 1)


Said = pytest.CaptureFixture[str]


@pytest.mark.parametrize("kind", ["systemd", "cron", "github"])
def test_what_is_printed_is_what_is_written(campaign: Path, tmp_path: Path, capsys: Said, kind: str) -> None:
    assert schedule_command(str(campaign), kind, "02:30", "runs", None, 2, None) == 0
    printed = capsys.readouterr().out
    out = tmp_path / "out" / "there"
    assert schedule_command(str(campaign), kind, "02:30", "runs", None, 2, str(out)) == 0
    said = capsys.readouterr().out
    files = sorted(out.iterdir())
    assert printed == "\n".join(f"# --- {path.name} ---\n{path.read_text()}" for path in files)
    for path in files:
        assert f"wrote {path}" in said
    assert "install:" in said
    assert ("enable --now splitbrain-nightly@1.timer" in said) == (kind == "systemd")
    assert "@NAME@" not in printed


def test_what_is_printed_of_a_workflow_is_a_workflow(campaign: Path, capsys: Said) -> None:
    schedule_command(str(campaign), "github", "02:30", "runs", "7h", 1, None)
    said = capsys.readouterr()
    assert set(yaml.safe_load(said.out)["jobs"]) == {"night", "merge"}
    assert "end a job after 360 minutes" in said.err


def test_errors_of_the_disk_name_the_file(campaign: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/splitbrain-nightly\.cron: "):
        schedule_command(str(campaign), "cron", "02:30", "runs", None, 1, str(tmp_path / "file"))
