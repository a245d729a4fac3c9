"""What is done to a cluster, as values: faults, their targets, their plan, and what they mean on Linux.

Invariants: imports nothing else of the project; nothing here is executed, every function is pure.
"""
