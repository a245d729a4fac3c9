"""What was seen and whether it was right: histories, verdicts and the checkers that lead from one to the
other.

Invariants: imports nothing else of the project; touches no clock, socket, thread, process or file.
"""
