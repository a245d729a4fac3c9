"""What a person reads after a run: one folder per run, one HTML page, one screen of text.

Invariants: draws and archives, never judges; only `reports.archive` touches disk.
"""
