"""What can be wrong with what was asked of a nemesis."""

from __future__ import annotations


class NemesisError(ValueError):
    """A name, shape, target, plan or view that cannot be used; the message says which, and what can be."""
