"""The failures of a campaign, grouped by fingerprint.

A fingerprint is new if no earlier night saw it; ongoing if one did and tonight does; gone if a run that
showed it was done again tonight and did not; "not looked for" if none was. One that was gone before tonight
is left out.
Invariants: figures come from the database; folders are asked for the counter-examples that are shown, and
what is not there any more is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from checkers.verdict import CounterExample, Invalid
from harness.campaign.night import Night
from harness.campaign.store.database import Store
from harness.campaign.store.past import faults_of, last_conclusive
from harness.campaign.tonight import Tonight
from reports import archive
from reports.campaign.record import Group, Status
from reports.record import ClaimResult
from reports.words import count

EXAMPLES = 40  # counter-examples that are read from folders


def groups_of(store: Store, tonight: Tonight, nights: set[str]) -> Iterator[Group]:
    """Every fingerprint of the campaign's nights that was seen tonight, or is not long gone."""
    plan = tonight.night.plan
    seen: Counter[str] = Counter()
    unexpected: set[str] = set()
    redone: dict[tuple[str, int], set[str]] = {}
    for _, result in tonight.results:
        mine = {violation.fingerprint for violation in result.violations}
        seen.update(mine)
        if result.outcome in ("valid", "anomaly"):
            redone[result.cell, result.seed] = mine
        if result.expect == "valid":
            unexpected |= mine
    again = last_conclusive(store, plan.campaign, but=plan.id)
    examples = 0
    for row in _seen_in(store, plan.campaign, plan.started_at):
        status = _status(row, seen, redone, again, plan.id)
        if status is None or not ({*row["nights"]} & nights):
            continue
        is_known = status in ("ongoing", "new")
        expected = row["id"] not in unexpected if is_known else row["expect"] == "anomaly"
        wanted = examples < EXAMPLES
        examples += wanted
        yield _group(store, tonight, row, status, expected, seen[row["id"]], wanted)


def _status(
    row: Mapping[str, Any],
    seen: Mapping[str, int],
    redone: Mapping[tuple[str, int], set[str]],
    again: Mapping[tuple[str, int], str],
    night: str,
) -> Status | None:
    """None: it was gone before tonight."""
    if seen.get(row["id"]):
        return "ongoing" if any(other != night for other in row["nights"]) else "new"
    if any(again.get(where, "") > row["last"] for where in row["places"]):
        return None
    return "gone" if any(where in redone for where in row["places"]) else "not looked for"


def _seen_in(store: Store, campaign: str, until: str) -> list[dict[str, Any]]:
    """The fingerprints of the campaign, with the nights and the cells and seeds that showed them; the most
    seen first.
    """
    query = """
      SELECT v.fingerprint AS id, v.model, v.anomaly, v.faults, v.sentence, v.size, r.folder, r.night, r.cell,
        r.seed, r.system, r.workload, r.place, r.expect, r.replay, r.started_at, c.because,
        t.word, t.shown, t.runs AS tried, t.ops, t.faults AS small_faults, t.small
      FROM violations v JOIN runs r ON r.folder = v.run JOIN nights n ON n.id = r.night
      LEFT JOIN cells c ON c.night = r.night AND c.id = r.cell
      LEFT JOIN triage t ON t.run = r.folder AND t.fingerprint = v.fingerprint
      WHERE n.campaign = ? AND n.started_at <= ?
      ORDER BY n.started_at, n.id, r.number
    """
    found: dict[str, dict[str, Any]] = {}
    for one in store.rows(query, (campaign, until)):
        row = dict(one)
        known = found.setdefault(row["id"], {**row, "nights": [], "places": set(), "total": 0, "known": ""})
        known["nights"].append(row["night"])
        known["places"].add((row["cell"], row["seed"]))
        known["total"] += 1
        if (row["size"] or 10**9) < (known["size"] or 10**9):
            known.update({key: row[key] for key in ("sentence", "size", "folder", "seed", "replay")})
        if row["word"] is not None:
            known.update(known=_triaged(row), small=row["small"])
        known.update(expect=row["expect"], last=row["started_at"])
    return sorted(found.values(), key=lambda row: (-row["total"], row["id"]))


def _triaged(row: Mapping[str, Any]) -> str:
    said = f"{row['word']}: {row['shown']} of {row['tried']}"
    if row["ops"] is None:
        return said
    return f"{said}; made smaller: {count(row['ops'], 'operation')}, {count(row['small_faults'], 'fault')}"


def _group(
    store: Store,
    tonight: Tonight,
    row: Mapping[str, Any],
    status: Status,
    expected: bool,
    count_tonight: int,
    wanted: bool,
) -> Group:
    return Group(
        fingerprint=row["id"],
        status=status,
        expected=expected,
        because=row["because"] or "",
        system=row["system"],
        workload=row["workload"],
        place=row["place"],
        model=row["model"],
        anomaly=row["anomaly"],
        faults=faults_of(row["faults"]),
        tonight=count_tonight,
        total=row["total"],
        first_seen=row["nights"][0],
        last_seen=row["nights"][-1],
        sentence=row["sentence"],
        example=_example(store.root / row["folder"], row["anomaly"]) if wanted else None,
        seed=row["seed"],
        replay=row["replay"],
        report=link(tonight.night, row["small"] or "") or link(tonight.night, row["folder"]),
        known=row["known"],
    )


def _example(folder: Path, anomaly: str) -> CounterExample | None:
    """From the claims in the run's folder, which are kept for ever."""
    try:
        claims = msgspec.json.decode((folder / archive.CLAIMS).read_bytes(), type=tuple[ClaimResult, ...])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    found = [c.verdict for c in claims if isinstance(c.verdict, Invalid) and c.verdict.anomaly == anomaly]
    return found[0].counter_example if found else None


def link(night: Night, folder: str) -> str:
    """The run's report, from the night's folder; "" if there is none."""
    root = night.folder.parent
    page = root / folder / archive.HTML
    if not page.is_file():
        return ""
    inside = f"{night.folder.name}/"
    name = f"{folder}/{archive.HTML}"
    return name.removeprefix(inside) if name.startswith(inside) else f"../{name}"
