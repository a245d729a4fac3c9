"""The verbs, and the one question that a call answers.

Invariant: whatever goes wrong is an answer.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from . import claims, following, machine, node
from .refusal import Refused

VERBS: dict[str, Any] = {
    "facts": machine.facts,
    "clock": machine.clock,
    "digest": machine.digest,
    "unpack": machine.unpack,
    "signals": machine.signals,
    "packet": machine.packet,
    "claim": claims.claim,
    "leftovers": claims.leftovers,
    "release": claims.release,
    "start": node.start,
    "status": node.status,
    "kill": node.kill,
    "pause": node.pause,
    "end": node.end,
}


def main() -> None:
    """Entry point."""
    verb = sys.argv[1]
    if verb == "follow":
        following.follow(json.loads(sys.stdin.buffer.readline()))
        return
    try:
        given = json.loads(sys.stdin.buffer.read() or b"{}")
        answer = {"ok": VERBS[verb](**given)}
    except Refused as refusal:
        answer = {"error": str(refusal)}
    except OSError as error:
        answer = {"error": f"{error.filename or verb}: {error.strerror or error}"}
    sys.stdout.write(json.dumps(answer))
