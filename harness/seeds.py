"""One seed names a run; every consumer of chance has a stream of its own, split off by name; ranges of seeds.

Invariants: a stream depends on the seed and its own name alone, so a new consumer moves no other one.
"""

from __future__ import annotations

import hashlib
import random
import re

MOST_SEEDS = 1_000_000  # in a range
HIGHEST = 2**63  # is above all seeds
_RANGE = re.compile(r"\s*(\d+)\s*(?:\.\.\s*(\d+)\s*)?")


def seed_range(text: str) -> range:
    """ "7" or "1..20". Raises ValueError."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no range of seeds")
    first, last = int(match[1]), int(match[2] or match[1])
    if not first <= last < min(first + MOST_SEEDS, HIGHEST):
        raise ValueError(
            f"{text!r}: the first seed is not above the last, at most {MOST_SEEDS:,} of them, all below 2**63"
        )
    return range(first, last + 1)


class Seeds:
    """The named streams of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def number(self, name: str) -> int:
        """A 63-bit number of the stream `name`."""
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def stream(self, name: str) -> random.Random:
        """A generator of the stream `name`, from its beginning."""
        return random.Random(self.number(name))
