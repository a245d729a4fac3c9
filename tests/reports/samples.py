"""Records as real runs leave them: an anomaly, a valid run under faults, a failed set-up, an interrupted
run, and strangers' strings.

Everything is drawn from one seed per sample; times are ns of a made-up monotonic clock that starts far from
zero.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec

from checkers.history import OPEN_NS, Disturbance, History, Op, Outcome
from checkers.verdict import CounterExample, EvidenceOp, Invalid, PlacedStep, StuckOp, Unknown, Valid
from reports.record import ClaimResult, PhaseTime, RolePoint, RunCard, RunRecord

START_NS = 81_204_000_000_000
MS = 1_000_000
S = 1_000_000_000
PROMISE = (
    "every read returns the value of the latest write that came before it in one order that respects time"
)


def at(seconds: float) -> int:
    """The clock so many seconds after the start."""
    return START_NS + round(seconds * S)


def card(**changed: Any) -> RunCard:
    """A card of a valid raft run, with changes."""
    base = RunCard(
        run_id="2026-03-14T02-10-07-raft-4711",
        system="raft",
        workload="register",
        seed=4711,
        plan_digest="9f2c81d04b7e",
        nodes=("n1", "n2", "n3", "n4", "n5"),
        outcome="valid",
        expect="valid",
        as_expected=True,
        exit_code=0,
        reasons=(),
        started_at="2026-03-14T02:10:07+00:00",
        start_ns=START_NS,
        end_ns=at(60),
        heal_ns=at(60.21),
        recovery_s=0.412,
        first_ok_s=0.031,
        faults_planned=6,
        phases=(
            PhaseTime("setup", 3.91),
            PhaseTime("workload", 65.4),
            PhaseTime("analysis", 1.27),
            PhaseTime("teardown", 0.66),
        ),
        config={
            "system": "raft",
            "workload": "register",
            "nodes": 5,
            "clients": 10,
            "time limit": "60 s",
            "rate": "200 operations/s",
            "keys": 8,
            "nemesis": ["partition", "kill", "pause"],
            "options": {"election_timeout_ms": "150"},
        },
        environment={
            "splitbrain": "0.1.0",
            "python": "3.11.2",
            "kernel": "Linux 6.1.0-18-amd64",
            "place": "network namespaces",
            "cores": "4",
        },
        replay="splitbrain run raft --workload register --nodes 5 --seed 4711 --time 60 "
        "--nemesis partition,kill,pause",
    )
    return msgspec.structs.replace(base, **changed)


def operations(
    seed: int, count: int, seconds: float, nodes: tuple[str, ...], hurt: list[tuple[float, float]]
) -> list[Op]:
    """`count` operations of some processes over `seconds`; slower, failing or open within the stretches
    `hurt` (s).
    """
    rng = random.Random(f"operations {seed}")
    clients = 10
    processes = list(range(clients))
    free_at = [0.0] * clients
    ops: list[Op] = []
    for n in range(count):
        client = n % clients
        call = max(free_at[client], seconds * n / count + rng.random() * 0.002)
        bad = any(a <= call <= b for a, b in hurt)
        taken = rng.lognormvariate(-5.6, 0.5) * (12 if bad else 1)
        draw = rng.random()
        outcome = Outcome.OK
        if bad and draw < 0.35:
            outcome = Outcome.FAIL if draw < 0.2 else Outcome.INFO
        f = rng.choice(("read", "write", "cas"))
        given = {"read": None, "write": n % 100, "cas": [n % 100, (n + 1) % 100]}[f]
        output: Any = {"read": n % 100, "write": None, "cas": True}[f] if outcome is Outcome.OK else None
        end = at(call + min(taken, 1.0))
        ops.append(
            Op(
                n, processes[client], f, f"k{n % 8}", given, output, outcome, at(call),
                OPEN_NS if outcome is Outcome.INFO else end, end, nodes[client % len(nodes)],
                None if outcome is Outcome.OK else "timed out after 1000 ms",
            )
        )  # fmt: skip
        if outcome is Outcome.INFO:
            processes[client] = max(processes) + 1
        free_at[client] = call + min(taken, 1.0) + 0.0001
    return ops


def fault(
    id_: int,
    kind: str,
    targets: tuple[str, ...],
    what: str,
    begin: float,
    end: float | None,
    status: str = "installed",
) -> Disturbance:
    """One fault from `begin` to `end` (s)."""
    lines = tuple(f"{t}: 41 packets from n{(i + 3) % 5 + 1} dropped" for i, t in enumerate(targets))
    if kind != "partition":
        lines = tuple(
            f"{t}: process state {'T' if kind == 'pause' else 'gone'} seen in /proc after 3 ms"
            for t in targets
        )
    ended = None if end is None else at(end)
    return Disturbance(id_, kind, targets, what, at(begin - 0.004), at(begin), ended, status, lines)


def roles_of(
    terms: list[tuple[float, int, str]], nodes: tuple[str, ...], names: tuple[str, str]
) -> tuple[RolePoint, ...]:
    """Role points: at each (s, term, leader) the leader leads and the others follow a little later."""
    points = []
    for seconds, term, leader in terms:
        points.append(RolePoint(at(seconds - 0.15), leader, term, "candidate", False))
        points.append(RolePoint(at(seconds), leader, term, names[0], True))
        points += [
            RolePoint(at(seconds + 0.02 * i), node, term, names[1], False)
            for i, node in enumerate(nodes, 1)
            if node != leader
        ]
    return tuple(sorted(points, key=lambda p: p.time_ns))


def valid_raft(operations_count: int = 6000) -> RunRecord:
    """A valid run: partitions, a kill and pauses, some at once; leaders change."""
    nodes = ("n1", "n2", "n3", "n4", "n5")
    faults = [
        fault(1, "partition", ("n1", "n2"), "cut n1, n2 from n3, n4, n5", 6, 14),
        fault(2, "kill", ("n3",), "kill n3 (leader)", 12, 17),
        fault(3, "pause", ("n5",), "pause n5", 21, 22.2),
        fault(4, "partition", ("n4",), "cut n4 (leader) from everyone, one way", 28, 39),
        fault(5, "pause", ("n1", "n2"), "pause n1, n2", 33, 37),
        fault(6, "kill", ("n1", "n2"), "kill n1, n2", 48, 55),
    ]
    hurt = [(6.0, 6.8), (12.0, 13.0), (28.0, 29.2), (33.0, 37.0), (48.0, 49.0)]
    ops = operations(4711, operations_count, 60, nodes, hurt)
    roles = roles_of(
        [(0.01, 1, "n1"), (6.4, 2, "n3"), (12.6, 3, "n4"), (28.8, 4, "n5"), (48.7, 5, "n3")],
        nodes,
        ("leader", "follower"),
    )
    claims = (
        ClaimResult(
            "linearizable register",
            PROMISE,
            Valid(len(ops), notes=("8 keys, largest 750 operations",)),
            1.21,
            True,
        ),
        ClaimResult(
            "recovers", "an operation succeeds within 10 s of the final heal", Valid(len(ops)), 0.002, None
        ),
    )
    return RunRecord(card(), History.of(ops, faults), claims, roles)


def stale_read_example() -> CounterExample:
    """Four operations of one key that contradict each other; one of them stayed open."""
    rows = (
        EvidenceOp(812, 4, "write", "k3", 3, None, "ok", at(6.214), at(6.2189), "n1", None, "write 3"),
        EvidenceOp(977, 7, "write", "k3", 7, None, "ok", at(9.8811), at(9.8874), "n2", None, "write 7"),
        EvidenceOp(981, 2, "read", "k3", None, 3, "ok", at(9.9022), at(9.9038), "n1", None, "read → 3"),
        EvidenceOp(
            975,
            12,
            "cas",
            "k3",
            [3, 9],
            None,
            "info",
            at(9.8802),
            None,
            "n1",
            "timed out after 1000 ms",
            "cas 3→9 → ?",
        ),
    )
    return CounterExample(
        "k3",
        "cas-register",
        "nil",
        tuple(sorted(rows, key=lambda op: op.call_ns)),
        (PlacedStep(812, "3"), PlacedStep(975, "9"), PlacedStep(977, "7")),
        (StuckOp(981, "reads 3, but the state is 7"),),
        221,
    )


def stale_read() -> RunRecord:
    """Primary-backup: the old primary, cut off, answers a read after the new one has acknowledged a write."""
    nodes = ("n1", "n2", "n3")
    faults = [
        fault(1, "partition", ("n1",), "cut n1 (primary) from n2, n3; clients still reach it", 8, 16),
        fault(2, "pause", ("n3",), "pause n3", 19, 21, "indeterminate"),
    ]
    ops = operations(99, 1800, 24, nodes, [(8, 8.7)])
    found = stale_read_example()
    sentence = (
        "Key k3: process 2 read 3 from n1 at 9.902 s, although process 7's write of 7, acknowledged by "
        "n2 at 9.887 s, had already replaced it, and nothing wrote 3 again."
    )
    claims = (
        ClaimResult(
            "linearizable register",
            PROMISE,
            Invalid(1800, sentence, found, ("k3",), ("7 keys hold",), "dfs", "not-linearizable"),
            0.84,
            False,
        ),
        ClaimResult(
            "recovers", "an operation succeeds within 10 s of the final heal", Valid(1800), 0.001, None
        ),
    )
    changed = card(
        run_id="2026-03-14T02-31-55-primary-backup-99",
        system="primary-backup",
        seed=99,
        nodes=nodes,
        outcome="anomaly",
        expect="anomaly",
        exit_code=0,
        end_ns=at(24),
        heal_ns=at(24.1),
        faults_planned=2,
        replay="splitbrain run primary-backup --workload register --nodes 3 --seed 99 --expect anomaly",
    )
    roles = roles_of([(0.01, 1, "n1"), (8.9, 2, "n2")], nodes, ("primary", "backup"))
    return RunRecord(changed, History.of(ops, faults), claims, roles)


def unexpected() -> RunRecord:
    """The same anomaly where none was expected."""
    record = stale_read()
    changed = msgspec.structs.replace(record.card, expect="valid", as_expected=False, exit_code=1)
    return RunRecord(changed, record.history, record.claims, record.roles)


def inconclusive() -> RunRecord:
    """No fault landed, and the checker ran into its limit."""
    faults = [
        fault(1, "partition", ("n1",), "cut n1 from n2, n3", 5, 9, "skipped"),
        Disturbance(2, "kill", ("n2",), "kill n2", at(12)),
    ]
    changed = card(
        outcome="inconclusive",
        as_expected=False,
        exit_code=2,
        faults_planned=3,
        recovery_s=None,
        reasons=(
            "None of the 3 planned faults was installed.",
            "The checker reached its limit of 10,000,000 steps.",
        ),
    )
    claims = (ClaimResult("linearizable register", PROMISE, Unknown("step limit reached", 60), 10.0, True),)
    return RunRecord(changed, History.of(operations(5, 60, 60, ("n1", "n2", "n3"), []), faults), claims, ())


def failed_setup() -> RunRecord:
    """A run that never got a workload."""
    error = "n2 did not listen on 10.7.0.2:7000 within 20 s; its last line was: bind: address already in use"
    changed = card(
        outcome="failed",
        as_expected=False,
        exit_code=3,
        reasons=(f"Set-up failed: {error}", "Free the port or choose another with -o port=7100."),
        start_ns=0,
        end_ns=0,
        heal_ns=None,
        recovery_s=None,
        first_ok_s=None,
        phases=(PhaseTime("setup", 20.4, error), PhaseTime("teardown", 0.4)),
    )
    return RunRecord(changed, History.of([]), (), ())


def interrupted() -> RunRecord:
    """Ctrl-C in the middle of the workload: what was seen until then is kept, nothing was judged."""
    nodes = ("n1", "n2", "n3", "n4", "n5")
    changed = card(
        outcome="interrupted",
        as_expected=False,
        exit_code=130,
        end_ns=at(19.3),
        heal_ns=at(19.4),
        recovery_s=None,
        reasons=("Interrupted by SIGINT 19.3 s into the workload.",),
        phases=(
            PhaseTime("setup", 3.9),
            PhaseTime("workload", 19.3, "interrupted"),
            PhaseTime("teardown", 0.5),
        ),
    )
    faults = [
        fault(1, "partition", ("n1", "n2"), "cut n1, n2 from n3, n4, n5", 6, 14),
        fault(2, "kill", ("n3",), "kill n3", 17, None),
    ]
    history = History.of(operations(4711, 1900, 19.3, nodes, [(6, 6.8)]), faults)
    return RunRecord(
        changed, history, (), roles_of([(0.01, 1, "n1"), (6.4, 2, "n3")], nodes, ("leader", "follower"))
    )


ALL = {
    "valid": valid_raft,
    "anomaly-expected": stale_read,
    "anomaly-unexpected": unexpected,
    "inconclusive": inconclusive,
    "failed": failed_setup,
    "interrupted": interrupted,
}
