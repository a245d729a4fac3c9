"""One seed names a run; every consumer of chance has a stream of its own, split off by name.

Invariants: a stream depends on the seed and its own name alone, so a new consumer moves no other one.
"""

from __future__ import annotations

import hashlib
import random


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
