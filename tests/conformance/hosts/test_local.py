"""The conformance body on this machine."""

from pathlib import Path

from tests.harness.deploy.inside import pytest_inside


def test_local_cluster_conforms() -> None:
    pytest_inside(Path(__file__).with_name("body.py"))
