"""Histories written by hand: one operation a line, times in the order of writing."""

from __future__ import annotations

from typing import Any

from checkers.history import OPEN_NS, History, Op, Outcome

QUIET_NS = 1_000_000


class Run:
    """Gathers operations; those after `quiet` run in the quiet time."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.now = 0

    def quiet(self) -> Run:
        """From here on nothing is disturbed."""
        self.now = QUIET_NS
        return self

    def op(
        self,
        f: str,
        given: Any = None,
        answer: Any = None,
        *,
        key: Any = "x",
        process: int = 0,
        node: str | None = "n1",
        outcome: Outcome = Outcome.OK,
        ended: bool = True,
    ) -> Run:
        """One operation after all others; `ended`: whether the client knows when it gave up."""
        call, end = self.now, self.now + 1
        self.now += 2
        info = outcome == Outcome.INFO
        self.ops.append(
            Op(
                len(self.ops), process, f, key, given, answer, outcome, call,
                OPEN_NS if info else end, end if ended else None, node,
            )
        )  # fmt: skip
        return self

    def history(self) -> History:
        """All of them."""
        return History.of(self.ops)
