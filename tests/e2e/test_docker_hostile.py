"""An engine that goes away or hangs in mid-run, an image that is not there, memory that runs out."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import SPLITBRAIN, Splitbrain, clean_environment
from tests.e2e.test_killed import history_lines, wait_for
from tests.engine import client_or_skip, image_or_skip, of_runs
from tests.engine_proxy import Proxy

FAULTS = ("-n", "partition,kill,pause", "--seed", "7")


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    image_or_skip()
    with (
        tempfile.TemporaryDirectory() as folder,
        Proxy(Path(folder, "engine")) as made,
    ):  # short enough a name
        yield made


def begun(folder: Path, proxy: Proxy) -> subprocess.Popen[str]:
    """A run through the proxy that has done some operations."""
    process = subprocess.Popen(
        [*SPLITBRAIN, "run", "raft", "--on", "docker", "--nodes", "3", *FAULTS, "--time", "60s"],
        cwd=folder,
        env={**clean_environment(), "DOCKER_HOST": proxy.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: history_lines(folder) > 200, "operations")
    return process


@pytest.mark.parametrize(("lost", "limit_s"), [(Proxy.cut, 30), (Proxy.stall, 120)])
def test_an_engine_that_is_lost_in_mid_run_fails_it_with_one_error(
    proxy: Proxy, lost: Callable[[Proxy], None], limit_s: float, tmp_path: Path, splitbrain: Splitbrain
) -> None:
    process = begun(tmp_path, proxy)
    lost(proxy)
    out, err = process.communicate(timeout=limit_s)
    assert process.returncode == 3, out + err
    said = " ".join(out.split())
    assert "THE RUN FAILED DURING WORKLOAD" in said
    assert f"workload failed: the Docker Engine at {proxy.address} does not answer" in said
    assert "`splitbrain doctor --cleanup`" in said
    assert "Traceback" not in out + err
    (page,) = tmp_path.glob("runs/*/report.html")
    assert "workload failed: the Docker Engine at" in page.read_text()
    assert not list(tmp_path.glob("runs/*/crash.log"))
    run = page.parent.name
    assert of_runs(run) != []
    ended = splitbrain("doctor", "--on", "docker", "--cleanup")
    assert ended.code == 0, ended.err + ended.out
    assert f"removed: container splitbrain-{run}" in ended.out
    assert of_runs(run) == []


@pytest.mark.parametrize("own", [True, False])
def test_an_image_that_is_not_there_is_named_with_the_command_that_makes_it(
    own: bool, splitbrain: Splitbrain, tmp_path: Path
) -> None:
    client_or_skip()
    if own:
        # Sources that nobody has built: those of this checkout, changed.
        code = (
            "import sys, harness.images.recipe as r; r.PACKAGES += ('none',); r.dockerfile = lambda: 'none'"
        )
        code += "; from harness.cli import main; sys.exit(main())"
        argv = [SPLITBRAIN[0].replace("splitbrain", "python"), "-c", code]
        asked: tuple[str, ...] = ()
    else:
        argv, asked = SPLITBRAIN, ("-o", "image=no-such-image")
    ended = subprocess.run(
        [*argv, "run", "raft", "--on", "docker", "--time", "2s", *asked],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 6, ended.stdout + ended.stderr
    said = " ".join(ended.stdout.split())
    assert ("no image splitbrain-node:" if own else "no image no-such-image") in said
    assert "splitbrain image build --offline" in said
    assert of_runs() == []


def test_a_node_out_of_its_memory_limit_in_mid_run_is_told_of(splitbrain: Splitbrain) -> None:
    image_or_skip()
    store = Path(__file__).with_name("hungry_store.py")
    asked = ("--nodes", "2", "--on", "docker", "-o", "memory=64m", "--time", "5s")
    ended = splitbrain("run", f"{store}:HungryStore", *asked)
    assert ended.code == 3, ended.err + ended.out
    said = " ".join(ended.out.split())
    for node in ("n1", "n2"):
        assert f"{node} died by itself (killed by the kernel: out of its memory limit)" in said
    assert "Traceback" not in ended.out + ended.err
    assert of_runs() == []
