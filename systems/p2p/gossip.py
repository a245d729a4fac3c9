"""Mode gossip: every peer answers by itself and tells the others by anti-entropy.

After Demers et al., "Epidemic Algorithms for Replicated Database Maintenance" (1987): from time to time each
peer picks another by chance and the two exchange digests, then what either lacks (section 1.3, anti-entropy,
push-pull). Deletes leave death certificates (section 2), which are kept for ever here: no time is long enough
for a peer that may be away for longer.

What holds: once messages get through, all peers come to hold the same and answer the same (the laws of
`systems.p2p.versions`); what a delete removed never comes back, since its event has seen it; what was
acknowledged is on the disk of the peer that said so, until a later event that has seen it replaces it.
What does not: a read may be old; of writes that did not know of each other one hides the others, and the next
write or delete, which has seen them all, ends them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from systems import kv
from systems.core import CoreConfig, Effect, Event, Receive, Request, Start, TimerFired
from systems.p2p.messages import Command, Delete, Digest, Held, Item, Items, Record, Vector, Version
from systems.p2p.notes import Notes
from systems.p2p.options import Options
from systems.p2p.versions import NOTHING, changed, covers, join, ordered, settled, united

BATCH = 500  # most items in one message; the rest follows in a later exchange
_EXPIRY_NS = 600_000_000


class GossipCore:
    """One peer in mode gossip. items: what it knows, by key."""

    def __init__(self, config: CoreConfig, records: Sequence[Record]) -> None:
        self.config = config
        self.items: dict[str, Item] = {}
        self._options = Options.of(config)
        self._bug = self._options.bug
        self.outbox = Notes(bug=self._bug)
        self._counts: dict[str, int] = {}  # `dot-reused`: events of this incarnation
        self._buried_ns: dict[str, int] = {}  # `tombstone-expires`: since when a key is deleted
        for record in records:
            if isinstance(record, Held):
                self.items[record.key] = record.item
                self.outbox.restored(record.key, record)

    def step(self, event: Event) -> list[Effect]:
        """Take one event; the effects are to be performed in order."""
        match event:
            case Receive(sender, Digest(known)):
                self._compare(sender, known)
            case Receive(sender, Items(items, wanted)):
                self._learn(items)
                self._tell(sender, [key for key in wanted if key in self.items], ())
            case Request(request_id, command):
                self.outbox.reply(request_id, self._perform(command))
            case TimerFired("gossip", draw):
                self._forget(event.now_ns)
                self._gossip(draw)
            case TimerFired("flush"):
                self.outbox.flush()
            case Start():
                self.outbox.set_timer("gossip", 0, self._options.gossip_ns)
        return self.outbox.take_effects()

    # Clients

    def _perform(self, command: Command) -> kv.Result:
        item = self.items.get(command.key, NOTHING)
        match command:
            case kv.Read():
                return kv.Ok(settled(item))
            case kv.Write(key, value):
                self._hold(key, self._changed(key, item, value))
                return kv.Ok()
            case Delete(key):
                if any(not version.gone for version in item.versions):
                    self._bury(key, item)
                return kv.Ok(settled(item))
        return kv.Refused("a peer knows read, write and delete")

    def _changed(self, key: str, item: Item, value: kv.Value) -> Item:
        if self._bug != "dot-reused":
            return changed(item, self.config.name, value)
        name, count = self.config.name, self._counts.get(key, 0) + 1
        self._counts[key] = count
        return Item(united(item.known, {name: count}), (Version(count, name, value),))

    def _bury(self, key: str, item: Item) -> None:
        """Delete: a tombstone takes the place of every version that is known."""
        gone = NOTHING if self._bug == "resurrect" else changed(item, self.config.name, None, gone=True)
        self._hold(key, gone)

    def _hold(self, key: str, item: Item) -> None:
        self.items[key] = item
        self.outbox.keep(key, Held(key, item))

    # Peers

    def _gossip(self, draw: int) -> None:
        """Begin an exchange with a peer that chance picks."""
        pause = self._options.gossip_ns
        self.outbox.set_timer("gossip", pause // 2, pause + pause // 2)
        if self.config.peers:
            peer = self.config.peers[draw % len(self.config.peers)]
            self.outbox.send(peer, Digest({key: item.known for key, item in self.items.items()}))

    def _compare(self, sender: str, known: Mapping[str, Vector]) -> None:
        """Send what the sender lacks (push), ask for what is lacking here (pull)."""
        lacking = [key for key, item in self.items.items() if not covers(known.get(key, {}), item.known)]
        wanted = [k for k, v in known.items() if not covers(self.items.get(k, NOTHING).known, v)]
        self._tell(sender, lacking, wanted)

    def _tell(self, peer: str, keys: Sequence[str], wanted: Sequence[str]) -> None:
        if keys or wanted:
            items = {key: self.items[key] for key in islice(keys, BATCH)}
            self.outbox.send(peer, Items(items, tuple(wanted[:BATCH])))

    def _learn(self, items: Mapping[str, Item]) -> None:
        for key, theirs in items.items():
            ours = self.items.get(key, NOTHING)
            if not covers(ours.known, theirs.known):
                self._hold(key, self._joined(ours, theirs))

    def _joined(self, ours: Item, theirs: Item) -> Item:
        joined = join(ours, theirs)
        if self._bug == "gossip-drops" and ours.versions and not covers(theirs.known, ours.known):
            return Item(joined.known, ours.versions)
        return joined if self._bug == "lww-by-arrival" else ordered(joined)

    def _forget(self, now_ns: int) -> None:
        """`tombstone-expires`: forget what was deleted a while ago."""
        if self._bug != "tombstone-expires":
            return
        for key, item in tuple(self.items.items()):
            if not item.versions or not all(version.gone for version in item.versions):
                self._buried_ns.pop(key, None)
            elif now_ns - self._buried_ns.setdefault(key, now_ns) > _EXPIRY_NS:
                self._hold(key, NOTHING)
