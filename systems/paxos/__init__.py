"""Multi-Paxos."""
