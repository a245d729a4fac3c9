"""A peer's options, read once from the `-o key=value` pairs."""

from __future__ import annotations

from dataclasses import dataclass

from systems.core import MILLISECOND_NS, CoreConfig


@dataclass(frozen=True, slots=True)
class Options:
    """Times in ns. resend_ns: between two attempts to reach a peer that has not answered. patience_ns: for a
    majority to answer a question. gossip_ns: between two exchanges that a peer begins, on average. bug: a
    name of `systems.p2p.bugs.BUGS`, or "" for none.
    """

    resend_ns: int
    patience_ns: int
    gossip_ns: int
    bug: str

    @classmethod
    def of(cls, config: CoreConfig) -> Options:
        """Read `config.options`: resend_ms 50, patience_ms 400, gossip_ms 100, bug ""."""
        given = config.options
        return cls(
            resend_ns=int(given.get("resend_ms", "50")) * MILLISECOND_NS,
            patience_ns=int(given.get("patience_ms", "400")) * MILLISECOND_NS,
            gossip_ns=int(given.get("gossip_ms", "100")) * MILLISECOND_NS,
            bug=given.get("bug", ""),
        )
