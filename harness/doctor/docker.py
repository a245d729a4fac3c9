"""What runs in containers need: an engine, the image of nodes, a namespace that can be entered.

Invariants: what is made carries the labels of a run of this process, and is removed; a check whose forerunner
failed is not tried.
"""

from __future__ import annotations

import os
from typing import Any

from harness.deploy.commands import run
from harness.deploy.containers.engine import is_here, labels, sweep
from harness.deploy.containers.network import IDLE
from harness.doctor.finding import Check, Finding
from harness.errors import EnvironmentFault, MissingPrerequisite
from harness.images import build, engine
from nemeses import linux

NAMES = ("engine", "image", "container", "its namespace")


def findings() -> list[Finding]:
    """Tries it all, as far as it gets."""
    found: list[Finding] = []
    name = f"doctor-{os.getpid()}"
    things: dict[str, Any] = {}

    def connect() -> str:
        things["client"] = engine.connect()
        version = things["client"].version()
        return f"Docker Engine {version['Version']}, API {version['ApiVersion']}, {version['Arch']}"

    def image() -> str:
        things["image"] = build.require(things["client"])
        return str(things["image"])

    def container() -> str:
        with engine.faults("run a container"):
            things["container"] = made = things["client"].containers.run(
                things["image"],
                list(IDLE),
                name=f"splitbrain-{name}",
                labels=labels(name),
                network_mode="none",
                cap_drop=["ALL"],
                detach=True,
            )
            made.pause()
            made.unpause()
            made.reload()
        return "made, started, paused and continued"

    def namespace() -> str:
        if not is_here(things["client"]):
            raise MissingPrerequisite(
                "its processes are not ours to enter", fix="run as root on the engine's machine"
            )
        enter = ("nsenter", f"--net=/proc/{things['container'].attrs['State']['Pid']}/ns/net", "--")
        done = run((*enter, *linux.install_argv()))
        if done.code:
            raise EnvironmentFault(done.stderr.decode(errors="replace").strip())
        return "entered from this machine, and the table of faults was made there"

    steps = [
        Check(NAMES[0], "makes the containers", "apt-get install docker.io", connect),
        Check(NAMES[1], "what nodes run in", "splitbrain image build --offline", image),
        Check(NAMES[2], "a node is one; pause and kill are the engine's", "look at `docker info`", container),
        Check(NAMES[3], "partitions are rules in it; clients live in one", "run as root", namespace),
    ]
    try:
        for step in steps:
            found.append(step.run())
            if found[-1].status == "missing":
                break
    finally:
        if "container" in things:
            sweep(things["client"], name)
    return found
