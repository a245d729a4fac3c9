"""The commit that an anomaly came with, in real repositories: a plug-in's, and one of our own systems."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import systems
from checkers.verdict import Invalid, Valid
from harness.bisect.case import case_of
from harness.bisect.git import PREFIX, Git, top_of, worktree
from harness.bisect.step import StepTask, see, seen_in
from harness.campaign.store.database import Store
from harness.errors import ConfigError, HarnessBug, MissingPrerequisite
from tests.harness.triage.test_choice import night_of, result_of
from tests.harness.triage.test_command import Said, command, started, until

HEAD = '''"""Raft, rewritten again and again."""

from dataclasses import replace

from systems.raft.system import Raft

BUG = "{bug}"


class Store(Raft):
    def core(self, options):
        class Core(super().core(options)):
            def __init__(self, config, records):
                super().__init__(replace(config, options={{**config.options, "bug": BUG}}), records)

        return Core

'''
NIGHT = """
name = "nightly"
seeds = "6"
[defaults]
on = "sim"
time = "10s"
[[systems]]
name = "it"
system = "{system}"
[[matrix]]
systems = ["it"]
"""
FIRST_BAD, BROKEN, COMMITS = 7, 5, 10


def git(folder: Path, *words: str) -> str:
    """What git says."""
    names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    ended = subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True, env={**os.environ, **names}
    )
    return ended.stdout.strip()


def commit(folder: Path, number: int) -> None:
    """All that is there, as change NUMBER, with a tag."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", f"change {number}")
    git(folder, "tag", f"c{number}")


