"""The small run of a failure: shrunk in a process with limits, then carried out as a run with a report.

    FOLDER/shrinking/   best.json   the smallest plan so far, while it is being looked for
                        left        how many tries there are still
    FOLDER/small/       (a run's folder: plan, history, claims, card, reports)

Invariants: a small run counts only if it breaks the claim that the failure broke; what was found before the
time was over counts too, and it is said that the time was over; an earlier triage's small run stays until
there is another.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.campaign.isolation import Watched, isolated
from harness.campaign.run_folder import LOG, afresh, read_triaged, remove
from harness.plan import RunPlan, decode_plan, encode_plan
from harness.triage.choice import Subject
from reports.archive import PLAN, write_atomically

BEST, LEFT = "best.json", "left"
SEARCH, SMALL = "shrinking", "small"
TIME_S = 600.0  # for all tries together


class Carried(msgspec.Struct, frozen=True):
    """A small run. broken: claims, with the anomalies that were found."""

    ops: int
    faults: int
    broken: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Small:
    """What came of shrinking. folder: of the small run, None if there is none; said: why not, or what else
    is to be known.
    """

    folder: Path | None = None
    ops: int | None = None
    faults: int | None = None
    said: str = ""


def shrink_into(plan: bytes, folder: str, tries: int) -> bytes:
    """In a process of its own: look for a smaller plan, keeping the best; b"" if the run has no anomaly."""
    from harness.plugins import load_system
    from harness.shrinking import smaller

    path = Path(folder) / BEST
    whole = decode_plan(plan, "the plan")

    def keep(best: RunPlan, left: int) -> None:
        write_atomically(path, encode_plan(best))
        write_atomically(path.with_name(LEFT), str(left).encode())

    found = smaller(whole, load_system(whole.system), tries, keep)
    if found is None:
        return b""
    keep(found[0], 0)
    return b"found"


def carry_out_small(encoded: bytes, folder: str) -> bytes:
    """In a process of its own: a small plan as a run with a report."""
    from checkers.verdict import Invalid
    from harness import compose
    from harness.carrying import carried_out
    from harness.shrink import script_of

    plan = decode_plan(encoded, "the small plan")
    record = carried_out(plan, Path(folder))
    compose.keep(Path(folder), record)
    broken = tuple(
        (one.name, one.verdict.anomaly) for one in record.claims if isinstance(one.verdict, Invalid)
    )
    return msgspec.json.encode(Carried(len(script_of(plan)), len(plan.faults.faults), broken))


def small_of(subject: Subject, plan: Path, around: Path, tries: int, stop: threading.Event) -> Small:
    """Shrink a run whose plan stands in the folder `plan`; the small run stands in `around`. Blocks. Raises
    OSError if the disk refuses.
    """
    search = around / SEARCH
    afresh(search)
    try:
        limits = subject.cell.limits
        longer = msgspec.structs.replace(limits, time_s=max(TIME_S, limits.time_s))
        arguments = ((plan / PLAN).read_bytes(), str(search), tries)
        ended = isolated(shrink_into, arguments, longer, Watched(search / LOG, search, stop))
        if ended.how == "stopped":
            return Small(said="not made smaller: stopped")
        if ended.how == "done" and not ended.answer:
            return Small(said="not made smaller: in the run for that it did not show")
        if not (search / BEST).is_file():
            return Small(said=f"not made smaller: {ended.said}")
        said = "" if ended.how == "done" else f"the smallest so far: {ended.said}"
        return _carried(subject, (search / BEST).read_bytes(), around / SMALL, said, stop)
    finally:
        remove(search)


def _carried(subject: Subject, plan: bytes, folder: Path, said: str, stop: threading.Event) -> Small:
    """The small run, carried out; what is not one is not left there."""
    afresh(folder)
    log = folder / LOG
    ended = isolated(carry_out_small, (plan, str(folder)), subject.cell.limits, Watched(log, folder, stop))
    if ended.how != "done":
        remove(folder)
        return Small(said=f"not made smaller: the small run: {ended.said}")
    carried = msgspec.json.decode(ended.answer, type=Carried)
    anomalies = [anomaly for claim, anomaly in carried.broken if claim == subject.claim]
    if not anomalies:
        remove(folder)
        shown = ", ".join(anomaly for _, anomaly in carried.broken) or "nothing"
        return Small(said=f"not made smaller: the small run shows {shown}")
    if subject.anomaly not in anomalies:
        said = "; ".join(filter(None, (said, f"the small run shows {anomalies[0]}")))
    if log.is_file() and log.stat().st_size == 0:
        log.unlink()
    return Small(folder, carried.ops, carried.faults, said)


def tries_left(around: Path, tries: int) -> int:
    """Of a search that is under way."""
    try:
        return int((around / SEARCH / LEFT).read_bytes())
    except (OSError, ValueError):
        return tries


def earlier_small(subject: Subject, root: Path) -> Small:
    """What an earlier triage of the same run found, if it is still there."""
    told = next((t for t in read_triaged(subject.folder) if t.fingerprint == subject.fingerprint), None)
    if told is None or not told.small or not (root / told.small).is_dir():
        return Small()
    return Small(root / told.small, told.ops, told.faults, "the small run is an earlier triage's")
