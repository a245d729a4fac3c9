"""Schedules of a machine: what is printed is read by systemd and by a shell, whatever the paths hold; two
nights never meet; a night's exit code is the schedule's.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.campaign.schedule import LOCKED, Nightly, cron_files, systemd_files
from harness.errors import ConfigError
from tests.harness.campaign.scheduled import NASTY, at_once, calls, expected, made


@pytest.fixture(params=NASTY)
def nasty(request: pytest.FixtureRequest, tmp_path: Path) -> Nightly:
    return made(tmp_path / request.param)


# --- systemd ---


def keys(text: str) -> dict[str, list[str]]:
    """A unit's keys, and what they are set to."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def unit_words(value: str, instance: str = "") -> list[str]:
    """A command of a unit as systemd splits it, with its marks: for what we write, as a shell does."""
    return [word.replace("%i", instance).replace("%%", "%") for word in shlex.split(value)]


def executed(values: list[str], folder: Path, instance: str = "") -> int:
    code = 0
    for value in values:
        program, *words = unit_words(value, instance)
        assert re.match("-?:/", program), "without the colon a $ would be a variable"
        done = subprocess.run(
            [program.lstrip("-:"), *words], cwd=folder, check=False, stdout=subprocess.DEVNULL
        )
        code = done.returncode
        assert code == 0 or program[0] == "-" or value == values[-1]
    return code


def test_a_service_runs_the_clean_up_the_night_and_the_removal(nasty: Nightly) -> None:
    service = keys(systemd_files(nasty)["splitbrain-nightly.service"])
    assert executed(service["ExecStartPre"], nasty.directory) == 0
    assert executed(service["ExecStart"], nasty.directory) == 0
    assert executed(service["ExecStopPost"], nasty.directory) == 0
    assert calls(nasty) == expected(nasty)
    assert service["WorkingDirectory"][0].replace("%%", "%") == str(nasty.directory)


def test_systemd_finds_nothing_wrong(nasty: Nightly) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    (nasty.directory / "units").mkdir()
    for shards in (1, 4):
        for name, text in systemd_files(replace(nasty, shards=shards)).items():
            path = nasty.directory / "units" / name
            path.write_text(text)
            command = ["systemd-analyze", "verify", "--man=no", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout + done.stderr) == (0, ""), text


def test_a_service_cannot_hang_nor_hide_a_failure(tmp_path: Path) -> None:
    nightly = made(tmp_path / "x")
    service = keys(systemd_files(nightly)["splitbrain-nightly.service"])
    assert service["Type"] == ["oneshot"]
    assert service["KillMode"] == ["control-group"]
    assert 5400 < int(service["TimeoutStartSec"][0]) <= 5400 + 3600
    assert "SuccessExitStatus" not in service
    assert not service["ExecStart"][0].startswith("-")
    nightly.runs.mkdir()
    (nightly.directory / "campaign").write_text("1")
    assert executed(service["ExecStart"], nightly.directory) == 1


def test_two_services_do_not_run_at_once(tmp_path: Path) -> None:
    nightly = made(tmp_path / "x")
    nightly.runs.mkdir()
    words = unit_words(keys(systemd_files(nightly)["splitbrain-nightly.service"])["ExecStart"][0])
    first, second = at_once(nightly, [words[0].lstrip(":"), *words[1:]])
    assert (first, second) == (0, LOCKED)
    assert [call[0] for call in calls(nightly)] == ["campaign"]


def test_the_process_that_systemd_watches_is_the_night_itself(tmp_path: Path) -> None:
    """Or a lock's keeper would end at SIGTERM, and what is left of the night be killed before its report."""
    nightly = made(tmp_path / "x", program=("/bin/sh", "-c", "echo $$"))
    nightly.runs.mkdir()
    words = unit_words(keys(systemd_files(nightly)["splitbrain-nightly.service"])["ExecStart"][0])
    process = subprocess.Popen([words[0].lstrip(":"), *words[1:]], stdout=subprocess.PIPE, text=True)
    said, _ = process.communicate(timeout=30)
    assert int(said) == process.pid


def test_a_timer_makes_up_for_a_missed_night(tmp_path: Path) -> None:
    timer = keys(systemd_files(made(tmp_path / "x"))["splitbrain-nightly.timer"])
    assert timer["OnCalendar"] == ["*-*-* 02:30:00"]
    assert timer["Persistent"] == ["true"]
    assert timer["RandomizedDelaySec"]
    assert timer["WantedBy"] == ["timers.target"]


