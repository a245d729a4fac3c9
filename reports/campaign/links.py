"""Links from a night's page to the pages of its runs.

Laws: what is returned is a relative path of ASCII, or "": it can name no scheme, no other machine and no
place outside the tree by a root; so no link of the page leaves the machine, whatever a store says.
"""

from __future__ import annotations

from urllib.parse import quote

_AS_THEY_ARE = "/#%?=&+,;@!$()*-._~"
MOST_CHARACTERS = 1000


def relative(link: str) -> str:
    """`link` as it may stand in href, "" if it is no relative path."""
    head = link.split("/", 1)[0]
    wrong = not link or len(link) > MOST_CHARACTERS or link.startswith(("/", "#", "?")) or ":" in head
    if wrong or "\\" in link or not link.isprintable():
        return ""
    return quote(link, safe=_AS_THEY_ARE)
