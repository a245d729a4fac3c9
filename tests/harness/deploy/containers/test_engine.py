"""Who made a container, whether he lives, and what is removed when he does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.deploy import maker
from harness.deploy.containers import engine
from tests.engine import client_or_skip, image_or_skip

RUN = "test-engine"


def test_this_process_lives_and_others_by_its_number_do_not() -> None:
    machine, boot, pid, started = engine.me().split("/")
    assert engine.lives(engine.me())
    assert not engine.lives(f"{machine}/{boot}/{pid}/{int(started) + 1}")
    assert not engine.lives(f"{machine}/another-boot/{pid}/{started}")
    assert not engine.lives(f"{machine}/{boot}/{2**22 + 1}/{started}")


@pytest.mark.parametrize("maker", ["", "another-machine/boot/1/2", "nonsense"])
def test_of_other_machines_nobody_knows(maker: str) -> None:
    assert engine.lives(maker)


@pytest.fixture
def ended_maker() -> str:
    """A process that made something and has ended."""
    code = "from harness.deploy.containers import engine; print(engine.me())"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def _nothing_left() -> Iterator[None]:
    yield
    engine.sweep(client_or_skip(), RUN)


@pytest.mark.usefixtures("_nothing_left")
def test_sweep_removes_what_the_dead_left_and_nothing_else(ended_maker: str) -> None:
    theirs = {engine.OURS: "run", engine.RUN: RUN, engine.MAKER: ended_maker}
    for name, labels in (("dead", theirs), ("living", engine.labels(RUN)), ("strange", {"other": "label"})):
        client_or_skip().containers.create(
            image_or_skip(), ["sleep", "60"], name=f"{RUN}-{name}", labels=labels
        )
        client_or_skip().networks.create(f"{RUN}-{name}-net", labels=labels)
    try:
        client_or_skip().containers.get(f"{RUN}-dead").start()
        assert sorted(engine.sweep(client_or_skip())) == [f"container {RUN}-dead", f"network {RUN}-dead-net"]
        names = [c.name for c in client_or_skip().containers.list(all=True) if c.name.startswith(RUN)]
        assert sorted(names) == [f"{RUN}-living", f"{RUN}-strange"]
        assert len(engine.sweep(client_or_skip(), RUN)) == 2
    finally:
        client_or_skip().containers.get(f"{RUN}-strange").remove(force=True)
        client_or_skip().networks.get(f"{RUN}-strange-net").remove()


def test_a_process_that_ended_has_not_begun() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert maker._started(process.pid) == ""
