"""A small linearizability checker for the registers of `systems.kv`: depth-first per key, states memoised.

It serves only to judge simulated runs; it shares no code with `checkers.lincheck`, so either can vouch for
the other.
"""

from __future__ import annotations

from typing import Any

from checkers.history import History, Op, Outcome


def violation(history: History) -> str | None:
    """None if every key is linearizable, else which key is not and its operations, one per line."""
    by_key: dict[str, list[Op]] = {}
    for op in history:
        if op.outcome is not Outcome.FAIL:
            by_key.setdefault(op.key, []).append(op)
    for key in sorted(by_key):
        if not _has_order(by_key[key]):
            lines = [f"  {o.process} {o.f} {o.input} -> {o.output} {o.outcome.name}" for o in by_key[key]]
            return "\n".join([f"key {key} is not linearizable:", *lines])
    return None


def _next(state: Any, op: Op) -> list[Any]:
    """The states after `op`, none if it could not have been answered so; an open operation may also never
    happen.
    """
    if op.f == "read":
        return [state] if op.output == state else []
    if op.f == "write":
        return [op.input]
    old, new = op.input
    if op.outcome is Outcome.INFO:
        return [new] if state == old else []
    if op.output:
        return [new] if state == old else []
    return [state] if state != old else []


def _has_order(ops: list[Op]) -> bool:
    # An open read says nothing, so only what completed and what may have changed the state is ordered.
    ops = [o for o in ops if not (o.f == "read" and o.outcome is Outcome.INFO)]
    required = sum(1 << i for i, o in enumerate(ops) if o.outcome is Outcome.OK)
    stack: list[tuple[int, Any]] = [(0, None)]
    seen = {(0, None)}
    while stack:
        placed, state = stack.pop()
        if placed & required == required:
            return True
        horizon = min(o.return_ns for i, o in enumerate(ops) if not placed >> i & 1)
        for i, op in enumerate(ops):
            if op.call_ns > horizon:
                break
            if placed >> i & 1:
                continue
            for after in _next(state, op):
                key = (placed | 1 << i, after)
                if key not in seen:
                    seen.add(key)
                    stack.append(key)
    return False
