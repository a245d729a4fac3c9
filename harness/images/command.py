"""What `splitbrain image ...` does.

Invariants: progress goes to stderr, the result alone to stdout; SIGTERM ends a build as Ctrl-C does, with
everything taken away.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import asdict
from types import FrameType

from harness.errors import EXIT_FAILED, EXIT_NOTHING, EXIT_TERMINATED, EXIT_VALID
from harness.images import content, engine, stock
from harness.images.build import build, present


def build_command(offline: bool, force: bool, as_json: bool) -> int:
    """`splitbrain image build`."""
    signal.signal(signal.SIGTERM, _leave)
    started = time.monotonic()
    client = engine.connect()
    there = present(client) and not force
    name = build(client, offline=offline, force=force, say=_say)
    if as_json:
        seconds = round(time.monotonic() - started, 1)
        print(json.dumps({"image": name, "built": not there, "seconds": seconds}))
    else:
        print(name)
    return EXIT_VALID


def list_command(as_json: bool) -> int:
    """`splitbrain image list`."""
    images = stock.stored(engine.connect())
    if as_json:
        print(json.dumps([asdict(image) for image in images], indent=1))
    else:
        width = max((len(image.name) for image in images), default=0)
        for image in images:
            use = "current" if image.current else "old"
            print(f"{image.name:{width}}  {use:7}  {image.size / 1e6:6.0f} MB  {image.created}")
        if not any(image.name == content.image_name() for image in images):
            _say(f"no image {content.image_name()}: splitbrain image build makes it")
    return EXIT_VALID if images else EXIT_NOTHING


def remove_command(everything: bool) -> int:
    """`splitbrain image remove`."""
    gone, kept = stock.remove(engine.connect(), everything=everything)
    for name in gone:
        print(name)
    for name, why in kept.items():
        _say(f"{name} stays: {why}\n  fix: remove the containers that use it, then try again")
    if not gone and not kept:
        _say("nothing to remove" + ("" if everything else " but what is in use (--all removes that too)"))
    return EXIT_FAILED if kept else EXIT_VALID


def _say(line: str) -> None:
    print(f"splitbrain: {line}", file=sys.stderr, flush=True)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(EXIT_TERMINATED)
