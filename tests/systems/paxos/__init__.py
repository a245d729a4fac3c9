"""Tests of the Multi-Paxos core."""