def test_shards_are_instances(tmp_path: Path) -> None:
    nightly = made(tmp_path / "50% off", shards=4)
    made_files = systemd_files(nightly)
    assert list(made_files) == ["splitbrain-nightly@.service", "splitbrain-nightly@.timer"]
    service = keys(made_files["splitbrain-nightly@.service"])
    nightly.runs.mkdir()
    assert executed(service["ExecStart"], nightly.directory, "3") == 0
    assert calls(nightly) == [expected(nightly, "--shard", "3/4")[1]]
    assert (nightly.runs / ".schedule-3.lock").exists()


def test_a_units_name_has_only_what_systemd_takes(tmp_path: Path) -> None:
    nightly = made(tmp_path / "x", name="c++_1.0")
    assert list(systemd_files(nightly)) == ["splitbrain-c--_1.0.service", "splitbrain-c--_1.0.timer"]


# --- cron ---


def commands(text: str) -> list[str]:
    """What cron gives to the shell: up to the first % that has no backslash."""
    found = []
    for line in text.splitlines():
        if line and line[0] != "#" and re.match(r"[0-9]", line):
            command = line.split(" ", 5)[5]
            found.append(re.split(r"(?<!\\)%", command)[0].replace(r"\%", "%"))
    return found


def in_shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", command], cwd="/", capture_output=True, text=True, check=False)


def test_a_crontab_runs_the_clean_up_the_night_and_the_removal(nasty: Nightly) -> None:
    (command,) = commands(cron_files(nasty)["splitbrain-nightly.cron"])
    assert subprocess.run(["/bin/sh", "-n", "-c", command], check=False).returncode == 0
    done = in_shell(command)
    assert (done.returncode, done.stderr) == (0, "")
    assert calls(nasty) == expected(nasty)
    assert done.stdout == "said by campaign\n", "only the night's words go by mail"
    assert [path.name for path in nasty.runs.iterdir()] == [".schedule.lock"]


@pytest.mark.parametrize("code", [0, 1, 2, 3, 130])
def test_a_crontabs_exit_code_is_the_nights_whatever_else_fails(tmp_path: Path, code: int) -> None:
    nightly = made(tmp_path / "x")
    for word, ends in (("doctor", 6), ("campaign", code), ("gc", 3)):
        (nightly.directory / word).write_text(str(ends))
    (command,) = commands(cron_files(nightly)["splitbrain-nightly.cron"])
    assert in_shell(command).returncode == code
    assert len(calls(nightly)) == 3


def test_two_lines_do_not_run_at_once(tmp_path: Path) -> None:
    nightly = made(tmp_path / "x")
    (command,) = commands(cron_files(nightly)["splitbrain-nightly.cron"])
    assert at_once(nightly, ["/bin/sh", "-c", command]) == (0, LOCKED)
    assert [call[0] for call in calls(nightly)] == ["doctor", "campaign", "gc"]
    assert in_shell(command).returncode == 0, "the lock ended with its night"


def test_a_night_that_does_not_run_says_so(tmp_path: Path) -> None:
    nightly = made(tmp_path / "x")
    nightly.runs.mkdir()
    (command,) = commands(cron_files(nightly)["splitbrain-nightly.cron"])
    held = ["flock", nightly.lock(""), "/bin/sh", "-c", command]
    done = subprocess.run(held, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (LOCKED, "splitbrain: nightly: another night is still at work\n")
    assert not (nightly.directory / "log").exists()


def test_a_night_that_hangs_is_ended(tmp_path: Path) -> None:
    nightly = made(tmp_path / "x")
    (nightly.directory / "hold").touch()
    (command,) = commands(cron_files(nightly)["splitbrain-nightly.cron"])
    assert f"--kill-after=300 {nightly.limit_s} " in command
    done = in_shell(command.replace(f"{nightly.limit_s} ", "0.5 "))
    assert done.returncode == 124
    assert calls(nightly)[-1][0] == "gc"


def test_each_shard_has_a_line_with_a_lock_of_its_own(tmp_path: Path) -> None:
    nightly = made(tmp_path / "x", shards=3)
    lines = commands(cron_files(nightly)["splitbrain-nightly.cron"])
    assert [in_shell(line).returncode for line in lines] == [0, 0, 0]
    assert [call[-1] for call in calls(nightly) if call[0] == "campaign"] == ["1/3", "2/3", "3/3"]
    assert len(list(nightly.runs.iterdir())) == 3


def test_a_crontab_names_the_minute_and_the_hour(tmp_path: Path) -> None:
    text = cron_files(made(tmp_path / "x", hour=23, minute=5))["splitbrain-nightly.cron"]
    assert "\n5 23 * * * r=" in text
    assert "#MAILTO=" in text


def test_a_line_that_is_too_long_for_cron_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cron takes 998"):
        cron_files(made(tmp_path / "x", file=tmp_path / ("long" * 250)))
