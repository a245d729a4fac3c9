"""The morning after a night: what shows again, what does not, and how small it gets."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness import cli
from harness.campaign.store.database import Store
from harness.campaign.store.index import reindex
from harness.cli_triage import COMMANDS
from tests.harness.campaign.nights import until

for _command in COMMANDS:
    cli.cli.add_command(_command)

TIMES, TRIES = 4, 40
MAIN = """
import sys
from harness import cli
from harness.cli_triage import COMMANDS
for one in COMMANDS:
    cli.cli.add_command(one)
sys.exit(cli.main())
"""
PLUGINS = '''
"""Raft, with stale reads: until a file says otherwise, or every other time; and one that dies."""

import fcntl
import os
import time
from dataclasses import replace
from pathlib import Path

from systems.raft.system import Raft

HERE = Path(__file__).parent


def stale(core):
    class Stale(core):
        def __init__(self, config, records):
            super().__init__(replace(config, options={**config.options, "bug": "stale-read"}), records)

    return Stale


class Fading(Raft):
    def core(self, options):
        core = super().core(options)
        return core if (HERE / "mended").exists() else stale(core)


class Wavering(Raft):
    is_stale = None

    def core(self, options):
        if Wavering.is_stale is None:
            with (HERE / "counter").open("a+") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                Wavering.is_stale = os.fstat(file.fileno()).st_size % 2 == 0
                file.write("x")
                file.flush()
        core = super().core(options)
        return stale(core) if Wavering.is_stale else core


class Dying(Raft):
    def core(self, options):
        if (HERE / "hang").exists():
            (HERE / "hang").rename(HERE / "next")
            os._exit(7)
        while (HERE / "next").exists():
            (HERE / "hanging").touch()
            time.sleep(0.1)
        os._exit(7)
'''
CAMPAIGN = """
name = "mornings"
seeds = "6"
[defaults]
on = "sim"
time = "10s"
[[systems]]
name = "stale"
system = "raft"
options = {{ bug = "stale-read" }}
[[systems]]
name = "known"
system = "raft"
options = {{ bug = "stale-read", batch = "255" }}
{plugins}
[[matrix]]
systems = ["stale", "known", "fading", "wavering", "dying"]
[[expect]]
cells = "known/*"
reason = "for these tests"
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as JSON."""
        return msgspec.json.decode(self.out)


def command(*words: str) -> Said:
    """A command of splitbrain, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(words)
    return Said(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def started(*words: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A command of splitbrain on its own, which is not left alive."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, *words], env={**os.environ, **env}, **pipes
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Morning:
    """A night, and its triage."""

    runs: Path
    folder: Path
    said: Said

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """By system."""
        return {one["system"]: one for one in self.said.json()["failures"]}


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Morning:
    """One night with a failure of each kind, one of which is mended before the triage."""
    tmp = tmp_path_factory.mktemp("morning")
    (tmp / "plugins.py").write_text(PLUGINS)
    plugins = "\n".join(
        f'[[systems]]\nname = "{kind.lower()}"\nsystem = "{tmp}/plugins.py:{kind}"'
        for kind in ("Fading", "Wavering", "Dying")
    )
    (tmp / "campaign.toml").write_text(CAMPAIGN.format(plugins=plugins))
    runs = tmp / "runs"
    night = command("campaign", str(tmp / "campaign.toml"), "--runs", str(runs), "--json")
    assert night.json()["outcomes"] == {"anomaly": 4, "failed": 1}, night.err
    (tmp / "mended").touch()
    words = ("-n", str(TIMES), "--tries", str(TRIES), "--runs", str(runs), "--json")
    return Morning(runs, Path(night.json()["folder"]), command("triage", "mornings", *words))


def test_new_failures_are_told_and_what_was_expected_is_left_out(morning: Morning) -> None:
    assert morning.said.code == 0, morning.said.err
    words = {system: (one["word"], one["shown"], one["runs"]) for system, one in morning.told.items()}
    assert words == {
        "stale": ("deterministic", TIMES, TIMES),
        "fading": ("gone", 0, TIMES),
        "wavering": ("flaky", TIMES // 2, TIMES),
        "dying": ("deterministic", TIMES, TIMES),
    }
    low, high = morning.told["wavering"]["interval"]
    assert 0 < low < 0.5 < high < 1
    assert morning.told["stale"]["same"] == TIMES
    assert morning.told["dying"]["what"] == "crashed"
    assert "did not show" in morning.told["wavering"]["note"]


def test_a_small_run_is_smaller_and_a_run_of_its_own(morning: Morning) -> None:
    stale = morning.told["stale"]
    small = stale["small"]
    assert 0 < small["ops"] < stale["ops"]
    folder = morning.folder / "triage" / stale["fingerprint"] / "small"
    assert Path(small["report"]) == folder / "report.html"
    assert len(msgspec.json.decode((folder / "plan.json").read_bytes())["script"]) == small["ops"]
    assert {"plan.json", "history.jsonl", "report.html", "card.json"} <= {
        one.name for one in folder.iterdir()
    }
    assert not (folder.parent / "shrinking").exists()
    assert morning.told["fading"]["small"] is None


def test_reruns_stand_below_the_night_and_the_result_beside_the_run(morning: Morning) -> None:
    stale = morning.told["stale"]
    again = morning.folder / "triage" / stale["fingerprint"]
    assert {one.name for one in again.iterdir()} == {*map(str, range(1, TIMES + 1)), "small"}
    [kept] = [
        one
        for path in morning.folder.glob("runs/*/triage.json")
        for one in msgspec.json.decode(path.read_bytes())
        if one["fingerprint"] == stale["fingerprint"]
    ]
    assert (kept["word"], kept["shown"], kept["runs"]) == ("deterministic", TIMES, TIMES)
    assert (morning.runs / kept["small"]).is_dir()
    page = (morning.folder / "report.html").read_text()
    assert f"deterministic: {TIMES} of {TIMES}" in page
    assert f"gone: 0 of {TIMES}" in page


def test_the_database_made_anew_says_the_same(morning: Morning) -> None:
    with Store(morning.runs) as store:
        before = store.dump()["triage"]
    assert len(before) == 4
    reindex(morning.runs, lambda _number, _name: None)
    with Store(morning.runs) as store:
        assert store.dump()["triage"] == before


def test_all_takes_what_was_expected_too(morning: Morning) -> None:
    said = command("triage", str(morning.folder), "--all", "-n", "1", "--no-shrink")
    assert said.code == 0, said.err
    lines = [line.split() for line in said.out.splitlines()]
    [known] = [line for line in lines if "known" in line]
    assert known[1:5] == ["deterministic", "1", "of", "1"]
    assert "1 of the 1 with the very same fingerprint" in said.out
    assert "an earlier triage's" in said.out  # the small run is not lost
    assert Path(morning.told["stale"]["small"]["report"]).is_file()


def test_ctrl_c_keeps_what_is_known(morning: Morning) -> None:
    hang = morning.runs.parent / "hang"
    hang.touch()
    words = ("triage", morning.folder.name, "-n", "2", "-j", "1", "--no-shrink", "--runs", str(morning.runs))
    with started(*words) as process:
        until((hang.parent / "hanging").exists)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    (hang.parent / "next").unlink()
    assert process.returncode == 130, err
    assert "what is known is kept" in err
    words_of = {line.split()[0]: line for line in out.splitlines()}
    stale = words_of[morning.told["stale"]["fingerprint"]].split()
    assert stale[1:5] == ["deterministic", "2", "of", "2"]
    [dying] = [line.split() for name, line in words_of.items() if "dying" in name]
    assert dying[1:5] == ["deterministic", "1", "of", "1"]
    assert "stopped: 1 of 2 runs not done" in out
    [kept] = [
        one
        for path in morning.folder.glob("runs/*dying*/triage.json")
        for one in msgspec.json.decode(path.read_bytes())
    ]
    assert kept["runs"] == 1
    assert [path.name for path in morning.folder.glob("triage/*dying*/*")] == ["1"]


def test_bad_input_is_refused_with_a_way_out(morning: Morning, tmp_path: Path) -> None:
    close = command("triage", "mornigs", "--runs", str(morning.runs))
    assert (close.code, "did you mean 'mornings'?" in close.err) == (4, True)
    nothing = command("triage", "x", "--runs", str(tmp_path / "none"))
    assert (nothing.code, "--runs" in nothing.err) == (4, True)
    assert not (tmp_path / "none").exists()
    assert command("triage", "mornings", "-n", "0").code == 4


def test_a_night_without_failures_has_nothing_to_triage(tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text(
        'name = "good"\nseeds = "1"\n[defaults]\non = "sim"\ntime = "5s"\n[[systems]]\nname = "raft"\n'
        '[[matrix]]\nsystems = ["raft"]\nnemeses = "partition"\n'
    )
    assert command("campaign", str(file), "--runs", str(tmp_path / "runs")).code == 0
    said = command("triage", "good", "--runs", str(tmp_path / "runs"), "--json")
    assert (said.code, said.json()["failures"]) == (5, [])
