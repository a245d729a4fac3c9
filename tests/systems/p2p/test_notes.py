"""What a peer writes down: thinned when later records have replaced most, and complete at any time."""

from __future__ import annotations

from typing import Any

from systems.core import Compact, Persist
from systems.p2p.messages import Boot, Copy, Kept, Tag
from systems.p2p.notes import SLACK, Notes


def test_the_log_stays_bounded_and_keeps_the_latest_of_each_key() -> None:
    notes = Notes(bug="")
    log: list[Any] = []
    longest = 0
    for number in range(3 * SLACK):
        key = f"k{number % 5}"
        notes.keep(key, Kept(key, Copy(Tag(number), number)))
        for effect in notes.take_effects():
            match effect:
                case Persist(record):
                    log.append(record)
                case Compact(records):
                    log = list(records)
        longest = max(longest, len(log))
    latest = {record.key: record.copy.value for record in log}
    assert latest == {f"k{n % 5}": n for n in range(3 * SLACK - 5, 3 * SLACK)}
    assert SLACK < longest <= SLACK + 10


def test_what_was_restored_is_not_forgotten_by_thinning() -> None:
    notes = Notes(bug="")
    notes.restored(None, Boot(7))
    for number in range(2 * SLACK):
        notes.keep("k", Kept("k", Copy(Tag(number), number)))
    compactions = [e for e in notes.take_effects() if isinstance(e, Compact)]
    assert compactions
    assert all(Boot(7) in e.records for e in compactions)


def test_the_bug_writes_down_later() -> None:
    notes = Notes(bug="ack-before-disk")
    notes.keep("k", Kept("k", Copy()))
    assert not [e for e in notes.take_effects() if isinstance(e, Persist)]
    notes.flush()
    assert notes.take_effects() == [Persist(Kept("k", Copy()))]
