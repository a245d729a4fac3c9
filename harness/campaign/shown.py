"""`splitbrain show NAME` of what campaigns leave: a night, a fingerprint, a run that kept its card alone.

Invariant: what is shown was written when it happened; nothing is judged again.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from harness.campaign.night import PLAN
from harness.campaign.outputs import JSON, MARKDOWN
from harness.campaign.store.database import NAME, Store
from harness.errors import EXIT_VALID, ConfigError
from reports import archive
from reports.record import RunCard


def is_night(folder: Path) -> bool:
    """Whether a night's plan stands there."""
    return (folder / PLAN).is_file()


def show_night(folder: Path, as_json: bool) -> int:
    """Its summary. Raises ConfigError if it has none yet."""
    path = folder / (JSON if as_json else MARKDOWN)
    if not path.is_file():
        raise ConfigError(
            f"{folder}: the night has no report: it goes on, or was killed",
            fix="wait for its end, or go on with it: splitbrain campaign FILE --resume",
        )
    print(path.read_text())
    return EXIT_VALID


def show_card(card: RunCard, as_json: bool) -> int:
    """A run that was valid, and can be made again from its seed."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(card)).decode())
        return EXIT_VALID
    print(f"{card.outcome}: {card.system} {card.workload}, seed {card.seed}, {card.started_at}")
    print(f"only its card is kept; the run itself, again:\n  {card.replay}")
    return EXIT_VALID


def fingerprints_like(root: Path, name: str) -> list[dict[str, object]]:
    """Those that begin with `name`; none where there is no database."""
    if len(name) < 4 or not (root / NAME).exists():
        return []
    query = """
      SELECT f.*, v.sentence, r.replay, r.seed FROM fingerprints f
      JOIN runs r ON r.folder = f.smallest_run JOIN violations v ON v.run = r.folder AND v.fingerprint = f.id
      WHERE substr(f.id, 1, ?) = ? ORDER BY f.id
    """
    with Store(root) as store:
        return [dict(row) for row in store.rows(query, (len(name), name))]


def show_fingerprint(row: dict[str, object], root: Path, as_json: bool) -> int:
    """What is known of it."""
    if as_json:
        print(json.dumps(row, indent=1))
        return EXIT_VALID
    print(f"{row['id']}: {row['anomaly']}, {row['model']}, faults active: {row['faults'] or 'none'}")
    print(f"  {row['sentence']}")
    print(f"  {row['runs']} runs, first in {row['first_night']}, last in {row['last_night']}")
    print(f"  smallest counter-example: {row['smallest']} operations, in {root / str(row['smallest_run'])}")
    print(f"  replay: {row['replay']}")
    return EXIT_VALID


def read_card(folder: Path) -> RunCard:
    """Raises ConfigError."""
    try:
        return archive.read_card(folder)
    except archive.ArchiveError as error:
        raise ConfigError(f"{error.path}: {error.problem}", fix=error.fix) from None
