"""Peers: the rules of their papers, their client, many seeds of chaos."""
