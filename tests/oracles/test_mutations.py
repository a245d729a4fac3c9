"""Every fault in the list is noticed; without one, nothing is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracles import mutations
from tests.oracles.mutation import Mutation


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.name)
def test_it_is_noticed(mutation: Mutation, tmp_path: Path) -> None:
    code, said = mutations.run(mutations.copy(mutation, tmp_path), mutation.case)
    assert code == mutations.WRONG, f"{mutation.name} ({mutation.description}): exit code {code}\n{said}"
    # A mutant that cannot even run says nothing about the oracles.
    assert said.startswith("case "), said


def test_the_innocent_is_not_blamed(tmp_path: Path) -> None:
    code, said = mutations.run(mutations.copy(None, tmp_path), *(one.case for one in mutations.MUTATIONS))
    assert code == mutations.SAME, said


def test_a_mutation_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    gone = replace(mutations.MUTATIONS[0], old="a text that stands nowhere")
    with pytest.raises(ValueError, match="stands 0 times"):
        mutations.copy(gone, tmp_path)
