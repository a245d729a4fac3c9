"""How much the oracles do. Without settings they take about a minute and a half in all; a night's worth is

    SPLITBRAIN_ORACLE_CASES=200000 SPLITBRAIN_ORACLE_LONG=2000 pytest -n 2 tests/oracles --timeout=7200

SPLITBRAIN_ORACLE_CASES: small histories against brute force, all specifications together; a fortieth of it
is the number of seeds of mid-size histories (each gives one to several) and of counter-examples.
SPLITBRAIN_ORACLE_LONG: long histories; from 1,000 on they have up to 100,000 operations, otherwise up to
10,000. SPLITBRAIN_LINCHECK_JIT=off (the checker's own switch) judges with the plain kernel.
"""

from __future__ import annotations

import os

CASES = int(os.environ.get("SPLITBRAIN_ORACLE_CASES", "6000"))
MIDSIZE = max(CASES // 40, 150)
LONG = int(os.environ.get("SPLITBRAIN_ORACLE_LONG", "40"))
LONGEST = 100_000 if LONG >= 1_000 else 10_000
