"""Multi-Paxos nodes in a given state, for the paper tests."""

from __future__ import annotations

from collections.abc import Sequence

from systems import kv
from systems.core import Effect
from systems.paxos.core import PaxosCore
from systems.paxos.messages import Accepted, Ballot, Obeyed, Prepare, Promise, Record, Value, Vote
from tests.systems.lone_node import THREE, LoneNode, sent


def b(number: int, node: str = "n2") -> Ballot:
    return Ballot(number, node)


def write(value: int) -> kv.Write:
    return kv.Write("k", value)


def node_with(records: Sequence[Record], members: tuple[str, ...] = THREE) -> LoneNode:
    """A node that restarts on these records."""
    node = LoneNode(PaxosCore, members=members)
    node.records = list(records)
    node.restart()
    return node


def paxos(node: LoneNode) -> PaxosCore:
    assert isinstance(node.core, PaxosCore)
    return node.core


def stand(node: LoneNode) -> Prepare:
    """Let it time out; what it asks for."""
    asked = sent(node.fire("election"))
    assert asked
    request = asked[0]
    assert isinstance(request, Prepare)
    assert asked == [request] * len(paxos(node).site.peers)
    return request


def elect(node: LoneNode, votes: Sequence[Vote] = ()) -> list[Effect]:
    """Let it win phase 1; the first other to promise reports `votes`. The effects of the last step."""
    request = stand(node)
    effects: list[Effect] = []
    for number, peer in enumerate(paxos(node).site.peers[: paxos(node).site.options.quorum - 1]):
        reported = tuple(votes) if number == 0 else ()
        effects = node.hear(peer, Promise(request.ballot, request.first, reported, 0))
    assert paxos(node).role == "leader"
    return effects


def leader(members: tuple[str, ...] = THREE) -> LoneNode:
    node = LoneNode(PaxosCore, members=members)
    elect(node)
    return node


def ballot(node: LoneNode) -> Ballot:
    return paxos(node).proposer.ballot


def voted(node: LoneNode, first: int, count: int = 1) -> Accepted:
    return Accepted(ballot(node), first, count)


def obeyed(node: LoneNode, round_: int) -> Obeyed:
    return Obeyed(ballot(node), round_)


def known(node: LoneNode) -> list[Value]:
    return paxos(node).site.learner.values
