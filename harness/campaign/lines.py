"""In which line of a TOML file something stands: the parser keeps no positions.

Invariants: pure; found by looking for the key below its table's head, so a file in which keys are written in
unusual ways may be answered with the table's line, never with none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile


def line_of(text: str, where: Sequence[int | str]) -> int:
    """The line, from 1 on, of what stands at `where`; that of its table if the key is not found."""
    lines = [_uncommented(line) for line in text.splitlines()]
    if not where:
        return 1
    table, number = str(where[0]), where[1] if len(where) > 1 and isinstance(where[1], int) else 0
    heads = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[?\s*{re.escape(table)}\s*\]", line)]
    outside = takewhile(lambda line: not re.match(r"\s*\[", line), lines)
    inline = (n for n, line in enumerate(outside) if re.match(rf"\s*{re.escape(table)}\s*=", line))
    start = heads[number] if number < len(heads) else next(inline, 0)
    left = 0 if heads else number  # of an inline table: its brothers before it have such a key too
    last = next((str(part) for part in reversed(where) if isinstance(part, str)), table)
    found = start
    for n in range(start, len(lines)):
        own = (n == start and heads) or re.match(rf"\s*\[\s*{re.escape(table)}\s*\.", lines[n])
        if not own and re.match(r"\s*\[", lines[n]):
            break
        if keys := re.findall(rf'(?:^|[,{{.\[])\s*"?{re.escape(last)}"?\s*=', lines[n]):
            found, left = n, left - len(keys)
            if left < 0:
                break
    return found + 1


def _uncommented(line: str) -> str:
    found = re.match(r'(?:[^"#]|"[^"]*")*', line)
    return found[0] if found else line
