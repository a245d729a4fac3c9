"""A night of a large campaign, and one with a stranger's string wherever a string can stand; and all samples
by name.
"""

from __future__ import annotations

import msgspec

from reports.campaign.record import Bug, CampaignRecord, Left, Night, Tally, Trend
from tests.reports.campaign.samples import (
    cell,
    empty,
    eventful,
    group,
    quiet,
    run,
    tallies,
    trends,
)
from tests.reports.hostile import NASTY
from tests.reports.samples import stale_read_example


def huge(runs: int = 10_000, cells: int = 300, count: int = 30, groups: int = 200) -> CampaignRecord:
    """A night of a large campaign."""
    names = [f"system{n % 10}/work{n % 6}/nemesis{n}@local" for n in range(cells)]
    row_of = [
        cell(
            f"system{n % 10}", f"work{n % 6}", f"nemesis{n}", id=name, nights=tallies(n, count, Tally(33, 33))
        )
        for n, name in enumerate(names)
    ]
    statuses = ("new", "ongoing", "gone", "not looked for")
    return msgspec.structs.replace(
        eventful(count),
        cells=tuple(row_of),
        runs=tuple(
            run(
                seed=n,
                job=f"{names[n % cells]}#{n}",
                cell=names[n % cells],
                outcome="failed" if n % 20 == 0 else "valid",
                cause="hung" if n % 20 == 0 else "",
                trouble="it was killed after 600 s" if n % 20 == 0 else "",
            )
            for n in range(runs)
        ),
        groups=tuple(
            group(fingerprint=f"{n:012x}", status=statuses[n % 4], expected=n % 5 == 0, seed=n)
            for n in range(groups)
        ),
        trends=trends(count) * 5,
    )


def hostile() -> CampaignRecord:
    """A stranger's strings wherever a string can stand."""
    found = stale_read_example()
    ops = tuple(
        msgspec.structs.replace(op, key=NASTY, node=NASTY, error=NASTY, text=NASTY, outcome=NASTY)
        for op in found.ops
    )
    example = msgspec.structs.replace(found, key=NASTY, model=NASTY, initial=NASTY, ops=ops)
    words = {
        "fingerprint": NASTY,
        "because": NASTY,
        "system": NASTY,
        "workload": NASTY,
        "place": NASTY,
        "model": NASTY,
        "anomaly": NASTY,
        "faults": (NASTY,) * 12,
        "first_seen": NASTY,
        "last_seen": NASTY,
        "sentence": NASTY,
        "example": example,
        "replay": NASTY,
        "known": NASTY,
    }
    night = Night(NASTY, NASTY, 1.0, 3, 1, 1, 1, None)
    row = cell(
        NASTY, NASTY, NASTY, id=NASTY, place=NASTY, because=NASTY, verdict=NASTY, nights=(Tally(3, 1, 1),)
    )
    bad = run(job=NASTY, cell=NASTY, cause=NASTY, trouble=NASTY, fingerprint=NASTY, replay=NASTY)
    return CampaignRecord(
        campaign=NASTY,
        night=NASTY,
        shard=NASTY,
        exit_code=None,
        seconds=1.5,
        findings=(NASTY,) * 30,
        notes=(NASTY,) * 30,
        nights=(night,),
        groups=(
            group(**words, report="javascript:alert(1)"),
            group(**words, report="https://example.org/x", status="ongoing"),
            group(**words, report=NASTY, status="gone", expected=True),
        ),
        cells=(row,),
        runs=tuple(
            msgspec.structs.replace(bad, outcome=outcome, report=report)
            for outcome in ("valid", "anomaly", "inconclusive", "failed", "interrupted", NASTY)
            for report in ("//example.org/x", "\\\\host\\x", "a\nb")
        ),
        trends=(Trend(NASTY, NASTY, NASTY, (1.5,)), Trend("x", "y", "s", (float("nan"),))),
        bugs=(Bug(NASTY, NASTY, NASTY, False, 1, NASTY, NASTY, NASTY),),
        left=(Left(NASTY, NASTY, 2),),
        vanished=(NASTY,),
        environment={NASTY: NASTY},
        command=NASTY,
        folder=NASTY,
    )


ALL = {"eventful": eventful, "quiet": quiet, "empty": empty, "huge": huge, "hostile": hostile}
