"""Links between nodes, and between nodes and clients, as values.

Invariants: a link is directed; every result is sorted and free of doubles, so equal sets of links are equal
tuples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nemeses.faults import CLIENTS, Link

Links = tuple[Link, ...]


def node_links(nodes: Sequence[str]) -> Links:
    """Every directed link between two different nodes."""
    return tuple(sorted({Link(a, b) for a in nodes for b in nodes if a != b}))


def client_links(nodes: Sequence[str]) -> Links:
    """Both directions between the clients and each of `nodes`."""
    return between([CLIENTS], nodes)


def all_links(nodes: Sequence[str]) -> Links:
    """Every directed link of the cluster, those of the clients included."""
    return tuple(sorted({*node_links(nodes), *client_links(nodes)}))


def one_way(sources: Iterable[str], targets: Iterable[str]) -> Links:
    """From each source to each other target, not back."""
    targets = tuple(targets)
    return tuple(sorted({Link(s, t) for s in sources for t in targets if s != t}))


def between(group: Iterable[str], other: Iterable[str]) -> Links:
    """Both directions between two groups."""
    group, other = tuple(group), tuple(other)
    return tuple(sorted({*one_way(group, other), *one_way(other, group)}))


def is_symmetric(links: Iterable[Link]) -> bool:
    """Whether each link's opposite is among them."""
    present = set(links)
    return all(Link(link.target, link.source) in present for link in present)


def muted(links: Iterable[Link]) -> Mapping[str, tuple[str, ...]]:
    """Receiver -> the sources it no longer hears, sorted."""
    sources: dict[str, list[str]] = {}
    for link in sorted(set(links)):
        sources.setdefault(link.target, []).append(link.source)
    return {target: tuple(sources[target]) for target in sorted(sources)}


def heard(node: str, nodes: Sequence[str], links: Iterable[Link]) -> frozenset[str]:
    """The nodes that `node` exchanges packets with both ways, itself included, when `links` are cut."""
    cut = set(links)
    return frozenset(o for o in nodes if o == node or not {Link(o, node), Link(node, o)} & cut)
