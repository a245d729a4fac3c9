"""An answer that is no success.

Invariant: its words are for a person who does not know this program.
"""

from __future__ import annotations


class Refused(Exception):
    """An answer that is no success, in words."""
