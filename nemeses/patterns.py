"""Rhythm: when the faults of one nemesis begin and end.

The span is divided into seasons of about nine seconds, the same for every nemesis. The first quarter of each
season is quiet for all of them, so that the cluster elects leaders and makes progress between faults however
many nemeses there are, without any of them knowing of the others. Within the rest of the season a nemesis has
one fault.

Laws, for a span of 30 s: three faults per nemesis, each lasting 2.0 to 4.5 s, three quiet gaps of 2.25 s or
more, and nothing after 27 s. Shorter spans scale down to one season, which holds one fault; faults of one
rhythm never overlap.
"""

from __future__ import annotations

import random

SEASON_NS = 9_000_000_000
HURT_SHARE = 0.9  # of the span: what comes after it belongs to recovery
ACTIVE_SHARE = 0.75  # of a season: what comes before it is quiet
SHORTEST, LONGEST = 0.30, 0.66  # a fault's length, as a share of the season's active part
MIN_SPAN_NS = 100_000_000


def seasons(span_ns: int) -> int:
    """How many seasons a span of `span_ns` has; at least one.

    Raises ValueError for a span below MIN_SPAN_NS.
    """
    if span_ns < MIN_SPAN_NS:
        raise ValueError(f"a span of {span_ns} ns is too short for faults: give {MIN_SPAN_NS} ns or more")
    return max(1, round(span_ns * HURT_SHARE / SEASON_NS))


def rhythm(rng: random.Random, span_ns: int) -> list[tuple[int, int]]:
    """(begin, end) in ns of one fault per season, in order of time."""
    count = seasons(span_ns)
    season = span_ns * HURT_SHARE / count
    active = season * ACTIVE_SHARE
    times = []
    for number in range(count):
        length = active * rng.uniform(SHORTEST, LONGEST)
        begin = (number + 1) * season - active + rng.uniform(0.0, active - length)
        times.append((int(begin), int(begin + length)))
    return times
