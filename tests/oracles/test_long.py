"""Long histories: legal by construction with the witness that made them, with one planted violation, and
chains of nasty blocks.

A failure prints the name and the seed; `_made(name, seed)` and `_chain(seed)` give the history again.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from checkers.history import History, Op
from checkers.lincheck import Model, fault_of
from checkers.verdict import Invalid, Unknown, Valid, Verdict
from tests.oracles import attack, blocks, exact, long, midsize
from tests.oracles.adapters import model_of, own
from tests.oracles.judges import check_long
from tests.oracles.plant import PLANTERS, Planter, stale_read
from tests.oracles.settings import LONG, LONGEST
from tests.oracles.specs import Spec

SHARE = -(-LONG // (2 * len(PLANTERS)))  # histories of each kind; half of all are chains
# A night's worth in parts of some minutes: more than one process shares them, and what is done is seen.
SHARE_PARTS = -(-SHARE // 21)
CHAIN_PARTS = 2 if LONG < 200 else LONG // 100
# Many orders of equal values, or of appends, make many states: a search may give these up.
HARD = {"fifo-queue", "unordered-queue", "key-value"}


def _made(
    name: str, seed: int
) -> tuple[random.Random, long.Recipe, History, dict[int, tuple[int, ...]], Spec]:
    dice = random.Random(f"long {name} {seed}")
    made = long.recipe(dice, name, LONGEST, cut=stale_read in PLANTERS[name])
    spec = long.spec_of(made, dice)
    return dice, made, *long.simulate(dice, made, spec), spec


def _model(spec: Spec) -> Model:
    model = own(spec.name)
    assert model is not None
    return model


def _planted_witness_fault(history: History, witness: dict[int, tuple[int, ...]], spec: Spec) -> str | None:
    """What either judge of witnesses has against the order in which the operations took effect."""
    whole = [i for key in sorted(witness) for i in witness[key]]
    for part in exact.by_key(history):
        fault = exact.fault_of(witness.get(part[0].key, ()), part, spec)
        if fault:
            return fault
    if len(witness) > 1:
        return None  # the checker's own judge takes one key at a time
    return fault_of(whole, history, _model(spec))


def _count(counts: Counter[str], verdict: Verdict) -> None:
    counts[type(verdict).__name__] += 1


def _planted(planter: Planter, dice: random.Random, made: long.Recipe, history: History) -> list[Op] | None:
    return planter(dice, made, list(history))


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(SHARE_PARTS))
@pytest.mark.parametrize("name", sorted(PLANTERS))
def test_long_histories(name: str, part: int) -> None:
    counts: Counter[str] = Counter()
    seeds = range(part, SHARE, SHARE_PARTS)
    for seed in seeds:
        dice, made, history, witness, spec = _made(name, seed)
        where = f"{name} {seed}: {made}"
        fault = _planted_witness_fault(history, witness, spec)
        assert fault is None, f"{where}: the planted witness is refused: {fault}"
        verdict = check_long(history, _model(spec))
        _count(counts, verdict)
        assert not isinstance(verdict, Invalid), f"{where}: {verdict}"
        if isinstance(verdict, Valid):
            fault = attack.witness_fault(verdict, history, spec)
            assert fault is None, f"{where}: {fault}"
        planter = PLANTERS[name][seed % len(PLANTERS[name])]
        broken = _planted(planter, dice, made, history)
        if broken is None:
            counts["no place"] += 1
            continue
        verdict = check_long(History.of(broken), _model(spec))
        _count(counts, verdict)
        assert not isinstance(verdict, Valid), f"{where}: {planter.__name__} was not noticed"
    if name not in HARD:
        assert counts["Unknown"] <= max(1, len(seeds) / 2), counts  # a quarter of what was asked
    assert counts["no place"] <= max(2, 3 * len(seeds) / 4), counts


def _chain(seed: int) -> attack.Case | None:
    """A chain of 10 blocks to as many as make `LONGEST` operations."""
    dice = random.Random(f"chain {seed}")
    made = blocks.chain(dice, round(10 * (LONGEST / 100) ** dice.random()))
    return None if made is None else attack.Case(made[0], made[1], made[2], model_of(made[2], dice), "chain")


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(CHAIN_PARTS))
def test_chains_of_blocks(part: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(part, LONG // 2, CHAIN_PARTS):
        case = _chain(seed)
        if case is None:
            counts["none"] += 1
            continue
        history = midsize.history_of(case.ops)
        verdict = check_long(history, case.model)
        _count(counts, verdict)
        if isinstance(verdict, Unknown):
            continue
        assert isinstance(verdict, Valid) == case.legal, (
            f"chain {seed}: {len(history)} operations, {case.spec.name}, model {case.model.name}, "
            f"legal: {case.legal}, the checker says {type(verdict).__name__}"
        )
        if isinstance(verdict, Valid):
            assert attack.witness_fault(verdict, history, case.spec) is None, f"chain {seed}"
    assert counts["Valid"], counts
    assert counts["Invalid"], counts
    assert counts["Unknown"] + counts["none"] <= max(2, LONG / 8 / CHAIN_PARTS), counts


@pytest.mark.timeout(7200)
def test_short_chains_have_the_verdict_they_are_said_to_have() -> None:
    judged: Counter[bool] = Counter()
    for seed in range(max(30, LONG // 4)):
        made = blocks.chain(random.Random(f"short chain {seed}"), 3)
        if made is None:
            continue
        verdict = exact.legal(made[0], made[2], 20_000)
        assert verdict in (None, made[1]), f"short chain {seed} is {verdict}"
        if verdict is not None:
            judged[verdict] += 1
    assert min(judged[True], judged[False]) >= 5, judged
