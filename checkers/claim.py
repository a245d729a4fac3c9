"""A claim: a named promise about a history that can be judged."""

from __future__ import annotations

from typing import Protocol

from checkers.history import History
from checkers.verdict import Verdict


class Claim(Protocol):
    """Judges one promise. Pure: the same history gives the same verdict.

    anomalies: the names, from `checkers.anomalies`, that it can give to what it finds.
    """

    name: str
    promise: str
    anomalies: tuple[str, ...]

    def __call__(self, history: History) -> Verdict:
        """Judge `history`."""
