"""The log against a plain list of terms, and the options."""

from __future__ import annotations

from random import Random

import pytest

from systems.core import MILLISECOND_NS, CoreConfig
from systems.raft.log import Log
from systems.raft.messages import Entry, Noop
from systems.raft.options import Options


def test_the_log_agrees_with_a_list() -> None:
    """Thousands of random truncations and appends; every question is answered by naive search too."""
    stream = Random(20140618)
    log, terms = Log(), list[int]()
    for _ in range(2000):
        first = stream.randint(max(1, len(terms) - 6), len(terms) + 1)
        floor = terms[first - 2] if first > 1 else 1
        new = sorted(stream.randint(floor, floor + 2) for _ in range(stream.randint(0, 5)))
        log.replace_from(first, [Entry(t, Noop()) for t in new])
        terms[first - 1 :] = new
        assert log.last_index == len(terms)
        assert log.last_term == (terms[-1] if terms else 0)
        assert [e.term for e in log.tail(first, 3)] == terms[first - 1 :][:3]
        assert log.term_at(len(terms) + 1) is None
        for index in range(max(1, len(terms) - 8), len(terms) + 1):
            term = terms[index - 1]
            assert log.term_at(index) == log.entry(index).term == term
            assert log.first_of_term_at(index) == terms.index(term) + 1
            assert log.last_of_term(term) == len(terms) - terms[::-1].index(term)
        assert log.last_of_term(10**9) == 0


def test_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot write at index 2"):
        Log().replace_from(2, [Entry(1, Noop())])


def test_defaults_and_priorities() -> None:
    members = ("n1", "n2", "n3")
    default = Options.of(CoreConfig("n2", members))
    assert (default.election_ns, default.heartbeat_ns) == (500 * MILLISECOND_NS, 80 * MILLISECOND_NS)
    assert default.spread_ns == (0, 500 * MILLISECOND_NS)
    given = {"election_ms": "300", "priority": "n1=1,n3=-1"}
    spreads = [Options.of(CoreConfig(m, members, given)).spread_ns for m in members]
    assert spreads == [
        (0, 100 * MILLISECOND_NS),
        (100 * MILLISECOND_NS, 200 * MILLISECOND_NS),
        (200 * MILLISECOND_NS, 300 * MILLISECOND_NS),
    ]
