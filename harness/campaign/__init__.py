"""Nightly campaigns: what a file describes, carried out run by run, and what is new of it in the morning."""
