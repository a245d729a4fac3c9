"""Bisect: the commit of a system that brought a fingerprint."""
