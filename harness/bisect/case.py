"""What is bisected: the run that stands for a fingerprint, and the checkout that its system comes from.

Invariants: nothing is run and nothing is changed here; whatever can be refused is refused, with a way out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.bisect.git import top_of
from harness.bisect.step import StepTask
from harness.campaign.jobs import Limits, Task
from harness.campaign.run_folder import TASK
from harness.campaign.store.database import NAME, Store
from harness.deploy.places import LOCAL, SIM
from harness.errors import ConfigError, SplitbrainError
from harness.plan import RunPlan, decode_plan, encode_plan
from harness.plugins import installed

LEAST_DIGITS = 4
LISTED = 8
USUAL = Limits(600.0, 4096, 1024)  # of a run whose own limits are not known any more


@dataclass(frozen=True, slots=True)
class Case:
    """A fingerprint with the smallest run that is known to show it. given: options that somebody chose, None
    if that is not known.
    """

    fingerprint: str
    claim: str
    anomaly: str
    run: Path
    plan: RunPlan
    given: dict[str, str] | None
    limits: Limits


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a system comes from. top: the checkout; file: of a plug-in, below it, and its class; package: of
    one that comes along.
    """

    top: Path
    file: Path | None
    kind: str
    package: str

    def lacks(self, tree: Path) -> str:
        """What is missing in a worktree, "" if nothing is."""
        needed = Path(self.package, "__init__.py") if self.file is None else self.file
        return "" if (tree / needed).is_file() else f"there is no {needed} in it"

    def task(self, case: Case, tree: Path) -> StepTask:
        """What is to be done in a worktree."""
        plan, origin = case.plan, ""
        if self.file is None:
            origin = str((tree / self.package / "__init__.py").resolve())
        else:
            plan = msgspec.structs.replace(plan, system=f"{tree / self.file}:{self.kind}")
        return StepTask(encode_plan(plan), case.given, self.package, origin, case.claim, case.anomaly)


def case_of(prefix: str, root: Path) -> Case:
    """The case of a fingerprint, of which the first digits are enough. Raises ConfigError."""
    if not re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},12}}", prefix):
        raise ConfigError(
            f"{prefix!r} is no fingerprint", fix=f"give its first {LEAST_DIGITS} to 12 hexadecimal digits"
        )
    if not (root / NAME).is_file():
        raise ConfigError(
            f"{root}: no database of results",
            fix="give the folder of runs with --runs, or `splitbrain reindex`",
        )
    with Store(root) as store:
        query = "SELECT DISTINCT fingerprint AS id FROM violations WHERE fingerprint LIKE ? ORDER BY id"
        found = [row["id"] for row in store.rows(query, (f"{prefix}%",))]
        if len(found) > 1:
            raise ConfigError(
                f"{prefix} may be any of {len(found)} fingerprints: {_listed(found)}", fix="give more digits"
            )
        if not found:
            raise ConfigError(
                f"{root}: no fingerprint begins with {prefix}",
                fix="see the night's report, or give another folder of runs with --runs",
            )
        return _smallest(store, found[0])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _smallest(store: Store, fingerprint: str) -> Case:
    """By the size of the counter-example, of the runs whose plan is still there."""
    query = """
      SELECT v.claim, v.anomaly, r.folder FROM violations v JOIN runs r ON r.folder = v.run
      WHERE v.fingerprint = ? ORDER BY v.size = 0, v.size, r.started_at, r.folder
    """
    problem = ""
    for row in store.rows(query, (fingerprint,)):
        folder = store.root / row["folder"]
        path = folder / "plan.json"
        try:
            plan = decode_plan(path.read_bytes(), str(path))
        except SplitbrainError as error:
            problem = problem or error.problem
            continue
        except OSError as error:
            problem = problem or f"{path}: {error.strerror}"
            continue
        given, limits = _asked(folder)
        return Case(fingerprint, row["claim"], row["anomaly"], folder.resolve(), plan, given, limits)
    raise ConfigError(
        f"{fingerprint}: no run with a plan is left: {problem}", fix="find it anew by a campaign"
    )


def _asked(folder: Path) -> tuple[dict[str, str] | None, Limits]:
    """The options that the campaign's file gave, and the limits."""
    try:
        task = msgspec.json.decode((folder / TASK).read_bytes(), type=Task)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None, USUAL
    options = task.cell.values.get("options")
    return (dict(options) if isinstance(options, dict) else None), task.cell.limits


def origin_of(plan: RunPlan, repo: str | None) -> Origin:
    """The checkout that the plan's system comes from. repo: where the user says that it is."""
    if repo is not None and not Path(repo).is_dir():
        raise ConfigError(f"--repo {repo}: no such folder", fix="give a git checkout of the system")
    if ".py" in plan.system:
        return _of_plugin(plan, repo)
    if plan.system not in installed():
        raise ConfigError(f"{plan.system}: no such system here", fix="see `splitbrain list systems`")
    package = installed()[plan.system].value.partition(":")[0].partition(".")[0]
    if plan.place not in (SIM, LOCAL):
        raise ConfigError(
            f"a run of {plan.system} at {plan.place}: its nodes are not those of a checkout",
            fix="bisect a fingerprint that was seen with --on sim or --on local",
        )
    top = _top(Path(repo) if repo else Path.cwd(), repo)
    if not (top / package).is_dir():
        raise ConfigError(
            f"{top}: has no package {package}, which {plan.system} comes from",
            fix="give a checkout that has it with --repo",
        )
    return Origin(top, None, "", package)


def _of_plugin(plan: RunPlan, repo: str | None) -> Origin:
    path_text, _, kind = plan.system.rpartition(":")
    path = Path(path_text).resolve()
    home, _ = top_of(path.parent)
    top = _top(Path(repo) if repo else path.parent, repo)
    if path.is_relative_to(top):
        return Origin(top, path.relative_to(top), kind, "")
    if home is None:
        raise ConfigError(
            f"--repo {repo}: the system's file {path} does not lie in it", fix="leave --repo out, or give its"
        )
    return Origin(top, path.relative_to(home), kind, "")  # another clone of the same repository


def _top(folder: Path, repo: str | None) -> Path:
    top, said = top_of(folder.resolve())
    if top is None:
        name = f"--repo {repo}" if repo is not None else str(folder)
        raise ConfigError(
            f"{name}: not in a git repository that can be used ({said})",
            fix="give a git checkout with --repo",
        )
    return top
