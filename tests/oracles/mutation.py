"""One fault for the checker's source, as a value.

Invariants: data only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` becomes `new` in `module`. case: the histories of `hunt` that must tell the difference."""

    name: str
    description: str
    module: str
    old: str
    new: str
    case: str
