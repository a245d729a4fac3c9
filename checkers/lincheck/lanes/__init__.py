"""Fast lanes: deciders for classes of histories that need no search.

zones: registers whose values are written once. queues: FIFO queues and bags of distinct values. sets: sets
with add, remove and contains, and sets that only grow. counters: counters, and fetch-and-add.

Invariants: over integer columns, pure; exact: each module's docstring argues why. A lane answers legal,
illegal or "not my class" (None), and never guesses.
"""
