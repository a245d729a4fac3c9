"""What `checkers.lincheck` costs, beside what Porcupine needed for the same: `python -m benchmarks.lincheck`.

Invariants: one core; search time in the process, parsing excluded, unless a heading says otherwise; every
verdict is compared with the known one. Machines differ: ratios are worth quoting, milliseconds are not.
"""
