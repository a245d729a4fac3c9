"""Version vectors, and what becomes of two peers' knowledge of one key.

After Parker et al., "Detection of Mutual Inconsistency in Distributed Systems" (1983), with each version's
own event beside the vector, as in Preguica et al., "Dotted Version Vectors" (2010): so one vector serves all
the concurrent versions of a key.

Laws of an `Item` (`known`, `versions`):
- `known[n] == c` says that the first `c` events of node n at this key are known, each as a version or as one
  that a known later event had seen. An event is a write or a delete, and has seen what its node knew then.
- Hence `versions` follows from `known`: these are the events that no other known one has seen. Two items with
  equal vectors are equal.
- `join` is commutative, associative and idempotent, so peers that know the same events hold the same
  whatever the messages went through.
"""

from __future__ import annotations

from systems import kv
from systems.p2p.messages import Item, Vector, Version

NOTHING = Item()


def covers(known: Vector, other: Vector) -> bool:
    """Whether everything `other` knows is known here."""
    return all(known.get(node, 0) >= count for node, count in other.items())


def has_seen(known: Vector, version: Version) -> bool:
    """Whether the event of `version` is among those known."""
    return known.get(version.node, 0) >= version.count


def united(one: Vector, other: Vector) -> Vector:
    """What both know together."""
    return {node: max(one.get(node, 0), other.get(node, 0)) for node in sorted({*one, *other})}


def join(ours: Item, theirs: Item) -> Item:
    """What is known when both tell each other: a version stays if both have it, or the other has not heard of
    it.
    """
    kept = [v for v in ours.versions if v in theirs.versions or not has_seen(theirs.known, v)]
    new = [v for v in theirs.versions if not has_seen(ours.known, v)]
    return Item(united(ours.known, theirs.known), tuple(kept + new))


def ordered(item: Item) -> Item:
    """The same with its versions in the order that settles conflicts: by count, then by node."""
    return Item(item.known, tuple(sorted(item.versions, key=lambda v: (v.count, v.node))))


def changed(item: Item, node: str, value: kv.Value, *, gone: bool = False) -> Item:
    """After an event of `node` that has seen all of `item`."""
    count = item.known.get(node, 0) + 1
    return Item({**item.known, node: count}, (Version(count, node, value, gone),))


def settled(item: Item) -> kv.Value:
    """The one value that a reader gets: the last one in order that is no tombstone; None if there is none."""
    return next((v.value for v in reversed(item.versions) if not v.gone), None)
