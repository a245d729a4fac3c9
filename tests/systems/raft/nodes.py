"""Raft nodes in a given state, for the paper tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from systems import kv
from systems.raft.core import RaftCore
from systems.raft.messages import (
    Append,
    AppendReply,
    Do,
    Entry,
    HardState,
    Noop,
    VoteReply,
)
from tests.systems.lone_node import THREE, LoneNode


def node_with(
    log: Sequence[int],
    term: int,
    members: tuple[str, ...] = THREE,
    options: Mapping[str, str] | None = None,
) -> LoneNode:
    """A follower in `term` whose log has entries of these terms."""
    node = LoneNode(RaftCore, members=members, options=options)
    node.records = [HardState(term, None), Append(1, tuple(Entry(t, Noop()) for t in log))]
    node.restart()
    return node


def elect(node: LoneNode) -> None:
    """Let it time out and win both rounds of votes."""
    core = raft(node)
    peers = core.replica.config.peers[: core.replica.config.majority - 1]
    node.fire("election")
    if core.role == "follower":
        node.fire("election")  # the first one ended its promise to a leader
    for pre in (True, False):
        for peer in peers:
            node.hear(peer, VoteReply(core.replica.term + pre, True, pre))
    assert core.role == "leader"


def leader(
    log: Sequence[int] = (),
    term: int = 0,
    members: tuple[str, ...] = THREE,
    options: Mapping[str, str] | None = None,
) -> LoneNode:
    node = node_with(log, term, members, options)
    elect(node)
    return node


def raft(node: LoneNode) -> RaftCore:
    assert isinstance(node.core, RaftCore)
    return node.core


def stored(node: LoneNode, index: int, round_: int = 0, sent_ns: int = 0) -> AppendReply:
    return AppendReply(raft(node).replica.term, True, index, 0, round_, sent_ns)


def settled_leader(members: tuple[str, ...] = THREE, options: Mapping[str, str] | None = None) -> LoneNode:
    """A leader whose no-op is committed, with nothing under way to those whom that took."""
    node = leader(members=members, options=options)
    for peer in members[1 : len(members) // 2 + 1]:
        node.hear(peer, stored(node, 1))
    return node


def write(session: int, sequence: int, value: int) -> Do:
    return Do(session, sequence, kv.Write("k", value))
