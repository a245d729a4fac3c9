"""LocalDeployment: what it refuses at once; the rest of its tests run inside namespaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy.netns import LocalDeployment
from harness.errors import ConfigError, HarnessBug
from tests.harness.deploy.fake import EchoSystem, local
from tests.harness.deploy.inside import pytest_inside


def test_life_and_death_inside_namespaces() -> None:
    pytest_inside(Path(__file__).with_name("inside_netns.py"))


def test_the_network_of_this_machine_is_never_touched(tmp_path: Path) -> None:
    with pytest.raises(HarnessBug, match="inside"), local(tmp_path, 1):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names", [["a", "a"], ["clients"], ["../x"], ["a b"], [""], [], [f"n{i}" for i in range(191)]]
)
def test_unusable_node_names_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(ConfigError):
        LocalDeployment(EchoSystem(), names, {}, tmp_path, {})
