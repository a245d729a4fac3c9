"""Strangers' text inside Markdown as GitHub reads it: seen as it is, and nothing more.

Laws: what is returned is one line, and read as Markdown it is that text again: it opens no tag, link, image,
list, table cell, code, formula or emphasis, mentions nobody, refers to no issue, and no address in it becomes
a link. Punctuation that Markdown reads is written as a character reference, which never counts as structure;
what a host looks for after that, in finished text (@name, #1, an address, :smile:), is cut in two by `<wbr>`,
which shows nothing and is not copied.
"""

from __future__ import annotations

import re

from reports.words import clip, one_line

_STRUCTURE = re.compile(r"[&<>|`*_\[\]!#~\\@$^{}]")
_CUT = re.compile(r"&#(?:35|64);(?=\S)|:(?=\S)|(?<=[wW]{3})\.|(?<=\b[gG][hH])-(?=\d)")
_FIRST = re.compile(r"^(\d*)([.)](?=\s|$)|(?<!\d)[-+=])")


def inert(text: str, limit: int = 300) -> str:
    """`text` in one line, clipped, harmless wherever a line of Markdown has its text."""
    plain = clip(one_line(text), limit)
    referred = _STRUCTURE.sub(lambda found: _reference(found[0]), plain)
    cut = _CUT.sub(lambda found: _reference(found[0]) + "<wbr>", referred)
    return _FIRST.sub(lambda found: found[1] + _reference(found[2]), cut)  # marks of lists and rules


def _reference(found: str) -> str:
    return found if found.startswith("&#") else f"&#{ord(found)};"


def code(text: str, limit: int = 300) -> str:
    """`text` in a monospace face, "–" if there is none. A host that looks for names and hashes leaves it
    alone.
    """
    told = inert(text, limit)
    return f"<code>{told}</code>" if told else "–"


def row(cells: list[str]) -> str:
    """A row of a table, of what is already inert."""
    return f"| {' | '.join(cell or '–' for cell in cells)} |"


def head(names: list[str]) -> list[str]:
    """The two lines that begin a table; a name that ends in ":" is of numbers, which stand right."""
    plain = [name.removesuffix(":") for name in names]
    rules = ["---:" if name.endswith(":") else "---" for name in names]
    return [row(plain), row(rules)]
