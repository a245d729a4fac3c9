"""What triage found out about a failure; `triage.json` in the folder of the run has one for each of its own.

Invariant: plain data, JSON both ways (msgspec).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["deterministic", "flaky", "gone"]


class Triaged(msgspec.Struct, frozen=True):
    """word: deterministic, if every run showed the failure again; gone, if none did; else flaky. shown of
    runs did. ops, faults: of the smallest run that still fails, None if it was not looked for; small: its
    folder, "" for none. at: when.
    """

    fingerprint: str
    word: Kind
    shown: int
    runs: int
    ops: int | None
    faults: int | None
    small: str
    at: str
