"""Who works on a night, with real processes: one campaign at a time, never beside what is left of another."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.campaign import night_lock
from harness.campaign.night_lock import BUSY, LOCK, held, is_held, take_part
from harness.errors import EXIT_FAILED, EnvironmentFault
from tests.harness.campaign.machines import until

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from pathlib import Path
from harness.campaign.night_lock import held
with held(Path(sys.argv[1])) as token:
    print(token, flush=True)
    sys.stdin.read()
print("out", flush=True)
"""
TAKE_PART = """
import sys
from pathlib import Path
from harness.campaign.night_lock import take_part
take_part(Path(sys.argv[1]) / "lock", sys.argv[2])
print("in", flush=True)
sys.stdin.read()
with (Path(sys.argv[1]) / "order").open("a") as file:
    file.write("the run ended\\n")
"""


@contextlib.contextmanager
def started(program: str, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A process that goes on until its input ends."""
    argv = [sys.executable, "-c", program, *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line that it says; "" if it ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> int:
    """Its exit code, after it was let go."""
    assert process.stdin is not None
    process.stdin.close()
    return process.wait(30)


def test_held_twice_is_refused(tmp_path: Path) -> None:
    with started(HOLD, tmp_path) as first:
        token = line_of(first)
        assert (tmp_path / LOCK).read_text() == token
        with started(HOLD, tmp_path) as second:
            assert line_of(second) == ""
            assert second.wait(30) == 1
            assert second.stderr is not None
            assert "another campaign, triage or gc is at work on this night" in second.stderr.read()
        with pytest.raises(EnvironmentFault, match="another campaign") as caught, held(tmp_path):
            pass
        assert caught.value.exit_code == EXIT_FAILED
        assert str(tmp_path) in caught.value.problem
        assert caught.value.fix
        assert (tmp_path / LOCK).read_text() == token, "who was refused changed nothing"
        assert end(first) == 0
    with held(tmp_path) as mine:
        assert mine != token


def test_whoever_holds_it_and_is_killed_lets_go(tmp_path: Path) -> None:
    with started(HOLD, tmp_path) as first:
        token = line_of(first)
        first.kill()
        first.wait(30)
    with held(tmp_path) as mine:
        assert (tmp_path / LOCK).read_text() == mine != token


def test_it_is_let_go_when_what_is_done_inside_raises(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        _ = 1 / 0
    with held(tmp_path):
        pass


def test_nights_are_held_one_by_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with held(tmp_path / "a") as first, held(tmp_path / "b") as second:
        assert first != second


def test_every_campaign_has_a_token_of_its_own(tmp_path: Path) -> None:
    tokens = set()
    for _ in range(5):
        (tmp_path / LOCK).write_text("x" * 200)  # longer than a token
        with held(tmp_path) as token:
            assert (tmp_path / LOCK).read_text() == token
            tokens.add(token)
    assert len(tokens) == 5


def test_whether_it_is_held(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with started(HOLD, tmp_path) as first:
        token = line_of(first)
        assert is_held(tmp_path)
        assert is_held(tmp_path), "asking changes nothing"
        assert (tmp_path / LOCK).read_text() == token
        first.kill()
        first.wait(30)
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path / "nothing")


def test_a_run_takes_part_with_the_token_of_its_campaign(tmp_path: Path) -> None:
    with held(tmp_path) as token, started(TAKE_PART, tmp_path, token) as run:
        assert line_of(run) == "in"
        with started(TAKE_PART, tmp_path, token) as other:
            assert line_of(other) == "in", "there are many at a time"
        assert end(run) == 0


@pytest.mark.parametrize("token", ["", "old", "1-0123456789abcdef"])
def test_a_latecomer_ends_itself(token: str, tmp_path: Path) -> None:
    with held(tmp_path), started(TAKE_PART, tmp_path, token) as run:
        assert line_of(run) == ""
        assert run.wait(30) == 75
        assert run.stderr is not None
        assert run.stderr.read() == "the campaign that began this run is gone\n"
        assert not (tmp_path / "order").exists()


def test_a_latecomer_of_a_campaign_that_was_followed_by_another(tmp_path: Path) -> None:
    with started(HOLD, tmp_path) as first:
        token = line_of(first)
        first.kill()
        first.wait(30)
    with held(tmp_path), started(TAKE_PART, tmp_path, token) as run:
        assert run.wait(30) == 75


def begun(tmp_path: Path, process: subprocess.Popen[str], before: str) -> bool:
    """Whether it holds the lock, so that it can only be waiting for what is left."""
    assert process.poll() is None
    return (tmp_path / LOCK).read_text() not in ("", before)


NEXT = HOLD.replace(
    "    print(token",
    "    (Path(sys.argv[1]) / 'order').open('a').write('the next began\\n')\n    print(token",
)


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_a_campaign_begins_only_when_no_run_of_an_earlier_one_is_alive(how: str, tmp_path: Path) -> None:
    with started(HOLD, tmp_path) as first:
        token = line_of(first)
        with started(TAKE_PART, tmp_path, token) as run, started(TAKE_PART, tmp_path, token) as other:
            assert line_of(run) == line_of(other) == "in"
            first.kill()
            first.wait(30)
            with started(NEXT, tmp_path) as second:
                until(lambda: begun(tmp_path, second, token))
                assert end(run) == 0
                if how == "ends":
                    assert end(other) == 0
                else:
                    assert not (tmp_path / "order").read_text().endswith("the next began\n")
                    other.kill()
                assert line_of(second) == (tmp_path / LOCK).read_text()
    wanted = ["the run ended"] * (2 if how == "ends" else 1) + ["the next began"]
    assert (tmp_path / "order").read_text().splitlines() == wanted


def test_what_never_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night_lock, "WAIT_S", 0.2)
    (tmp_path / LOCK).write_text("token")
    with started(TAKE_PART, tmp_path, "token") as run:
        assert line_of(run) == "in"
        with pytest.raises(EnvironmentFault, match="are still alive") as caught, held(tmp_path):
            pass
        assert f"fuser {tmp_path / BUSY}" in str(caught.value)
        assert not is_held(tmp_path), "who gave up lets go"
        assert end(run) == 0
    with held(tmp_path):
        pass


def test_part_is_taken_until_the_file_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night_lock, "WAIT_S", 0.0)
    (tmp_path / LOCK).write_text("token")
    busy = take_part(tmp_path / LOCK, "token")
    with pytest.raises(EnvironmentFault, match="are still alive"), held(tmp_path):
        pass
    os.close(busy)
    with held(tmp_path):
        pass
