"""Small histories for the command `lincheck`, and what a call of it came to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from checkers.verdict import Verdict

HEADER = '{"type":"history","version":1,"clock":"monotonic-ns","meta":{}}'
WRITE = """{"type":"invoke","process":0,"time":10,"f":"write","key":"x","value":1,"node":"n1"}
{"type":"complete","process":0,"time":20,"outcome":"ok"}"""
STALE = """{"type":"invoke","process":1,"time":30,"f":"read","key":"x"}
{"type":"complete","process":1,"time":40,"outcome":"ok"}"""
CAS = """{"type":"invoke","process":2,"time":50,"f":"cas","key":"x","value":[1,2]}
{"type":"complete","process":2,"time":60,"outcome":"ok","value":false}"""
GOOD = "\n".join([HEADER, WRITE, ""])
BAD = "\n".join([HEADER, WRITE, STALE, ""])
ODD_CAS = "\n".join([HEADER, WRITE, CAS, ""])
QUEUE = GOOD.replace('"write"', '"enqueue"')


@dataclass(frozen=True)
class Ended:
    """What a call of `main` came to."""

    code: int
    out: str
    err: str

    def rows(self) -> list[list[str]]:
        """The lines of standard output that are not indented, split at tabs."""
        return [line.split("\t") for line in self.out.splitlines() if line and not line.startswith(" ")]


Lincheck = Callable[..., Ended]


def answer(verdict: Verdict | BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the check give `verdict`, or raise it."""

    def check(*_: Any, **__: Any) -> Verdict:
        if isinstance(verdict, BaseException):
            raise verdict
        return verdict

    monkeypatch.setattr(sys.modules["checkers.lincheck.check"], "check", check)
