"""Peers of equal weight: registers by quorums (linearizable) or by gossip (all the same in the end)."""