def found_in(folder: Path, system: str) -> tuple[Path, str]:
    """A night of a campaign that is run in `folder`; the folder of runs, and the fingerprint."""
    runs, file = folder.parent / f"{folder.name}-runs", folder.parent / f"{folder.name}.toml"
    file.write_text(NIGHT.format(system=system))
    ended = subprocess.run(
        [sys.executable, "-m", "harness.cli", "campaign", str(file), "--runs", str(runs), "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    [one] = msgspec.json.decode(ended.stdout)["fingerprints"]
    return runs, one["fingerprint"]


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with an anomaly in its last commit."""

    folder: Path
    runs: Path
    fingerprint: str

    def bisect(self, good: str, bad: str, *more: str) -> Said:
        """Ask for the commit."""
        words = ("--good", good, "--bad", bad, "--runs", str(self.runs))
        return command("bisect", self.fingerprint[:6], *words, *more)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Ten commits: one cannot be imported, a later one has the bug; nobody committed the last edit."""
    folder = tmp_path_factory.mktemp("plugin") / "store"
    (folder / "src").mkdir(parents=True)
    git(folder, "init", "-q")
    file = folder / "src" / "store.py"
    for number in range(1, COMMITS + 1):
        text = HEAD.format(bug="stale-read" if number >= FIRST_BAD else "")
        file.write_text(("1 / 0\n" if number == BROKEN else "") + text + f"# {number}\n")
        commit(folder, number)
    runs, fingerprint = found_in(folder, f"{file}:Store")
    file.write_text("an edit that nobody committed\n")
    return Repository(folder, runs, fingerprint)


def test_the_very_commit_is_found_and_the_checkout_is_untouched(plugin: Repository) -> None:
    git(plugin.folder, "bisect", "start")  # the user's own
    hook = plugin.folder / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {plugin.folder.parent}/hooked\n")
    hook.chmod(0o755)
    before = [git(plugin.folder, *words) for words in (("status", "--short"), ("show-ref", "--head"))]
    said = plugin.bisect("c1", f"c{COMMITS}", "--json")
    assert said.code == 0, said.err
    document = said.json()
    assert document["first"]["subject"] == f"change {FIRST_BAD}"
    assert document["first"]["hash"] == git(plugin.folder, "rev-parse", f"c{FIRST_BAD}")
    words = {step["commit"]["subject"]: step["seen"] for step in document["steps"]}
    assert words[f"change {BROKEN}"]["word"] == "skip"
    assert "ZeroDivisionError" in words[f"change {BROKEN}"]["said"]
    assert words[f"change {FIRST_BAD}"]["word"] == "bad"
    assert words[f"change {FIRST_BAD - 1}"]["word"] == "good"
    assert len(words) < COMMITS - 1
    assert f"change {BROKEN}: skip" in said.err
    after = [git(plugin.folder, *words) for words in (("status", "--short"), ("show-ref", "--head"))]
    assert after == before
    assert (plugin.folder / "src" / "store.py").read_text() == "an edit that nobody committed\n"
    assert git(plugin.folder, "bisect", "log").startswith("git bisect start")
    assert not (plugin.folder.parent / "hooked").exists()
    assert_no_worktree(plugin.folder)


def assert_no_worktree(folder: Path) -> None:
    """Nothing of ours is left."""
    assert len(git(folder, "worktree", "list", "--porcelain").split("\n\n")) == 1
    assert not (folder / ".git" / "worktrees").exists() or not list((folder / ".git" / "worktrees").iterdir())


def test_beside_a_commit_that_cannot_be_told_there_are_candidates(tmp_path: Path, plugin: Repository) -> None:
    other = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(plugin.folder), str(other))
    file = other / "src" / "store.py"
    git(other, "checkout", "-q", "c1")
    for number, text in ((20, "1 / 0\n"), (21, HEAD.format(bug="stale-read"))):
        file.write_text(text)
        commit(other, number)
    said = plugin.bisect("c1", "c21", "--repo", str(other))
    assert said.code == 2, said.err
    assert "one of 2 commits" in said.out
    assert "change 20 (skip: " in said.out
    assert "change 21" in said.out
    assert_no_worktree(other)


def test_the_ends_must_be_what_the_user_says(plugin: Repository) -> None:
    turned = plugin.bisect("c8", "c2")
    assert (turned.code, "change 2: is good" in turned.err) == (4, True)
    assert "exchange --good and --bad" in turned.err
    not_good = plugin.bisect("c8", "c9")
    assert (not_good.code, "change 8: is bad" in not_good.err) == (4, True)
    broken = plugin.bisect("c1", f"c{BROKEN}")
    assert (broken.code, f"change {BROKEN}: cannot be told" in broken.err) == (4, True)
    assert_no_worktree(plugin.folder)


def test_a_system_that_comes_along_is_taken_from_the_checkout(tmp_path: Path) -> None:
    folder = tmp_path / "splitbrain"
    source = Path(systems.__file__).parent
    shutil.copytree(source, folder / "systems", ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "-q")
    (folder / ".gitignore").write_text("__pycache__/\n")
    good, bad = '"bug": "",', '"bug": "stale-read",'  # of the options, which the plan has written down
    for number, text in enumerate((good, bad, bad), start=1):
        whole = (source / "raft" / "system.py").read_text()
        assert whole.count(good) == 1
        (folder / "systems" / "raft" / "system.py").write_text(whole.replace(good, text))
        (folder / "notes").write_text(f"{number}\n")
        commit(folder, number)
    runs, fingerprint = found_in(folder, "raft")
    repository = Repository(folder, runs, fingerprint)
    said = repository.bisect("c1", "c3", "--repo", str(folder))
    assert said.code == 0, said.err
    assert said.out.startswith(git(folder, "rev-parse", "c2"))
    assert "change 2" in said.out
    assert git(folder, "status", "--short") == ""
    nowhere = repository.bisect("c1", "c3", "--repo", str(tmp_path))
    assert (nowhere.code, "not in a git repository" in nowhere.err) == (4, True)


def test_only_the_same_anomaly_of_the_same_claim_is_bad() -> None:
    def seen(outcome: str, *verdicts: tuple[str, Any]) -> str:
        claims = [SimpleNamespace(name=name, verdict=verdict) for name, verdict in verdicts]
        record: Any = SimpleNamespace(claims=claims, card=SimpleNamespace(outcome=outcome, reasons=()))
        return seen_in(record, "claim", "lost").word

    lost, torn = (Invalid(1, "it is", anomaly=name) for name in ("lost", "torn"))
    assert seen("anomaly", ("other", torn), ("claim", lost)) == "bad"
    assert seen("anomaly", ("claim", torn)) == "skip"
    assert seen("anomaly", ("other", lost)) == "skip"
    assert seen("valid", ("claim", Valid(1))) == "good"
    assert seen("inconclusive", ("claim", Valid(1))) == "skip"
    assert seen("failed", ("claim", Valid(1))) == "skip"


def test_another_package_than_the_commits_is_never_believed(tmp_path: Path) -> None:
    with pytest.raises(HarnessBug, match="systems comes from"):
        see(StepTask(b"", None, "systems", str(tmp_path / "systems" / "__init__.py"), "c", "a"), tmp_path)


def test_a_signal_removes_the_worktree(plugin: Repository, tmp_path: Path) -> None:
    words = ("--good", "c1", "--bad", "c10", "--runs", str(plugin.runs), "-n", "1000")
    with started("bisect", plugin.fingerprint, *words, TMPDIR=str(tmp_path)) as process:
        until(lambda: any(tmp_path.glob(f"{PREFIX}*/run/plan.json")))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert "the worktree is being removed" in err
    assert not list(tmp_path.glob(f"{PREFIX}*"))
    assert_no_worktree(plugin.folder)


def test_bad_input_is_refused_with_a_way_out(plugin: Repository, tmp_path: Path) -> None:
    runs = ("--runs", str(plugin.runs))
    revisions = ("--good", "c1", "--bad", "c2")
    for words, expected in (
        (("abc", *revisions, *runs), "is no fingerprint"),
        (("zzzz", *revisions, *runs), "is no fingerprint"),
        (("0000000", *revisions, *runs), "no fingerprint begins with"),
        ((plugin.fingerprint, *revisions, "--runs", str(tmp_path)), "no database"),
        ((plugin.fingerprint, "--good", "c1", "--bad", "nope", *runs), "--bad nope"),
        ((plugin.fingerprint, "--good", "--help", "--bad", "c1", *runs), "--good --help"),
        ((plugin.fingerprint, "--good", "c2", "--bad", "c2", *runs), "are both"),
        ((plugin.fingerprint, *revisions, "--repo", str(tmp_path / "x"), *runs), "no such folder"),
        ((plugin.fingerprint, *revisions, "--repo", str(tmp_path), *runs), "not in a git repository"),
    ):
        said = command("bisect", *words)
        assert (said.code, expected in said.err) == (4, True), (words, said.err)
        assert "fix: " in said.err


def test_first_digits_that_several_have_are_refused_and_listed(tmp_path: Path) -> None:
    (tmp_path / "1" / "1").mkdir(parents=True)
    found = (("claim", "lost", "abcd11111111"), ("claim", "torn", "abcd22222222"))
    with Store(tmp_path) as store:
        store.add_night(tmp_path / "1", night_of("1", 1), None)
        store.add_runs([(tmp_path / "1" / "1", result_of("anomaly", "", *found, night="1"))])
    with pytest.raises(ConfigError, match="2 fingerprints: abcd11111111, abcd22222222"):
        case_of("abcd", tmp_path)
    with pytest.raises(ConfigError, match="no run with a plan is left"):
        case_of("abcd1", tmp_path)


def test_without_git_it_says_how_to_get_it(plugin: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MissingPrerequisite, match="needs git") as raised:
        Git(plugin.folder)
    assert raised.value.fix == "apt-get install git"
    assert plugin.bisect("c1", "c2").code == 6


def test_a_worktree_whose_link_is_lost_strays_into_no_other(
    plugin: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = tmp_path / "around"
    around.mkdir()
    git(around, "init", "-q")
    (around / "precious").write_text("not committed\n")
    monkeypatch.setattr("tempfile.tempdir", str(around))
    with worktree(plugin.folder, "c1") as tree:
        (tree.folder / ".git").unlink()
        assert tree.run("clean", "-ffdxq").returncode != 0
        assert top_of(tree.folder) == (around.resolve(), "")
    assert (around / "precious").exists()
    assert_no_worktree(plugin.folder)
