"""One history on one page: a self-contained HTML file with the operations, an order of them, and what does
not fit.

    text = render_verdict(history, verdict, model, "history.jsonl")

`checkers.lincheck.porcupine` draws its histories with the same `Page` and the same code.

Invariants: pure (text in, text out); no network, no other file; whatever stands in a history is shown and
escaped, never interpreted; without JavaScript the page still has the verdict, the words and a table.
"""

from __future__ import annotations

from checkers.lincheck.page.drawing import Bar, Note, Page, Part, stuck_after
from checkers.lincheck.page.html import render
from checkers.lincheck.page.verdicts import render_verdict

__all__ = ["Bar", "Note", "Page", "Part", "render", "render_verdict", "stuck_after"]
