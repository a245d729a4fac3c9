"""The search, the witness and the minimizer against brute force, which also notices a broken search.

Every failure prints its seed; `_case(seed)` rebuilds the history.
"""

from __future__ import annotations

import itertools
import random

import pytest

from checkers.history import History, Op, Outcome
from checkers.lincheck import CasRegister, Model, Register, check, fault_of
from checkers.lincheck.search import Search
from checkers.verdict import Invalid, Valid, Verdict
from tests.oracles import brute, generate

CASES = 21_000


def _case(seed: int) -> tuple[History, Model, str]:
    """Half wild, half nearly legal; three models in turn."""
    dice = random.Random(seed)
    mode = "did-not-happen" if seed % 3 == 2 else "observation"
    cas = seed % 3 > 0
    model: Model = CasRegister(failed_cas=mode) if cas else Register()  # type: ignore[arg-type]
    if seed % 2:
        return generate.wild(dice, cas=cas), model, mode
    weak = mode == "did-not-happen"
    base = generate.simulated(dice, dice.randint(3, 6), cas=cas, crash=0.2, weak_cas=weak)
    return (generate.mutated(dice, base) if dice.random() < 0.7 else base), model, mode


def _disagreement(seed: int) -> tuple[str | None, Verdict]:
    history, model, mode = _case(seed)
    verdict = check(history, model, explain=False)
    legal = brute.linearizable(history, mode)
    if isinstance(verdict, Valid) != legal:
        return f"seed {seed}: brute force says {legal}, the search {verdict}: {list(history)}", verdict
    if isinstance(verdict, Valid):
        for _, order in verdict.witness:
            fault = fault_of(order, history, model)
            if fault:
                return f"seed {seed}: witness {order}: {fault}", verdict
    return None, verdict


def test_the_search_agrees_with_brute_force() -> None:
    valid = 0
    for seed in range(CASES):
        problem, verdict = _disagreement(seed)
        assert problem is None, problem
        valid += isinstance(verdict, Valid)
    assert 0.25 * CASES <= valid <= 0.75 * CASES, f"{valid} of {CASES} are legal"


def _broken_read(self: Search, i: int, state: int) -> bool:
    """Shortcut 1 without asking whether the operation only reads."""
    return i < self.count and self.machine.step(state, self.ops[i]) == state


def _broken_dominance(self: Search, key: tuple[int, int, int], used: int) -> bool:
    """Shortcut 4 without comparing which open operations were placed."""
    known = self._seen.setdefault(key, [])
    known.append(used)
    return len(known) > 1


def _broken_memo(self: Search, key: tuple[int, int, int], used: int) -> bool:
    """Shortcut 4 without the machine's state."""
    known = self._seen.setdefault((key[0], key[1], 0), [])
    known.append(used)
    return len(known) > 1


def _broken_open(self: Search, bound: int, used: int) -> list[int]:
    """Shortcut 2 with any two open operations taken for equal."""
    free = (i for i in range(self.count, len(self.ops)) if not used >> (i - self.count) & 1)
    return [i for i in free if self.calls[i] <= bound][:1]


def _broken_time(self: Search, base: int, mask: int) -> tuple[list[int], int]:
    """Candidates without regard to real time."""
    return [i for i in range(base, self.count) if not mask >> (i - base) & 1], 1 << 63


@pytest.mark.parametrize(
    ("method", "broken"),
    [
        ("_may_go_at_once", _broken_read),
        ("_dominated", _broken_dominance),
        ("_dominated", _broken_memo),
        ("_open_moves", _broken_open),
        ("_candidates", _broken_time),
    ],
)
def test_brute_force_notices_a_broken_shortcut(
    monkeypatch: pytest.MonkeyPatch, method: str, broken: object
) -> None:
    monkeypatch.setattr(Search, method, broken)
    assert any(_disagreement(seed)[0] for seed in range(4_000)), f"nothing noticed {broken}"


def _kept(verdict: Invalid, history: History) -> tuple[list[Op], list[Op]]:
    assert verdict.counter_example is not None
    inside = {op.index for op in verdict.counter_example.ops}
    ops = [op for op in history if op.outcome != Outcome.FAIL]
    return [op for op in ops if op.index in inside], [op for op in ops if op.index not in inside]


def test_counter_examples_contradict_and_are_minimal() -> None:
    judged = left_out = 0
    for seed in range(6_000):
        history, model, mode = _case(seed)
        verdict = check(history, model)
        if not isinstance(verdict, Invalid):
            continue
        kept, ghosts = _kept(verdict, history)
        assert not verdict.notes, f"seed {seed}: {verdict.notes}"
        assert brute.contradicts(kept, ghosts, mode), f"seed {seed}: {verdict}"
        for op in kept:
            rest = [other for other in kept if other is not op]
            assert not brute.contradicts(rest, [*ghosts, op], mode), f"seed {seed}: {op} is not needed"
        judged += 1
        left_out += bool(ghosts)
    assert judged > 1_000
    assert left_out > judged / 4, "too few had anything to leave out"


@pytest.mark.parametrize("unique", [True, False])
def test_medium_histories(unique: bool) -> None:
    """Legal by construction: Valid, with a witness that replays. Changed: its minimum is contradictory."""
    invalid = 0
    for seed in range(25):
        dice = random.Random(f"medium {seed} {unique}")
        count = dice.randint(50, 300)
        history = generate.simulated(dice, count, clients=10, values=8, crash=0.03, unique=unique)
        model = CasRegister(failed_cas="observation")
        verdict = check(history, model)
        assert isinstance(verdict, Valid), f"seed {seed}: {verdict}"
        assert fault_of(verdict.witness[0][1], history, model) is None, f"seed {seed}"
        changed = generate.mutated(dice, history, values=8)
        verdict = check(changed, model)
        if isinstance(verdict, Valid):
            assert fault_of(verdict.witness[0][1], changed, model) is None, f"seed {seed}"
            continue
        assert isinstance(verdict, Invalid), f"seed {seed}: {verdict}"
        invalid += 1
        kept, ghosts = _kept(verdict, changed)
        if len(kept) <= 6:
            assert brute.contradicts(kept, ghosts, "observation"), f"seed {seed}"
            for part in itertools.combinations(kept, len(kept) - 1):
                rest = [op for op in kept if op not in part]
                assert not brute.contradicts(list(part), ghosts + rest, "observation"), f"seed {seed}"
    assert invalid >= 7
