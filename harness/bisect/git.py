"""Git, as bisect needs it: a worktree of its own, in which git's own bisect goes from commit to commit.

Invariants: the user's checkout, index, branches and bisect are never touched (git keeps a worktree's own
apart), nor are hooks run; the worktree is removed whatever happens but SIGKILL; every command has the
worktree or the repository named, and cannot stray into one above it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.bisect.step import Word
from harness.errors import ConfigError, EnvironmentFault, MissingPrerequisite

_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0"),
    *("-c", "advice.detachedHead=false", "-c", "maintenance.auto=false", "-c", "log.showSignature=false"),
)
_FOUND = re.compile(r"^([0-9a-f]{40,64}) is the first '?bad'? commit", re.MULTILINE)
_CANDIDATE = re.compile(r"^([0-9a-f]{40,64})$", re.MULTILINE)
_STEPS = re.compile(r"\(roughly (\d+) steps?\)")
_ONLY_SKIPPED = 2
PREFIX = "splitbrain-bisect-"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit in a few words."""

    hash: str
    author: str
    date: str
    subject: str

    def __str__(self) -> str:
        return f"{self.hash[:12]} {self.subject}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What git said of a step. first: the commit that was looked for, "" while it goes on; candidates: those
    that are left when all others are told and these cannot be; steps: that are left, roughly.
    """

    first: str = ""
    candidates: tuple[str, ...] = ()
    steps: int = 0


class Git:
    """Git in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if shutil.which("git") is None:
            raise MissingPrerequisite("bisect needs git, which is not in PATH", fix="apt-get install git")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command to its end; a Ctrl-C at the terminal does not reach it."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        return subprocess.run(
            ["git", *_QUIET, *words],
            cwd=self.folder,
            env={**env, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **self._bounds()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            start_new_session=True,
        )

    def _bounds(self) -> dict[str, str]:
        return {}

    def asked(self, *words: str) -> str:
        """What it answered. Raises EnvironmentFault if it refused."""
        ended = self.run(*words)
        if ended.returncode:
            raise EnvironmentFault(
                f"{self.folder}: git {words[0]}: {_last(ended.stderr)}", fix="mend what git says"
            )
        return ended.stdout.strip()

    def commit(self, revision: str) -> Commit:
        """The commit that a revision names."""
        told = self.asked("show", "--no-patch", "--format=%H%x00%an%x00%aI%x00%s", revision, "--")
        return Commit(*told.split("\0", 3))

    def resolved(self, revision: str, option: str) -> Commit:
        """The commit that the user named. Raises ConfigError."""
        ended = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if ended.returncode:
            raise ConfigError(
                f"{option} {revision}: {self.folder} has no such revision",
                fix="see `git log`; in a shallow clone, `git fetch --unshallow`",
            )
        return self.commit(ended.stdout.strip())

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether `other` was made from `one`."""
        return self.run("merge-base", "--is-ancestor", one, other).returncode == 0


def top_of(folder: Path) -> tuple[Path | None, str]:
    """The checkout that a folder lies in; None if it lies in none, with what git says of it."""
    there = next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))
    ended = Git(there).run("rev-parse", "--show-toplevel")
    if ended.returncode:
        return None, " ".join(ended.stderr.split())
    return Path(ended.stdout.rstrip("\n")).resolve(), ""


class Tree(Git):
    """A worktree of our own, and the bisect in it."""

    def _bounds(self) -> dict[str, str]:
        # If its link to the repository is lost, git must not take another one, further up, for it.
        return {"GIT_CEILING_DIRECTORIES": str(self.folder.parent)}

    def take(self, commit: str) -> None:
        """Check a commit out, with nothing left of what ran before."""
        self.asked("checkout", "--quiet", "--force", "--detach", commit)
        self.clean()

    def clean(self) -> None:
        """Remove what a run left: files that are not git's, changes of those that are."""
        self.asked("reset", "--quiet", "--hard")
        self.asked("clean", "-ffdxq")

    def start(self, good: str, bad: str) -> Answer:
        """Begin. Raises ConfigError if git cannot."""
        return self._answer(self.run("bisect", "start", bad, good, "--"))

    def say(self, word: Word) -> Answer:
        """What the commit that is checked out is."""
        return self._answer(self.run("bisect", word))

    def _answer(self, ended: subprocess.CompletedProcess[str]) -> Answer:
        found = _FOUND.search(ended.stdout)
        if ended.returncode == 0 and found:
            return Answer(first=found[1])
        if ended.returncode == 0:
            steps = _STEPS.search(ended.stdout)
            return Answer(steps=int(steps[1]) if steps else 0)
        if ended.returncode == _ONLY_SKIPPED:
            return Answer(candidates=tuple(_CANDIDATE.findall(ended.stdout)))
        said = " ".join((ended.stderr.strip() or ended.stdout.strip()).split())
        raise ConfigError(
            f"git bisect cannot go on: {said}", fix="give a --good that the --bad one was made from"
        )


@contextmanager
def worktree(repository: Path, commit: str) -> Iterator[Tree]:
    """A new worktree in a temporary folder, removed at the end."""
    git = Git(repository)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    path = folder / folder.name
    try:
        git.asked("worktree", "add", "--quiet", "--detach", str(path), commit)
        yield Tree(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        # Not `prune`, which would also forget worktrees of the user's that are only not mounted now.
        git.run("worktree", "remove", "--force", "--force", str(path))


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
