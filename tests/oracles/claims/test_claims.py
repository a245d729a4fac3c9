"""Each claim against its obvious judge, on thousands of small histories.

A failure prints the seed, the history and what both say; `histories.show(name, seed)` shows it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from checkers import counters
from checkers.claim import Claim
from checkers.convergence import Convergence
from checkers.counters import Counters
from checkers.deletions import Deletions
from checkers.history import History
from checkers.sessions import Sessions
from checkers.sets import Sets
from checkers.verdict import Invalid, Unknown, Valid, Verdict
from tests.oracles.claims import orders, worlds
from tests.oracles.claims.histories import QUIET_NS, history, told
from tests.oracles.settings import CASES

Expected = tuple[set[str], set[str]]  # names that an anomaly may have, all keys that are bad; empty if none


def of_convergence(seen: History) -> Expected:
    bad, _ = worlds.diverged(seen)
    return ({"diverged"} if bad else set()), bad


def of_sets(seen: History) -> Expected:
    found = worlds.set_anomalies(seen)
    order = ["lost", "resurrected", "unexpected", "repeated"]
    first = min((name for name, _ in found), key=order.index, default=None)
    return ({first} if first else set()), {key for _, key in found}


def of_deletions(seen: History) -> Expected:
    bad = worlds.returned_values(seen)
    return ({"resurrected-value"} if bad else set()), bad


def of_counters(seen: History) -> Expected:
    found = worlds.counter_anomalies(seen)
    return {name for name, _ in found}, {key for _, key in found}


def of_sessions(seen: History) -> Expected:
    bad = orders.bad_keys(seen)
    shortest = min((length for length, _ in bad.values()), default=0)
    return {name for length, names in bad.values() if length == shortest for name in names}, set(bad)


CLAIMS: dict[str, tuple[Claim, Callable[[History], Expected]]] = {
    "convergence": (Convergence(QUIET_NS), of_convergence),
    "sets": (Sets(QUIET_NS), of_sets),
    "deletions": (Deletions(QUIET_NS), of_deletions),
    "counters": (Counters(QUIET_NS), of_counters),
    "sessions": (Sessions(), of_sessions),
}


def problem(claim: Claim, verdict: Verdict, expected: Expected) -> str:
    """What is wrong with a verdict; empty if nothing."""
    names, keys = expected
    if not isinstance(verdict, Invalid):
        return f"{verdict} although {keys} are bad: {names}" if names else ""
    if verdict.anomaly not in names:
        return f"{verdict.anomaly!r} is not among {names}"
    if not set(verdict.anomaly.split("+")) <= set(claim.anomalies):
        return f"{verdict.anomaly!r} is none of the claim's names"
    return "" if set(verdict.bad_keys) == keys else f"bad keys {verdict.bad_keys}, not {keys}"


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_agrees_with_the_obvious_judge(name: str) -> None:
    claim, oracle = CLAIMS[name]
    met: Counter[str] = Counter()
    total = max(CASES // 3, 1000)
    for seed in range(total):
        seen = history(name, seed)
        verdict, expected = claim(seen), oracle(seen)
        wrong = problem(claim, verdict, expected)
        assert not wrong, f"{name}, seed {seed}: {wrong}\n{verdict}\n{told(seen)}"
        met[verdict.anomaly if isinstance(verdict, Invalid) else type(verdict).__name__] += 1
    assert met["Valid"] > total / 10, met
    assert sum(met[anomaly] for anomaly in met if anomaly not in ("Valid", "Unknown")) > total / 10, met
    assert set(claim.anomalies) <= {part for anomaly in met for part in anomaly.split("+")}, met


def test_nothing_to_compare_is_unknown() -> None:
    for seed in range(1000):
        seen = history("convergence", seed)
        bad, compared = worlds.diverged(seen)
        if not bad:
            assert isinstance(Convergence(QUIET_NS)(seen), Valid if compared else Unknown), seed


def test_counters_by_bounds_alone_miss_impossible_sums_only(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = [Counters(QUIET_NS)(history("counters", seed)) for seed in range(500)]
    monkeypatch.setattr(counters, "MOST_SUMS", -1)
    for seed, one in enumerate(exact):
        verdict = Counters(QUIET_NS)(history("counters", seed))
        if isinstance(one, Invalid) and one.anomaly == "counter-impossible-sum":
            assert not isinstance(verdict, Invalid) or verdict.anomaly != one.anomaly, seed
            assert any("only bounds" in note for note in verdict.notes), seed
        else:
            assert type(verdict) is type(one), seed
