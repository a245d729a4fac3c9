"""From a campaign's file to a night that can begin: what is to be run here, in which order, and what is not.

Invariants: everything that is wrong with the file is told at once, before anything is made; what cannot be
run here is left out with the reason, never silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.campaign.executor import Executor
from harness.campaign.file import CampaignFile, faulty
from harness.campaign.jobs import Job, LeftOut, Thresholds
from harness.campaign.lines import line_of
from harness.campaign.looking import looked_at
from harness.campaign.matrix import Spec, expand
from harness.campaign.night import NightPlan, night_id
from harness.campaign.order import Past, ordered, shard_of
from harness.campaign.select import chosen_by
from harness.deploy.places import HOSTS, SIM
from harness.environment import environment, now_text
from harness.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the campaign is meant. shard: (2, 4) for the second of four; first_seed: of the new ones."""

    expression: str | None = None
    last_failed: bool = False
    shard: tuple[int, int] | None = None
    first_seed: int | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A campaign that was read and looked at."""

    path: Path
    file: CampaignFile
    text: str
    specs: Sequence[Spec]
    left: tuple[LeftOut, ...]

    def plan(self, past: Past, choice: Choice, command: str, where: str) -> NightPlan:
        """A night of it that begins now."""
        jobs = chosen(ordered(self.specs, past, first_seed=choice.first_seed), past, choice)
        cells = tuple(spec.cell for spec in self.specs)
        limits = self.file.thresholds
        return NightPlan(
            id=night_id(self.file.name, choice.shard),
            campaign=self.file.name,
            started_at=now_text(),
            shard=f"{choice.shard[0]}/{choice.shard[1]}" if choice.shard else "",
            file=str(self.path.resolve()),
            text=self.text,
            command=command,
            cells=cells,
            jobs=tuple(jobs),
            left=(*self.left, *_unselected(self.specs, jobs, choice)),
            thresholds=Thresholds(limits.ops_ok, limits.overlap, limits.recovery, limits.unknown),
            environment={name: told for name, told in environment(SIM).items() if name != "place"},
            where=where,
            failing_nights=self.file.retention.failing_nights,
        )


def prepare_campaign(path: Path, campaign: CampaignFile, text: str, executor: Executor) -> Prepared:
    """Look at the systems of a campaign's file, and ask what can be run. Raises ConfigError."""
    matrix = expand(campaign, looked_at)
    if problems := matrix.all_problems():
        told = [f"{line_of(text, where)}: {what}" for where, what in problems]
        raise faulty(str(path), list(dict.fromkeys(told)))
    lacking: dict[tuple[str, str], str] = {}
    specs, left = [], list(matrix.left)
    for spec in matrix.specs:
        values = spec.cell.values
        options = {key: value for key, value in values["options"].items() if key in ("image", "clients")}
        if values.get("hosts"):
            options[HOSTS] = values["hosts"]
        asked = (spec.cell.place, repr(sorted(options.items())))
        if asked not in lacking:
            lacking[asked] = executor.lacking(spec.cell.place, options)
        if lacking[asked]:
            runs = spec.seeds if isinstance(spec.seeds, int) else len(spec.seeds)
            left.append(LeftOut(spec.cell.id, lacking[asked], runs))
        else:
            specs.append(spec)
    return Prepared(path, campaign, text, tuple(specs), tuple(left))


def chosen(jobs: Sequence[Job], past: Past, choice: Choice) -> list[Job]:
    """Those that are meant, numbered anew. Raises ConfigError for a wrong expression."""
    found = list(jobs)
    if choice.expression is not None:
        is_meant = chosen_by(choice.expression)
        found = [job for job in found if is_meant(job.id)]
    if choice.last_failed:
        failed = set(past.failed)
        found = [job for job in found if (job.cell, job.seed) in failed]
    if choice.shard is not None:
        found = shard_of(found, *choice.shard)
    return [Job(n, job.cell, job.seed, job.why, job.fingerprint) for n, job in enumerate(found, 1)]


def _unselected(specs: Sequence[Spec], jobs: Sequence[Job], choice: Choice) -> tuple[LeftOut, ...]:
    """Cells without a job tonight, because something else was asked for."""
    if choice.expression is None and not choice.last_failed:
        return ()
    there = {job.cell for job in jobs}
    asked = "--last-failed" if choice.expression is None else f"-k {choice.expression!r}"
    gone = [spec.cell.id for spec in specs if spec.cell.id not in there]
    return tuple(LeftOut(cell, f"not selected by {asked}", 0) for cell in gone)


def shard_from(text: str | None) -> tuple[int, int] | None:
    """ "2/4". Raises ConfigError."""
    if text is None:
        return None
    number, slash, of = text.partition("/")
    if not (slash and number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of) <= 1000):
        raise ConfigError(f"--shard {text!r} is no shard", fix="write for example --shard 2/4")
    return int(number), int(of)
