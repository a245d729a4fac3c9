"""How tests are dealt out where several processes share them (`--dist loadgroup`): those of a file to one
process, those that share the Docker Engine (the node's image, what runs left) to one as well.
"""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file is a group, unless it says to which it belongs."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
