"""`splitbrain bisect FINGERPRINT --good REV --bad REV`: the commit that an anomaly came with.

Invariants: the plan, the harness and the judges are the same at every commit, only the system is the
commit's; that the one end is good and the other bad is seen before anything is searched; a commit that cannot
be told is skipped, with the reason, and never taken for good; the user's checkout is not touched.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness.bisect.case import Case, Origin, case_of, origin_of
from harness.bisect.git import Answer, Commit, Git, Tree, worktree
from harness.bisect.step import SEEN, STEP, Seen, spawn
from harness.campaign.attempt import GRACE_S
from harness.campaign.isolation import Ended, Watched, isolated
from harness.deploy.places import SIM
from harness.errors import (
    EXIT_FAILED,
    EXIT_INCONCLUSIVE,
    EXIT_VALID,
    ConfigError,
    EnvironmentFault,
    HarnessBug,
)
from harness.halting import Halting
from harness.progress import Progress
from reports.words import count

START_S = 30.0  # for a fresh interpreter, on a busy machine, beside the run's own limit


class Stopped(Exception):
    """The user has had enough."""


@dataclass(frozen=True, slots=True)
class Step:
    """A commit that was tried."""

    commit: Commit
    seen: Seen


@dataclass(slots=True)
class Found:
    """What is known so far. first: the commit that was looked for; candidates: one of which it is."""

    good: Commit
    bad: Commit
    steps: list[Step] = field(default_factory=list)
    first: Commit | None = None
    candidates: list[Commit] = field(default_factory=list)


@dataclass(slots=True)
class Bisect:
    """A bisect on its way. times: that the plan is carried out at a commit."""

    case: Case
    origin: Origin
    tree: Tree
    times: int
    stop: threading.Event
    progress: Progress

    def perform(self, found: Found) -> None:
        """Until the commit is found, or cannot be. Raises Stopped and SplitbrainError."""
        self._confirm(found)
        self._stop_if_told()
        self.tree.clean()
        answer = self.tree.start(found.good.hash, found.bad.hash)
        tried: set[str] = set()
        while not answer.first and not answer.candidates:
            commit = self.tree.commit("HEAD")
            if commit.hash in tried:
                raise EnvironmentFault(
                    f"git bisect asked for {commit} again", fix="use another release of git"
                )
            tried.add(commit.hash)
            seen = self._look(commit)
            found.steps.append(Step(commit, seen))
            self.tree.clean()
            answer = self.tree.say(seen.word)
            self._tell(found.steps[-1], answer)
        found.first = self.tree.commit(answer.first) if answer.first else None
        found.candidates = [self.tree.commit(name) for name in answer.candidates]

    def _confirm(self, found: Found) -> None:
        """That the ends are what the user says."""
        for word, option, commit in (("bad", "--bad", found.bad), ("good", "--good", found.good)):
            self.tree.take(commit.hash)
            seen = self._look(commit)
            if seen.word == word:
                self.progress.note(f"{commit}: {word}, as you say")
                continue
            turned = word == "bad" and self.tree.is_ancestor(found.bad.hash, found.good.hash)
            what = "cannot be told" if seen.word == "skip" else f"is {seen.word}"
            raise ConfigError(
                f"{option} {commit}: {what}, as to {self.case.anomaly}: {seen.said}",
                fix="exchange --good and --bad" if turned else f"give a commit that is {word}",
            )

    def _tell(self, step: Step, answer: Answer) -> None:
        left = f"; about {count(answer.steps, 'step')} left" if answer.steps else ""
        self.progress.note(f"{step.commit}: {step.seen.word}: {step.seen.said[:200]}{left}")

    def _stop_if_told(self) -> None:
        if self.stop.is_set():
            raise Stopped

    def _look(self, commit: Commit) -> Seen:
        """What the commit that is checked out is."""
        lacks = self.origin.lacks(self.tree.folder)
        if lacks:
            return Seen("skip", lacks)
        unsure: Seen | None = None
        seen = Seen("skip", "")
        for number in range(self.times):
            self.progress.live(f"{commit}: run {number + 1} of {self.times}")
            seen = self._once()
            if seen.word == "bad":
                return seen
            if seen.word == "skip":
                unsure = unsure or seen
        return unsure or seen

    def _once(self) -> Seen:
        self._stop_if_told()
        around = self.tree.folder.parent
        folder, path = around / "run", around / "path"
        for fresh in (folder, path):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
        if self.origin.package:
            (path / self.origin.package).symlink_to(self.tree.folder / self.origin.package)
        task = self.origin.task(self.case, self.tree.folder)
        (folder / STEP).write_bytes(msgspec.json.encode(task))
        limits = msgspec.structs.replace(self.case.limits, time_s=self.case.limits.time_s + START_S)
        grace_s = 0.0 if self.case.plan.place == SIM else GRACE_S
        log = around / "log"
        log.unlink(missing_ok=True)
        ended = isolated(spawn, (str(folder), str(path)), limits, Watched(log, folder, self.stop, grace_s))
        if ended.how == "stopped":
            raise Stopped
        return _seen(ended, folder, log)


def _seen(ended: Ended, folder: Path, log: Path) -> Seen:
    """What the process left."""
    if ended.how != "done":
        return Seen("skip", ended.said)
    try:
        seen = msgspec.json.decode((folder / SEEN).read_bytes(), type=Seen)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.is_file() else []
        return Seen("skip", ": ".join([f"its process ended with status {ended.answer.decode()}", *last]))
    if seen.wrong:
        raise HarnessBug(seen.wrong)
    return seen


def bisect_command(fingerprint: str, given: Mapping[str, Any]) -> int:
    """`splitbrain bisect`; exit code 0 when the commit was found, 2 when it is one of several."""
    case = case_of(fingerprint, Path(given["runs"]))
    origin = origin_of(case.plan, given["repo"])
    git = Git(origin.top)
    found = Found(git.resolved(given["good"], "--good"), git.resolved(given["bad"], "--bad"))
    if found.good.hash == found.bad.hash:
        raise ConfigError(
            f"--good and --bad are both {found.bad}", fix="give a commit before the anomaly with --good"
        )
    stop = threading.Event()
    title = f"splitbrain: bisect of {case.fingerprint} ({case.anomaly}) in {origin.top}"
    with Halting(stop, "the worktree is being removed") as halting:
        progress = Progress(title)
        try:
            with worktree(origin.top, found.bad.hash) as tree:
                Bisect(case, origin, tree, given["times"], stop, progress).perform(found)
        except Stopped:
            print(f"splitbrain: stopped after {count(len(found.steps), 'step')}", file=sys.stderr)
        finally:
            progress.close()
    _print(case, origin, found, given["as_json"])
    if halting.code is not None and found.first is None:
        return halting.code
    if found.first is not None:
        return EXIT_VALID
    return EXIT_INCONCLUSIVE if found.candidates else EXIT_FAILED


def _print(case: Case, origin: Origin, found: Found, as_json: bool) -> None:
    if as_json:
        document = {
            "fingerprint": case.fingerprint,
            "anomaly": case.anomaly,
            "run": str(case.run),
            "repository": str(origin.top),
            **{name: getattr(found, name) for name in ("good", "bad", "first", "candidates", "steps")},
        }
        print(msgspec.json.format(msgspec.json.encode(document)).decode())
        return
    skipped = sum(step.seen.word == "skip" for step in found.steps)
    steps = count(len(found.steps), "step") + (f", {skipped} skipped" if skipped else "")
    if found.first is not None:
        first = found.first
        print(f"{first.hash} is the first with {case.anomaly} ({steps})")
        print(f"  {first.subject}\n  {first.author}, {first.date}")
        print(f"  see: git -C {origin.top} show {first.hash[:12]}")
    elif found.candidates:
        print(f"{case.anomaly} came with one of {count(len(found.candidates), 'commit')} ({steps}):")
        reasons = {step.commit.hash: step.seen for step in found.steps}
        for commit in found.candidates:
            seen = reasons.get(commit.hash)
            print(f"  {commit}" + (f" ({seen.word}: {seen.said})" if seen else ""))
