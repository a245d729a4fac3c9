"""Chaos with Multi-Paxos, and what is wrong with a run."""

from __future__ import annotations

from dataclasses import replace

from systems.paxos.core import PaxosCore
from systems.paxos.logic import PaxosLogic
from systems.shells.sim_chaos import Chaos, run_chaos
from tests.systems.linearizable import violation
from tests.systems.paxos.invariants import Invariants, PaxosBroken

PAXOS = Chaos(logic=PaxosLogic)


def judge(seed: int, chaos: Chaos = PAXOS) -> str | None:
    """What is wrong with this run, None if nothing: its safety properties, then its history."""
    try:
        result = run_chaos(PaxosCore, seed, chaos, Invariants())
    except PaxosBroken as broken:
        return str(broken)
    return violation(result.history)


def seen(seed: int, bug: str, chaos: Chaos = PAXOS) -> str | None:
    """What clients see of `bug` ("" for none) in this run, None if nothing."""
    options = {**chaos.options, "bug": bug}
    return violation(run_chaos(PaxosCore, seed, replace(chaos, options=options)).history)


def judge_invariants(seed: int, bug: str, chaos: Chaos = PAXOS) -> str | None:
    """Which safety property `bug` breaks in this run, None if none."""
    try:
        run_chaos(PaxosCore, seed, replace(chaos, options={**chaos.options, "bug": bug}), Invariants())
    except PaxosBroken as broken:
        return str(broken)
    return None
