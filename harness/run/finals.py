"""The last reads of a run: every key at every node, once nothing changes any more.

They are what claims about convergence are judged by. Invariants: pure; each node's reads are made by a
process of their own, whose home it is, in the order in which keys were born.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from systems.api import Invocation

SETTLE_S = 5.0  # after the last update and the final heal, before the first of these reads
ATTEMPTS = 3  # of a read that fails


@dataclass(frozen=True, slots=True)
class Finals:
    """The reads that `process` makes at `node`."""

    process: int
    node: str
    reads: tuple[Invocation, ...]


def finals_of(keys: Sequence[str], nodes: Sequence[str], first_process: int) -> list[Finals]:
    """One for each node; `first_process` and those behind it were never used."""
    reads = tuple(Invocation("read", key) for key in keys)
    return [Finals(first_process + number, node, reads) for number, node in enumerate(nodes)]
