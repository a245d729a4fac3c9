"""Generators: unique values, retired keys, and the same operations for the same seed."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from harness.workload import WORKLOADS, Generator


def ops(name: str, count: int, seed: int = 3) -> list[tuple[str, str, object]]:
    generator = Generator(WORKLOADS[name], random.Random(seed), keys=4, ops_per_key=50)
    return [tuple(generator.next()) for _ in range(count)]


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_values_are_unique_per_key(name: str) -> None:
    unique = ("write", "cas", "add", "append")
    written = Counter((key, str(value)) for f, key, value in ops(name, 5000) if f in unique)
    assert max(written.values(), default=1) == 1


def test_a_key_has_at_most_its_share_of_operations() -> None:
    uses = Counter(key for _, key, _ in ops("register", 5000))
    assert max(uses.values()) == 50
    assert len(uses) >= 5000 // 50


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_the_mix_is_kept(name: str) -> None:
    count = 20_000
    seen = Counter(f for f, _, _ in ops(name, count))
    for f, share in WORKLOADS[name].mix.items():
        assert abs(seen[f] / count - share) < 0.02


def test_a_cas_expects_something_that_may_be_there() -> None:
    known: dict[str, set[object]] = {}
    for f, key, value in ops("cas-register", 2000):
        values = known.setdefault(key, {None})
        if f == "cas":
            old, new = value  # type: ignore[misc]
            assert old in values
            values.add(new)
        elif f == "write":
            values.add(value)


def test_the_same_seed_gives_the_same_operations() -> None:
    assert ops("cas-register", 500) == ops("cas-register", 500)
    assert ops("cas-register", 500) != ops("cas-register", 500, seed=4)


def test_a_tree_of_which_too_little_is_known_is_retired() -> None:
    generator = Generator(WORKLOADS["files"], random.Random(1), keys=2, ops_per_key=40)
    first, other = generator.born
    for _ in range(WORKLOADS["files"].unknown_per_key - 1):
        generator.unknown(first)
    assert generator.born == (first, other)
    generator.unknown(first)
    generator.unknown(first)  # an operation that was under way meanwhile
    assert len(generator.born) == 3
    assert {generator.next().key for _ in range(30)} == {other, generator.born[2]}


def test_a_register_may_have_any_number_of_unknown_operations() -> None:
    generator = Generator(WORKLOADS["register"], random.Random(1), keys=1, ops_per_key=100)
    for _ in range(50):
        generator.unknown(generator.born[0])
    assert len(generator.born) == 1
