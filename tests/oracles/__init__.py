"""Every clever thing against a dumb one.

    pytest -n 2 tests/oracles                   # CI's share
    SPLITBRAIN_ORACLE_CASES=200000 SPLITBRAIN_ORACLE_LONG=2000 pytest -n 2 tests/oracles --timeout=7200
    SPLITBRAIN_LINCHECK_JIT=off pytest -n 2 tests/oracles          # with the plain kernel

Judges: `orders` (all orders), `exact` (with a memory), `ghosts` (counter-examples). Histories: `small`,
`midsize`, `padding`, `blocks`, `long`, `plant`, `crafted`. Against the checker: `attack` (its docstring has
one-liners), `hunt`, `mutations`.
"""
